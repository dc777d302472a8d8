//! Pages that the program makes: they must be what it would make now. `UPDATE_DOCS=1 cargo test --test pure docs` writes them.

use std::path::Path;

use bartizan::app::{actions, help};
use bartizan::kit::keymap::Keymap;

#[test]
fn the_page_of_keys_is_fresh() {
    let (keymap, _) = Keymap::built_in(&actions::catalogue());
    is_fresh("docs/keys.md", &help::markdown(&keymap));
}

#[test]
fn the_page_of_permissions_is_fresh() {
    is_fresh("docs/iam.md", &bartizan::cli::iam_policy::markdown());
}

fn is_fresh(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == made,
        "{name} is not what the program makes now: run `UPDATE_DOCS=1 cargo test --test pure docs` and commit it"
    );
}
