//! The palette: panes, actions and commands by their names, found by a few of their letters.
//!
//! What is typed is a name first: a pane's (`users`, `nodes`), `q`, `help`. Then come this pane's actions and then those that work
//! everywhere, and only those in whose words the letters begin: what is run by Enter was meant.

use frizbee::{Config, Matcher};

use crate::kit::action::Spec;
use crate::kit::keymap::{Keymap, ScopeName};

/// Actions that make no sense from the palette: it moves by itself, and it is open already.
const LEFT_OUT: [&str; 3] = ["app.palette", "app.interrupt", "app.back"];

/// The names by which fingers know panes and commands; the beginning of the name of a pane will do.
const NAMES: [(&str, &[&str]); 12] = [
    ("app.users", &["users", "user", "u", "iam"]),
    ("app.keys", &["keys", "key", "k", "access-keys", "accesskeys"]),
    ("app.findings", &["findings", "finding", "f", "guardduty", "gd"]),
    ("app.trail", &["trail", "events", "event", "t", "cloudtrail", "ct"]),
    ("app.bastions", &["bastions", "bastion", "b", "nodes", "node", "instances", "ec2", "sessions", "ssm"]),
    ("app.activity", &["activity", "calls", "a", "api"]),
    ("app.rotations", &["rotations", "rotation"]),
    ("app.forwards", &["forwards", "forward", "portforward", "pf"]),
    ("app.recordings", &["recordings", "recording"]),
    ("app.shells", &["shells", "shell", "sh"]),
    ("app.help", &["help", "h", "?"]),
    ("app.quit", &["q", "quit", "exit", "wq", "x", "qa", "q!", "quit!", "wq!", "qa!"]),
];

/// The commands whose names have to be typed in full.
const IN_FULL: [&str; 2] = ["app.quit", "app.help"];

/// The actions that match what was typed, best first; all of them, the innermost scope's first, where nothing was typed.
/// `scopes` are those that were open when the palette was.
pub fn matches(typed: &str, keymap: &Keymap, scopes: &[ScopeName]) -> Vec<Spec> {
    let mut actions: Vec<Spec> = Vec::new();
    for scope in scopes {
        actions.extend(keymap.catalogue().specs().filter(|spec| spec.scope == *scope && !LEFT_OUT.contains(&spec.id)));
    }
    let typed = typed.trim().trim_start_matches(':').trim_start().to_lowercase();
    if typed.is_empty() {
        return actions;
    }
    let texts: Vec<String> = actions.iter().map(|spec| format!("{} {}", spec.id, spec.help)).collect();
    let mut likeness = vec![0; actions.len()];
    for found in Matcher::new(&typed, &Config::default()).match_list(&texts) {
        if let Some(likeness) = likeness.get_mut(found.index as usize) {
            *likeness = found.score;
        }
    }
    let mut found: Vec<_> = (actions.iter().zip(&texts).zip(likeness))
        .filter_map(|((spec, text), likeness)| Some((rank(&typed, spec, text)?, std::cmp::Reverse(likeness), *spec)))
        .collect();
    // Equal ones keep the order of their scopes.
    found.sort_by_key(|(rank, likeness, _)| (*rank, *likeness));
    found.into_iter().map(|(_, _, spec)| spec).collect()
}

/// Whether what was typed quits without another question.
pub fn is_forced(typed: &str) -> bool {
    let typed = typed.trim().trim_start_matches(':');
    typed.ends_with('!') && NAMES.iter().any(|(id, names)| *id == "app.quit" && names.contains(&typed))
}

/// How an action matches; `None`: it does not.
fn rank(typed: &str, spec: &Spec, text: &str) -> Option<u8> {
    let names = NAMES.iter().find(|(id, _)| *id == spec.id).map_or(&[][..], |(_, names)| names);
    if names.contains(&typed) {
        return Some(0);
    }
    if !IN_FULL.contains(&spec.id) && names.iter().any(|name| name.starts_with(typed)) {
        return Some(1);
    }
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let matches = typed.split_whitespace().all(|part| begins_words(part, &words, true));
    let everywhere = ["app", "list", "text"].contains(&spec.scope);
    let is_pane = !names.is_empty() && !IN_FULL.contains(&spec.id);
    matches.then_some(match (is_pane, everywhere) {
        (true, _) => 2,
        (false, false) => 3,
        (false, true) => 4,
    })
}

