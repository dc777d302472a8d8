//! The palette: every action by its name, found by a few of its letters.

use frizbee::{Config, Matcher};

use crate::kit::action::Spec;
use crate::kit::keymap::{Keymap, ScopeName};

/// Actions that make no sense from the palette: it moves by itself, and it is open already.
const LEFT_OUT: [&str; 3] = ["app.palette", "app.interrupt", "app.back"];

/// The actions that match what was typed, best first; all of them, the innermost scope's first, where nothing was typed.
/// `scopes` are those that were open when the palette was.
pub fn matches(typed: &str, keymap: &Keymap, scopes: &[ScopeName]) -> Vec<Spec> {
    let mut actions: Vec<Spec> = Vec::new();
    for scope in scopes {
        actions.extend(keymap.catalogue().specs().filter(|spec| spec.scope == *scope && !LEFT_OUT.contains(&spec.id)));
    }
    if typed.trim().is_empty() {
        return actions;
    }
    let texts: Vec<String> = actions.iter().map(|spec| format!("{} {}", spec.id, spec.help)).collect();
    let found = Matcher::new(typed.trim(), &Config::default()).match_list(&texts);
    found.iter().filter_map(|found| actions.get(found.index as usize).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::actions;

    #[test]
    fn a_few_letters_find_an_action() {
        let (keymap, _) = Keymap::built_in(&actions::catalogue());
        let first = |typed: &str| matches(typed, &keymap, &["list", "app"]).first().map(|spec| spec.id);
        assert_eq!(first("reload"), Some("list.reload"));
        assert_eq!(first("gofind"), Some("app.findings"));
        assert_eq!(first(""), Some("list.down"));
        assert_eq!(first("qzxqzx"), None);
        assert!(matches("", &keymap, &["list", "app"]).iter().all(|spec| spec.id != "app.palette"));
    }
}
