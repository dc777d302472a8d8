//! The floors of the house: what each place may name. `ARCHITECTURE.md` explains why.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use self::source::{Source, Uses};
use self::table::{FLOORS, Floor};

mod source;
mod table;

/// Every file of the program, read once for all tests.
static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| source::read(root()));

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The libraries of `Cargo.toml`, as code names them.
fn libraries() -> BTreeSet<String> {
    let manifest: toml::Table = std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let tables = manifest["target"].as_table().unwrap().values().filter_map(|target| target.get("dependencies"));
    let tables = tables.chain(manifest.get("dependencies"));
    let names = tables.flat_map(|table| table.as_table().unwrap().keys().map(|name| name.replace('-', "_")));
    names.chain(["bartizan".to_owned()]).collect()
}

fn floor(path: &str) -> Option<&'static Floor> {
    FLOORS.iter().filter(|floor| path.starts_with(floor.place)).max_by_key(|floor| floor.place.len())
}

/// What of it is not in the row of its place.
fn broken(path: &str, uses: &Uses, libraries: &BTreeSet<String>) -> Vec<String> {
    let Some(floor) = floor(path) else { return vec![format!("{path}: no row of the table is for it")] };
    let own = path.trim_start_matches("src/").split('/').next().unwrap().trim_end_matches(".rs");
    let refused = uses.iter().filter(|used| {
        let name = used.join("::");
        let begins = |with: &&str| name == **with || name.starts_with(&format!("{with}::"));
        match used[0].as_str() {
            "crate" => match used.get(1) {
                None => false,
                Some(room) if room == own => crosses_panes(path, used),
                Some(_) => !floor.rooms.iter().any(|room| begins(&format!("crate::{room}").as_str())),
            },
            "std" => !floor.std.iter().any(begins),
            "async" | "clock" => !floor.libraries.contains(&used[0].as_str()),
            library if libraries.contains(library) => !floor.libraries.contains(&library),
            _ => false,
        }
    });
    refused.map(|used| format!("{path}: `{}` ({}: {})", used.join("::"), floor.place, floor.why)).collect()
}

/// A pane that names another pane.
fn crosses_panes(path: &str, used: &[String]) -> bool {
    let Some((pane, _)) = path.strip_prefix("src/panes/").and_then(|inside| inside.split_once('/')) else { return false };
    let Some(named) = used.get(2) else { return false };
    named != pane && root().join("src/panes").join(named).is_dir()
}

#[test]
fn every_file_keeps_to_its_floor() {
    assert!(SOURCES.len() > 300, "only {} files were read", SOURCES.len());
    let libraries = libraries();
    let broken: Vec<String> = SOURCES.iter().flat_map(|source| broken(&source.path, &source.uses, &libraries)).collect();
    assert!(broken.is_empty(), "outside their floor:\n{}", broken.join("\n"));
}

#[test]
fn no_row_allows_what_nobody_uses() {
    let libraries = libraries();
    let mut idle = Vec::new();
    for row in FLOORS {
        let here = SOURCES.iter().filter(|source| floor(&source.path).is_some_and(|found| found.place == row.place));
        let names: Vec<String> = here.flat_map(|source| source.uses.iter().map(|used| used.join("::"))).collect();
        assert!(root().join(row.place).exists(), "{} is nowhere", row.place);
        let is_used = |name: &str| names.iter().any(|used| used == name || used.starts_with(&format!("{name}::")));
        idle.extend(
            row.rooms.iter().filter(|room| !is_used(&format!("crate::{room}"))).map(|room| format!("{}: {room}", row.place)),
        );
        idle.extend(row.libraries.iter().filter(|name| !is_used(name)).map(|name| format!("{}: {name}", row.place)));
        let unknown = row.libraries.iter().find(|name| !libraries.contains(**name) && !["async", "clock"].contains(name));
        assert_eq!(unknown, None, "{}: no library of Cargo.toml", row.place);
    }
    assert!(idle.is_empty(), "allowed and not used:\n{}", idle.join("\n"));
}