/// Whether the letters are the beginnings of words in their order: `reload`, `gofind` of `go to findings`, `gtfi` of the same. Words are
/// passed over only between beginnings of two letters or more.
fn begins_words(typed: &str, words: &[&str], first: bool) -> bool {
    if typed.is_empty() {
        return true;
    }
    words.iter().enumerate().any(|(at, word)| {
        let common = typed.chars().zip(word.chars()).take_while(|(a, b)| a == b).count();
        let is_next = first || at == 0;
        let rest = words.get(at + 1..).unwrap_or_default();
        (1..=common).rev().any(|taken| {
            let behind = typed.char_indices().nth(taken).map_or("", |(at, _)| typed.get(at..).unwrap_or_default());
            (is_next || taken >= 2) && begins_words(behind, rest, false)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::actions;
    use crate::panes::PaneId;

    fn found(typed: &str, pane: PaneId) -> Vec<&'static str> {
        let (keymap, _) = Keymap::built_in(&actions::catalogue());
        matches(typed, &keymap, &[pane.name(), "list", "app"]).iter().map(|spec| spec.id).collect()
    }

    #[test]
    fn a_few_letters_find_an_action() {
        let first = |typed: &str| found(typed, PaneId::Users).first().copied();
        assert_eq!(first("reload"), Some("list.reload"));
        assert_eq!(first("gofind"), Some("app.findings"));
        assert_eq!(first("gtfi"), Some("app.findings"));
        assert_eq!(first("sort next"), Some("list.sort-next"));
        assert_eq!(first("qzxqzx"), None);
        let all = found("", PaneId::Users);
        assert!(all.len() > 30 && !all.contains(&"app.palette"));
        assert!(all.first().is_some_and(|id| id.starts_with("users.")));
    }

    #[test]
    fn names_of_panes_and_commands_come_first_in_every_pane() {
        for pane in PaneId::ALL {
            for (typed, wanted) in [
                ("users", "app.users"),
                ("user", "app.users"),
                (":users", "app.users"),
                ("Users", "app.users"),
                ("keys", "app.keys"),
                ("findings", "app.findings"),
                ("find", "app.findings"),
                ("guardduty", "app.findings"),
                ("trail", "app.trail"),
                ("events", "app.trail"),
                ("cloudtrail", "app.trail"),
                ("bastions", "app.bastions"),
                ("nodes", "app.bastions"),
                ("sessions", "app.bastions"),
                ("activity", "app.activity"),
                ("rotations", "app.rotations"),
                ("forwards", "app.forwards"),
                ("recordings", "app.recordings"),
                ("shell", "app.shells"),
                ("q", "app.quit"),
                ("q!", "app.quit"),
                ("quit", "app.quit"),
                ("wq", "app.quit"),
                ("help", "app.help"),
            ] {
                assert_eq!(found(typed, pane).first().copied(), Some(wanted), "{typed} in {}", pane.name());
            }
        }
    }

    #[test]
    fn this_panes_actions_come_before_those_that_work_everywhere_and_far_fetched_ones_not_at_all() {
        let ranks = |typed, pane| {
            let (keymap, _) = Keymap::built_in(&actions::catalogue());
            let specs = matches(typed, &keymap, &[PaneId::name(pane), "list", "app"]);
            specs.iter().map(|spec| spec.scope == pane.name()).collect::<Vec<_>>()
        };
        for pane in PaneId::ALL {
            for typed in ["show", "sho", "search", "go"] {
                let own = ranks(typed, pane);
                let own: Vec<bool> = own.into_iter().collect();
                let places = found(typed, pane).iter().take_while(|id| NAMES.iter().any(|(name, _)| name == *id)).count();
                assert!(own.iter().skip(places).is_sorted_by(|a, b| a >= b), "{typed} in {}: {own:?}", pane.name());
            }
        }
        // Letters of `users` stand in many sentences in this order.
        for id in found("users", PaneId::Findings) {
            assert!(id == "app.users" || id.contains("user"), "{id}");
        }
        assert!(found("frobnicate", PaneId::Keys).is_empty());
        assert!(found("xq", PaneId::Keys).is_empty());
    }

    #[test]
    fn only_a_mark_quits_without_a_question() {
        assert!(is_forced("q!") && is_forced(" :quit! "));
        assert!(!is_forced("q") && !is_forced("users!") && !is_forced("!"));
    }
}
