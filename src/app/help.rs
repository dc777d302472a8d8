//! What can be done here, made from the actions' tables and the keymap in force: the help window, the footer, and `docs/keys.md`.

use crate::kit::action::{Availability, Spec};
use crate::kit::document::{Document, Line};
use crate::kit::keymap::{Keymap, Resolution, ScopeName, show_sequence};
use crate::kit::table::Tone;

/// Columns of the keys in the help window.
const KEYS: usize = 18;

/// Actions that move: everybody finds them, and the footer has no room.
const QUIET: [&str; 12] = [
    "down",
    "up",
    "half-down",
    "half-up",
    "page-down",
    "page-up",
    "top",
    "bottom",
    "left",
    "right",
    "sort-next",
    "sort-previous",
];

/// What a scope is called in headings.
fn title(scope: ScopeName) -> String {
    match scope {
        "app" => "Everywhere".into(),
        "list" => "In every list".into(),
        "text" => "Where text is read".into(),
        "overlay" => "In this window".into(),
        "menu" => "Where something is chosen".into(),
        "confirm" => "Where a change is confirmed".into(),
        "field" => "Where text is typed".into(),
        "shell" => "Where a shell is shown".into(),
        "terminal" => "Commands to the console, in a shell".into(),
        "replay" => "Where a recording is played".into(),
        "scrollback" => "Where a shell's screen is held still".into(),
        pane => {
            let mut letters = pane.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            format!("{}{}", first.unwrap_or_default(), letters.as_str())
        }
    }
}

/// The help for these scopes, innermost first, with the reason beside each action that cannot be done now.
pub fn document(keymap: &Keymap, scopes: &[ScopeName], available: &dyn Fn(&str) -> Availability) -> Document {
    let mut lines = Vec::new();
    for scope in scopes {
        let actions: Vec<Spec> = keymap.catalogue().specs().filter(|spec| spec.scope == *scope).collect();
        if actions.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::heading(title(scope)));
        for spec in actions {
            let keys = keymap.keys_for(spec.id).join(", ");
            let line = Line::labelled(&keys, KEYS, spec.help, Tone::Plain);
            lines.push(match available(spec.id) {
                Availability::Ready => line,
                Availability::Unavailable(reason) => line.with(&format!("  ({reason})"), Tone::Muted),
            });
        }
    }
    Document::detail(lines)
}

/// The keys that work now, with a word each, the innermost scope's first. A key that an inner scope takes for itself is left out.
pub fn hints(keymap: &Keymap, scopes: &[ScopeName], available: &dyn Fn(&str) -> Availability) -> Vec<(String, String)> {
    let inner = scopes.iter().filter(|scope| **scope != "app");
    let specs = inner.flat_map(|scope| keymap.catalogue().specs().filter(move |spec| spec.scope == *scope));
    let wanted = specs.filter(|spec| !QUIET.contains(&word(spec.id)) && (spec.scope != "field" || word(spec.id) == "accept"));
    wanted.filter_map(|spec| Some((hint(keymap, scopes, spec.id, available)?, word(spec.id).replace('-', " ")))).collect()
}

/// The key that runs an action where these scopes are open, if the action can be done.
pub fn hint(keymap: &Keymap, scopes: &[ScopeName], id: &'static str, available: &dyn Fn(&str) -> Availability) -> Option<String> {
    let binding = keymap
        .bindings()
        .iter()
        .find(|binding| binding.id == id && keymap.resolve(scopes, &binding.keys) == Resolution::Action(id))?;
    (available(id) == Availability::Ready).then(|| show_sequence(&binding.keys))
}

/// The last part of an id: `open` of `list.open`.
fn word(id: &str) -> &str {
    id.rsplit_once('.').map_or(id, |(_, word)| word)
}

/// The keys of every action as a page of the manual.
pub fn markdown(keymap: &Keymap) -> String {
    let mut page = String::from(
        "# Keys\n\nMade by the program from its actions and `keymaps/default.toml`; change those, not this page.\n\
         `?` in the console shows the keys that work where you are, and why others do not.\n",
    );
    let mut scopes: Vec<ScopeName> = Vec::new();
    for spec in keymap.catalogue().specs() {
        if !scopes.contains(&spec.scope) {
            scopes.push(spec.scope);
        }
    }
    for scope in scopes {
        page.push_str(&format!(
            "\n## {} (`[{scope}]`)\n\n| keys | action | what it does | calls |\n|---|---|---|---|\n",
            title(scope)
        ));
        for spec in keymap.catalogue().specs().filter(|spec| spec.scope == scope) {
            let keys: Vec<String> =
                keymap.keys_for(spec.id).iter().map(|keys| format!("`{}`", keys.replace('|', "\\|"))).collect();
            let needs: Vec<String> = spec.needs.iter().map(|need| format!("`{need}`")).collect();
            page.push_str(&format!("| {} | `{}` | {} | {} |\n", keys.join(" "), spec.id, spec.help, needs.join(" ")));
        }
    }
    page
}
