//! Keymaps: every shipped key works, every mistake is found where it stands, and no key press is ever run that was not meant.

use bartizan::app::actions;
use bartizan::kit::action::{Danger, Spec};
use bartizan::kit::input::{Code, Key};
use bartizan::kit::keymap::{Catalogue, Keymap, Resolution, parse_key, parse_sequence, show_key, show_sequence};
use bartizan::kit::source::{Problem, Source, Weight};
use proptest::prelude::*;

fn built_in() -> Keymap {
    Keymap::built_in(&actions::catalogue()).0
}

fn over(text: &str, catalogue: &Catalogue) -> (Keymap, Vec<Problem>) {
    let (keymap, problems) = Keymap::layered(catalogue, &[Source { file: "mine.toml", text }]);
    (keymap, problems.into_iter().filter(|problem| problem.file == "mine.toml").collect())
}

fn errors(text: &str) -> Vec<String> {
    let problems = over(text, &actions::catalogue()).1;
    problems.iter().filter(|problem| problem.weight == Weight::Error).map(ToString::to_string).collect()
}

/// A made-up pane with something dangerous in it.
fn with_danger() -> Catalogue {
    let delete = Spec { id: "lamp.delete", scope: "lamp", help: "Delete it", danger: Danger::TypeName, needs: &[] };
    Catalogue::new(actions::catalogue().specs().chain([delete]))
}

