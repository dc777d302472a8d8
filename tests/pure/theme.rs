//! Themes: everything can be read on every ground it stands on, at every depth.

use bartizan::kit::source::Source;
use bartizan::theme::{Depth, Look, Role, Surroundings, contrast, names, text_of};
use ratatui::style::{Color, Modifier};

fn terminal(colorterm: &str, term: &str) -> Surroundings {
    Surroundings { colorterm: colorterm.into(), term: term.into(), locale: "C.UTF-8".into(), ..Surroundings::default() }
}

fn true_colour() -> Surroundings {
    terminal("truecolor", "xterm-256color")
}

#[test]
fn the_shipped_themes_are_read_and_name_themselves() {
    for name in names() {
        let look = Look::choose(Some(name), &true_colour());
        assert!(look.is_ok(), "{name}: {look:?}");
        assert!(text_of(name).unwrap().contains(&format!("name = {name:?}")));
    }
}

#[test]
fn every_text_can_be_read_on_every_ground_it_stands_on() {
    let grounds = [Role::Text, Role::RowSelected, Role::RowUnfocused, Role::Window, Role::Field];
    for surroundings in [true_colour(), terminal("", "xterm-256color")] {
        let look = Look::choose(Some("midnight"), &surroundings).unwrap();
        for role in Role::ALL.iter().filter(|role| **role != Role::Rule) {
            let ink = look[*role].fg.or(look[Role::Text].fg).unwrap();
            let own = look[*role].bg.map(|ground| vec![ground]);
            for ground in own.unwrap_or_else(|| grounds.iter().filter_map(|ground| look[*ground].bg).collect()) {
                let found = contrast(ink, ground).unwrap();
                assert!(found >= 4.5, "{} on {ground:?} has a contrast of {found:.2} at {:?}", role.name(), look.depth);
            }
        }
    }
}

#[test]
fn a_terminal_is_never_given_colours_that_it_does_not_have() {
    for (term, depth) in [("xterm-256color", Depth::Indexed), ("xterm", Depth::Sixteen), ("dumb", Depth::Mono)] {
        for name in names() {
            let look = Look::choose(Some(name), &terminal("", term)).unwrap();
            assert_eq!(look.depth, depth);
            for color in Role::ALL.iter().flat_map(|role| [look[*role].fg, look[*role].bg]).flatten() {
                match color {
                    Color::Rgb(..) => panic!("{name} paints {color:?} on {term}"),
                    Color::Indexed(_) => assert_eq!(depth, Depth::Indexed),
                    _ => assert!(depth > Depth::Mono),
                }
            }
        }
    }
}

#[test]
fn the_selected_row_can_be_seen_at_every_depth() {
    for term in ["xterm-256color", "xterm", "dumb"] {
        for name in names() {
            let look = Look::choose(Some(name), &terminal("", term)).unwrap();
            let (selected, text) = (look[Role::RowSelected], look[Role::Text]);
            assert!(selected.add_modifier.contains(Modifier::REVERSED) || selected.bg != text.bg, "{name} on {term}");
        }
    }
}

#[test]
fn no_color_is_obeyed() {
    let look = Look::choose(None, &Surroundings { no_color: true, ..true_colour() }).unwrap();
    assert!(Role::ALL.iter().all(|role| look[*role].fg.is_none() && look[*role].bg.is_none()));
}

#[test]
fn signs_follow_the_locale() {
    let ascii = Look::choose(None, &Surroundings { locale: "C".into(), ..true_colour() }).unwrap();
    assert!(ascii.glyphs.vertical.is_ascii());
    assert!(!Look::choose(None, &true_colour()).unwrap().glyphs.vertical.is_ascii());
}

#[test]
fn a_mistake_names_its_place_and_what_was_meant() {
    let wrong = |text: &str| Look::from_file(&Source { file: "mine.toml", text }, &true_colour()).unwrap_err()[0].to_string();
    assert_eq!(
        wrong("[roles]\n\"row.slected\" = {}\n"),
        "mine.toml:2:1: there is no role \"row.slected\"; did you mean \"row.selected\"?"
    );
    assert_eq!(wrong("[roles]\ntext = { fg = \"rad\" }\n"), "mine.toml:2:15: there is no colour \"rad\"; did you mean \"red\"?");
    assert!(wrong("inherits = \"noon\"\n").starts_with("mine.toml:1:12: there is no theme of this name"));
    assert!(wrong("[palette]\na = \"#12\"\n").starts_with("mine.toml:2:5: a colour is"));
    let mine = Look::from_file(
        &Source { file: "m", text: "inherits = \"midnight\"\n[roles]\nmuted = { fg = \"#ffffff\" }\n" },
        &true_colour(),
    )
    .unwrap();
    assert_eq!(mine[Role::Muted].fg, Some(Color::Rgb(255, 255, 255)));
    assert_eq!(mine[Role::Good], Look::choose(Some("midnight"), &true_colour()).unwrap()[Role::Good]);
}
