//! How many colours the terminal shows. What the environment says is read at the edge and arrives here as data.

/// What the environment says about the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// `NO_COLOR` is set and not empty (<https://no-color.org>).
    pub no_color: bool,
    /// `FORCE_COLOR` is set and neither empty nor `0`.
    pub force_color: bool,
    /// `TERM`.
    pub term: String,
    /// `COLORTERM`.
    pub colorterm: String,
    /// `LC_ALL`, else `LC_CTYPE`, else `LANG`: which characters can be shown.
    pub locale: String,
}

/// How many colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: bold, dim, underlined and reversed must do.
    Mono,
    /// The sixteen of ANSI.
    Sixteen,
    /// 256.
    Indexed,
    /// 24 bits.
    True,
}

impl Depth {
    /// What this terminal shows.
    pub fn of(surroundings: &Surroundings) -> Self {
        let Surroundings { no_color, force_color, term, colorterm, .. } = surroundings;
        let found = if colorterm == "truecolor" || colorterm == "24bit" || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color")
            || ["alacritty", "xterm-kitty", "xterm-ghostty", "wezterm", "foot"].contains(&term.as_str())
        {
            Self::Indexed
        } else if term == "dumb" || term.is_empty() || term.starts_with("vt") {
            Self::Mono
        } else {
            Self::Sixteen
        };
        match found {
            _ if *no_color => Self::Mono,
            Self::Mono if *force_color => Self::Sixteen,
            found => found,
        }
    }
}

/// Whether signs beyond ASCII can be shown.
pub(super) fn shows_unicode(surroundings: &Surroundings) -> bool {
    let locale = surroundings.locale.to_ascii_lowercase();
    let plain = locale == "c" || locale == "posix" || (locale.contains('.') && !locale.contains("utf"));
    !plain && surroundings.term != "dumb" && surroundings.term != "linux"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(term: &str, colorterm: &str, no_color: bool, force_color: bool) -> Depth {
        let locale = String::new();
        Depth::of(&Surroundings { no_color, force_color, term: term.into(), colorterm: colorterm.into(), locale })
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(depth("xterm-256color", "truecolor", false, false), Depth::True);
        assert_eq!(depth("tmux-256color", "", false, false), Depth::Indexed);
        assert_eq!(depth("linux", "", false, false), Depth::Sixteen);
        assert_eq!(depth("dumb", "", false, false), Depth::Mono);
        assert_eq!(depth("dumb", "", false, true), Depth::Sixteen);
        assert_eq!(depth("xterm-256color", "truecolor", true, true), Depth::Mono);
    }
}