#[test]
fn the_shipped_keymap_has_no_mistake() {
    let (_, problems) = Keymap::built_in(&actions::catalogue());
    let bad: Vec<String> = problems.iter().filter(|problem| problem.weight > Weight::Note).map(ToString::to_string).collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn every_action_can_be_reached_by_a_key() {
    let keymap = built_in();
    let unbound: Vec<_> = actions::catalogue().specs().map(|spec| spec.id).filter(|id| keymap.key_for(id).is_none()).collect();
    assert!(unbound.is_empty(), "bound nowhere, add them to keymaps/default.toml: {unbound:?}");
}

#[test]
fn every_shipped_key_is_read_back_from_what_it_is_shown_as() {
    for binding in built_in().bindings() {
        assert_eq!(parse_sequence(&show_sequence(&binding.keys)).as_ref(), Ok(&binding.keys));
    }
}

#[test]
fn every_shipped_binding_does_what_it_says() {
    let keymap = built_in();
    for binding in keymap.bindings() {
        let found = keymap.resolve(&[binding.scope], &binding.keys);
        assert_eq!(found, Resolution::Action(binding.id), "{binding:?}");
    }
}

#[test]
fn a_mistake_names_its_place_and_what_was_meant() {
    assert_eq!(
        errors("[list]\n\"x\" = \"list.donw\"\n"),
        ["mine.toml:2:7: there is no action \"list.donw\"; did you mean \"list.down\"?"]
    );
    assert_eq!(errors("[lits]\n"), ["mine.toml:1:2: there is no scope \"lits\"; did you mean \"list\"?"]);
    assert_eq!(
        errors("[list]\n\n  \"pgdown\" = \"list.down\"\n"),
        ["mine.toml:3:3: there is no key \"pgdown\"; did you mean \"pagedown\"?"]
    );
    assert!(errors("[list\n")[0].starts_with("mine.toml:1:"));
    assert!(errors("[list]\n\"x\" = 3\n")[0].starts_with("mine.toml:2:7: an action's id"));
    assert!(errors("[text]\n\"x\" = \"list.down\"\n")[0].contains("works in [list]"));
    assert!(errors("[list]\n\"ctrl-i\" = \"list.down\"\n")[0].contains("\"tab\""));
    assert!(errors("[field]\n\"x\" = \"field.left\"\n")[0].contains("text in a field"));
}

#[test]
fn a_key_that_begins_a_sequence_is_an_error() {
    assert!(errors("[list]\n\"g\" = \"list.top\"\n")[0].contains("how \"g g\" begins"));
    assert!(errors("[list]\n\"j j\" = \"list.top\"\n")[0].contains("how \"j j\" begins"));
    assert!(errors("[list]\n\"g g\" = false\n\"g\" = \"list.top\"\n").is_empty());
}

#[test]
fn the_same_key_twice_is_an_error_also_under_two_names() {
    assert!(!errors("[list]\n\"x\" = \"list.top\"\n\"x\" = \"list.down\"\n").is_empty());
}

#[test]
fn a_broken_file_changes_nothing() {
    let (keymap, _) = over("[list]\n\"x\" = \"list.down\"\n\"y\" = \"nonsense\"\n", &actions::catalogue());
    assert_eq!(keymap, built_in());
}

#[test]
fn layers_add_replace_unbind_and_clear() {
    let (keymap, problems) = over(
        "[list]\n\"x\" = \"list.down\"\n\"c\" = false\n[menu]\nclear = true\n\"enter\" = \"menu.accept\"\n",
        &actions::catalogue(),
    );
    assert!(problems.iter().all(|problem| problem.weight < Weight::Error), "{problems:?}");
    let pressed = |scope, key: &str| keymap.resolve(&[scope], &parse_sequence(key).unwrap());
    assert_eq!(pressed("list", "x"), Resolution::Action("list.down"));
    assert_eq!(pressed("list", "j"), Resolution::Action("list.down"));
    assert_eq!(pressed("list", "c"), Resolution::None);
    assert_eq!(pressed("menu", "down"), Resolution::None);
    assert_eq!(pressed("menu", "enter"), Resolution::Action("menu.accept"));
}

#[test]
fn a_dangerous_action_may_not_hide_behind_a_harmless_key() {
    let catalogue = with_danger();
    let (_, problems) = over("[lamp]\n\"R\" = \"lamp.delete\"\n", &catalogue);
    assert!(
        problems.iter().any(|problem| problem.weight == Weight::Error && problem.message.contains("list.reload")),
        "{problems:?}"
    );
    let (_, problems) = over("[lamp]\n\"x\" = \"lamp.delete\"\n", &catalogue);
    assert_eq!(problems[0].weight, Weight::Warning);
    let (keymap, problems) = over("[lamp]\n\"X\" = \"lamp.delete\"\n", &catalogue);
    assert!(problems.is_empty());
    assert_eq!(keymap.keys_for("lamp.delete"), ["X"]);
}

#[test]
fn fields_take_characters_and_windows_keep_the_panes_keys_out() {
    let keymap = built_in();
    let pressed = |scopes: &[&'static str], key: &str| keymap.resolve(scopes, &[parse_key(key).unwrap()]);
    assert_eq!(pressed(&["field", "app"], "q"), Resolution::Text('q'));
    assert_eq!(pressed(&["menu", "field", "app"], "j"), Resolution::Text('j'));
    assert_eq!(pressed(&["menu", "field", "app"], "down"), Resolution::Action("menu.down"));
    assert_eq!(pressed(&["menu", "field", "app"], "left"), Resolution::Action("field.left"));
    assert_eq!(pressed(&["menu", "app"], "q"), Resolution::None);
    assert_eq!(pressed(&["menu", "app"], "1"), Resolution::None);
    assert_eq!(pressed(&["overlay", "app"], "esc"), Resolution::Action("app.back"));
    assert_eq!(pressed(&["overlay", "app"], "ctrl-c"), Resolution::Action("app.interrupt"));
    assert_eq!(pressed(&["text", "app"], "1"), Resolution::Action("app.users"));
    assert_eq!(pressed(&["text", "app"], "q"), Resolution::Action("text.close"));
}

#[test]
fn a_prefix_tells_what_can_follow() {
    let g = parse_key("g").unwrap();
    assert_eq!(built_in().resolve(&["list", "app"], &[g]), Resolution::Prefix(vec![(vec![g], "list.top")]));
}

fn any_key() -> impl Strategy<Value = Key> {
    let code = prop_oneof![
        4 => proptest::char::range('!', '~').prop_map(Code::Char),
        1 => any::<char>().prop_map(Code::Char),
        1 => (0_u8..20).prop_map(Code::F),
        1 => proptest::sample::select(vec![Code::Enter, Code::Esc, Code::Tab, Code::BackTab, Code::Left, Code::Char(' '), Code::PageUp]),
    ];
    (code, any::<bool>(), any::<bool>()).prop_map(|(code, ctrl, alt)| Key { code, ctrl, alt })
}

proptest! {
    #[test]
    fn whatever_can_be_read_is_shown_so_that_it_reads_the_same(key in any_key()) {
        if let Ok(read) = parse_key(&show_key(key)) {
            prop_assert_eq!(read, key);
        }
    }

    #[test]
    fn no_word_makes_the_reader_panic(word in any::<String>(), text in any::<String>()) {
        let _ = parse_sequence(&word);
        let _ = over(&text, &actions::catalogue());
    }

    /// Whatever is pressed: an action runs only where the keys since the last one are exactly its binding in one of the open scopes.
    #[test]
    fn swallowed_keys_are_never_replayed(keys in proptest::collection::vec(any_key(), 1..12), which in 0_usize..4) {
        let keymap = built_in();
        let scopes: &[&'static str] = [&["list", "app"][..], &["text", "app"], &["overlay", "app"], &["menu", "app"]][which];
        let mut pending = Vec::new();
        for key in keys {
            pending.push(key);
            match keymap.resolve(scopes, &pending) {
                Resolution::Action(id) => {
                    let bound = keymap.bindings().iter().any(|binding| {
                        binding.id == id && binding.keys == pending && scopes.contains(&binding.scope)
                    });
                    prop_assert!(bound, "{} ran {}", show_sequence(&pending), id);
                    pending.clear();
                }
                Resolution::Prefix(following) => prop_assert!(!following.is_empty()),
                Resolution::None => pending.clear(),
                Resolution::Text(_) => prop_assert!(false, "text without a field"),
            }
        }
    }
}
