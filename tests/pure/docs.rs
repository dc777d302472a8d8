//! Pages that the program makes: they must be what it would make now. `UPDATE_DOCS=1 cargo test --test pure docs` writes them.

use std::path::Path;

use bartizan::app::{actions, help};
use bartizan::audit::history::Change;
use bartizan::cli::reference;
use bartizan::domain::call::ApiCall;
use bartizan::domain::event::Event;
use bartizan::domain::finding::Finding;
use bartizan::domain::forward::Forward;
use bartizan::domain::key::AccessKey;
use bartizan::domain::node::{Node, SsmSession};
use bartizan::domain::recording::Recorded;
use bartizan::domain::rotation::Rotation;
use bartizan::domain::user::User;
use bartizan::kit::keymap::Keymap;
use bartizan::kit::query::Query;
use bartizan::kit::table::Row;

#[test]
fn the_page_of_keys_is_fresh() {
    let (keymap, _) = Keymap::built_in(&actions::catalogue());
    is_fresh("docs/keys.md", &help::markdown(&keymap));
}

#[test]
fn the_page_of_permissions_is_fresh() {
    is_fresh("docs/iam.md", &bartizan::cli::iam_policy::markdown());
}

#[test]
fn the_pages_of_the_filter_and_of_the_tables_are_fresh() {
    ends_with("docs/filter.md", &reference::fields_markdown());
    ends_with("docs/tables.md", &reference::members_markdown());
}

/// Every example of the page is understood.
#[test]
fn the_examples_of_filters_are_understood() {
    let tables = reference::tables();
    let mut found = 0;
    for (name, filter) in examples() {
        let table = tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("there is no table {name}"));
        if let Err(error) = Query::parse(&filter, &table.fields) {
            panic!("{name}: {filter}: {error}");
        }
        found += 1;
    }
    assert!(found > 25, "{found} examples");
    for table in &tables {
        assert!(examples().iter().any(|(name, _)| name == table.name), "no example for {}", table.name);
    }
}

/// Tables and filters of the page's examples: lines `| table | `filter` | … |`.
fn examples() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/filter.md")).unwrap();
    let section = page.split("## Examples").nth(1).unwrap().split("## Fields").next().unwrap();
    let lines = section.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | `"));
    let examples = lines.filter_map(|(name, rest)| Some((name.to_owned(), rest.split_once('`')?.0.to_owned())));
    examples.collect()
}

/// A field for each column, first and in the same order; names that mean one field only.
#[test]
fn every_column_is_a_field_and_every_name_is_one_field() {
    fn check<R: Row>() {
        let ids: Vec<&str> = R::COLUMNS.iter().map(|column| column.id).collect();
        let fields: Vec<&str> = R::FIELDS.iter().map(|field| field.spec.id).collect();
        assert_eq!(fields.get(..ids.len()), Some(ids.as_slice()), "{}", std::any::type_name::<R>());
    }
    check::<User>();
    check::<AccessKey>();
    check::<Finding>();
    check::<Event>();
    check::<Node>();
    check::<SsmSession>();
    check::<Recorded>();
    check::<Change>();
    check::<ApiCall>();
    check::<Rotation>();
    check::<Forward>();
    for table in reference::tables() {
        let mut names = std::collections::BTreeSet::new();
        for field in &table.fields {
            for name in std::iter::once(&field.id).chain(field.aliases) {
                assert!(names.insert(*name), "{}: {name} means two fields", table.name);
                let word = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
                assert!(word && !["and", "or", "not", "in"].contains(name), "{name}");
            }
            assert!(!field.path.is_empty(), "{}: {} does not say what it reads", table.name, field.id);
        }
    }
}

/// The made part stands behind a line that says so.
fn ends_with(name: &str, made: &str) {
    const MARK: &str = "<!-- Generated: UPDATE_DOCS=1 cargo test --test pure docs -->\n";
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap_or_default();
    let written = page.split(MARK).next().unwrap_or_default();
    is_fresh(name, &format!("{written}{MARK}{made}"));
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
