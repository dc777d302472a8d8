//! The roles: everything that a theme can colour, by what it means. Views ask for roles and never for colours.

use crate::domain::account::AccountColour;
use crate::kit::effect::Level;
use crate::kit::table::Tone;

/// Declares the roles: the enum, all of them in order, their names in theme files, and what they are for.
macro_rules! roles { ($( $role:ident = $name:literal, $what:literal; )*) => {
    /// What a piece of the screen means.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Role { $( #[doc = $what] $role ),* }

    impl Role {
        /// Every role, in the order of the table.
        pub const ALL: &'static [Self] = &[$(Self::$role),*];

        /// How many there are.
        pub const COUNT: usize = Self::ALL.len();

        /// Its name in theme files.
        pub const fn name(self) -> &'static str {
            match self { $( Self::$role => $name ),* }
        }

        /// What it is for.
        pub const fn what(self) -> &'static str {
            match self { $( Self::$role => $what ),* }
        }
    }
} }

roles! {
    Text = "text", "Ordinary text, and the ground of the whole screen";
    Muted = "muted", "Less important text";
    Title = "title", "The program's name, titles of windows and sections";
    Label = "label", "The name of a value";
    Rule = "rule", "Lines between the parts of the screen";
    Account = "account", "The account's id and alias in the header";
    BadgeReadOnly = "badge.read-only", "The mark that nothing can be changed";
    BadgeDemo = "badge.demo", "The mark that everything on the screen is made up";
    Tab = "tab", "A pane that is not shown";
    TabActive = "tab.active", "The pane that is shown";
    TabFault = "tab.fault", "The mark of a pane that could not read everything";
    Heading = "heading", "Names of columns";
    HeadingSorted = "heading.sorted", "The name of the column that orders the list";
    RowSelected = "row.selected", "The selected row";
    RowUnfocused = "row.unfocused", "The selected row while the keys go elsewhere";
    Status = "status", "The line that says what the list shows";
    Key = "key", "A key in the footer and in help";
    Field = "field", "A line of text being typed";
    Cursor = "cursor", "The place in it where the next character goes";
    Match = "match", "What a search found";
    MatchHere = "match.here", "The match on which the search stands";
    Window = "window", "The ground of help, palette and menus";
    NoticeInfo = "notice.info", "A toast that is good to know";
    NoticeWarning = "notice.warning", "A toast that something is not as asked";
    NoticeError = "notice.error", "A toast that something failed";
    Good = "good", "As it should be";
    Warning = "warning", "Wants attention";
    Bad = "bad", "Wrong";
    Low = "severity.low", "Severity low";
    Medium = "severity.medium", "Severity medium";
    High = "severity.high", "Severity high";
    Critical = "severity.critical", "Severity critical";
    Unknown = "state.unknown", "Nobody knows";
    Denied = "state.denied", "AWS refused to say";
    Loading = "state.loading", "On its way";
    Stale = "state.stale", "True once, perhaps not now";
    JsonKey = "json.key", "A member's name in a raw record";
    JsonText = "json.text", "A string in a raw record";
    JsonOther = "json.other", "A number, true, false or null in a raw record";
    BadgeArmed = "badge.armed", "The mark that something can be changed, and for how long";
    Button = "button", "A button of a dialog";
    ButtonFocused = "button.focused", "The button that the enter key presses";
    AccountRed = "account.red", "An account that the configuration marks red: production";
    AccountYellow = "account.yellow", "An account that the configuration marks yellow: take care";
    AccountGreen = "account.green", "An account that the configuration marks green: anything goes";
    AccountBlue = "account.blue", "An account that the configuration marks blue";
}

impl From<Tone> for Role {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Plain => Self::Text,
            Tone::Muted => Self::Muted,
            Tone::Good => Self::Good,
            Tone::Warning => Self::Warning,
            Tone::Bad => Self::Bad,
            Tone::Low => Self::Low,
            Tone::Medium => Self::Medium,
            Tone::High => Self::High,
            Tone::Critical => Self::Critical,
            Tone::Unknown => Self::Unknown,
            Tone::Denied => Self::Denied,
            Tone::Loading => Self::Loading,
            Tone::Stale => Self::Stale,
            Tone::Narrowed => Self::Key,
        }
    }
}

impl From<AccountColour> for Role {
    fn from(colour: AccountColour) -> Self {
        match colour {
            AccountColour::Red => Self::AccountRed,
            AccountColour::Yellow => Self::AccountYellow,
            AccountColour::Green => Self::AccountGreen,
            AccountColour::Blue => Self::AccountBlue,
        }
    }
}

impl From<Level> for Role {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => Self::NoticeInfo,
            Level::Warning => Self::NoticeWarning,
            Level::Error => Self::NoticeError,
        }
    }
}