#[test]
fn the_table_that_people_read_is_this_one() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows: Vec<(&str, BTreeSet<&str>)> = page
        .lines()
        .skip_while(|line| !line.starts_with("| room |"))
        .skip(2)
        .map_while(|line| line.strip_prefix("| `"))
        .map(|row| {
            (
                row.split('`').next().unwrap(),
                row.rsplit('|').nth(1).unwrap().split([' ', '`']).filter(|name| !name.is_empty()).collect(),
            )
        })
        .collect();
    assert!(rows.len() >= 20, "{} rows", rows.len());
    for (room, uses) in &rows {
        let row = FLOORS.iter().find(|floor| floor.place == format!("src/{room}")).unwrap_or_else(|| panic!("{room} has no row"));
        // A macro is known at the root of the program.
        let named = row.rooms.iter().map(|room| room.split("::").next().unwrap()).filter(|room| *room != "actions");
        assert_eq!(*uses, named.collect(), "{room}");
    }
    let listed = |place: &str| rows.iter().any(|(room, _)| place.strip_prefix("src/") == Some(room));
    for floor in FLOORS.iter().filter(|floor| floor.place.matches('/').count() == 2 && floor.place.ends_with('/')) {
        assert!(listed(floor.place), "{} is not in ARCHITECTURE.md", floor.place);
    }
}

/// Lines that break a floor, each in a way in which a search for words would not see it.
const PLANTED: &[(&str, &str)] = &[
    ("src/kit/x.rs", "use crate::{aws::iam, panes::keys};"),
    ("src/domain/x.rs", "use crate::rotation::plan::Plan;"),
    ("src/domain/x.rs", "use crate::files;"),
    ("src/domain/x.rs", "use std::{fmt, fs};"),
    ("src/domain/x.rs", "fn f() -> bool { ::std::path::Path::new(\"x\"); std::env::var(\"HOME\").is_ok() }"),
    ("src/domain/x.rs", "fn f() { let _ = std::time::Instant::now(); }"),
    ("src/domain/x.rs", "use jiff::Timestamp; fn f() -> Timestamp { Timestamp::now() }"),
    ("src/domain/x.rs", "async fn f() {}"),
    ("src/domain/x.rs", "use std::sync::{Arc, Mutex};"),
    ("src/kit/x.rs", "type Log = crate::audit::Log;"),
    ("src/kit/x.rs", "use tokio as t;"),
    ("src/kit/query/x.rs", "use super::super::super::app::Model;"),
    ("src/kit/x.rs", "mod inside { use super::super::super::aws::iam; }"),
    ("src/panes/keys/x.rs", "use super::super::users::row::Row;"),
    ("src/panes/keys/x.rs", "use crate::panes::{Ctx, users::Row};"),
    ("src/panes/keys/x.rs", "pub use crate::runtime::Runner;"),
    ("src/panes/x.rs", "fn f() { println!(\"{:?}\", crate::aws::iam::users()); }"),
    ("src/app/x.rs", "use ratatui::buffer::Buffer;"),
    ("src/app/model.rs", "use crate::widgets::paint;"),
    ("src/app/update/x.rs", "fn f() { let _ = vec![crate::runtime::run()]; }"),
    ("src/app/view/x.rs", "use crate::aws;"),
    ("src/widgets/x.rs", "use crate::app::model::Model;"),
    ("src/theme/x.rs", "use crate::panes::PaneId;"),
    ("src/ssm/x.rs", "use crate::domain::node::Node;"),
    ("src/ssm/wire/x.rs", "fn f() -> u8 { fastrand::u8(..) }"),
    ("src/rotation/x.rs", "use crate::kit::{confirm, table};"),
    ("src/rotation/x.rs", "use aws_sdk_iam::Client;"),
    ("src/rotation/machine/x.rs", "use crate::rotation::{machine, x}; use tokio::sync::mpsc;"),
    ("src/emulator/x.rs", "use crate::aws::guard;"),
    ("src/runtime/x.rs", "fn f(_: &aws_sdk_iam::Client) {}"),
    ("src/records/x.rs", "use crate::emulator::world;"),
    ("src/nowhere/x.rs", "use crate::domain;"),
    ("src/kit/x.rs", "#[cfg(test)] mod tests; use crate::aws::iam;"),
];

#[test]
fn each_planted_line_is_seen() {
    let libraries = libraries();
    for (path, line) in PLANTED {
        assert!(!broken(path, &source::uses_of(path, line), &libraries).is_empty(), "{path}: {line}");
    }
}

#[test]
fn what_is_compiled_for_tests_alone_is_free() {
    let text = "#[cfg(test)] mod tests { use crate::aws::iam; #[test] fn f() { tokio::spawn(x); } }
        #[cfg(test)] use crate::emulator::World; #[cfg(test)] fn g() { std::fs::read(\"x\"); }
        /// Of [`crate::aws`].
        fn h() { let _: &str = \"use crate::aws\"; }";
    assert!(broken("src/kit/x.rs", &source::uses_of("src/kit/x.rs", text), &libraries()).is_empty());
}
