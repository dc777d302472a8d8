//! The floors of the house, as a table: which names a file may not use. `ARCHITECTURE.md` explains why.

use std::fs;
use std::path::{Path, PathBuf};

/// Part of a path, names that must not occur there, and the rule in one sentence.
const RULES: &[(&str, &[&str], &str)] = &[
    (
        "src/domain/",
        &[
            "crate::kit",
            "crate::panes",
            "crate::app",
            "crate::aws",
            "crate::runtime",
            "crate::emulator",
            "crate::theme",
            "crate::widgets",
        ],
        "the ground floor knows nothing above it",
    ),
    ("src/domain/", IMPURE, "domain is plain data: no I/O, no SDK, no terminal"),
    (
        "src/kit/",
        &["crate::panes", "crate::app", "crate::aws", "crate::runtime", "crate::emulator", "crate::theme", "crate::widgets"],
        "kit may use domain only",
    ),
    ("src/kit/", IMPURE, "kit is pure: what it needs from outside arrives as a message"),
    ("src/screens/", IMPURE, "screens are bytes in and cells out"),
    ("src/screens/", ABOVE, "screens know nothing of the floors above them"),
    ("src/panes/", IMPURE, "panes are plain data and pure functions: the root draws them"),
    ("src/panes/", ABOVE, "panes know nothing of the floors above them"),
    ("/model.rs", IMPURE, "the model is plain data"),
    ("/model.rs", ABOVE, "the model knows nothing of the floors above it"),
    ("src/app/update/", IMPURE, "update is a pure function: ask for an effect instead"),
    ("src/app/update/", ABOVE, "update knows nothing of the floors above it"),
    (
        "src/app/view/",
        &["tokio", "crossterm", "aws_", "secrecy", "async ", ".await", "crate::aws", "crate::runtime", "crate::emulator"],
        "a view is a pure function of the model",
    ),
    (
        "src/theme/",
        &[
            "tokio",
            "crossterm",
            "aws_",
            "secrecy",
            "async ",
            ".await",
            "crate::aws",
            "crate::runtime",
            "crate::emulator",
            "crate::panes",
            "crate::app",
        ],
        "themes know colours only",
    ),
    (
        "src/widgets/",
        &["tokio", "crossterm", "aws_", "secrecy", "async ", ".await", "crate::aws", "crate::runtime", "crate::emulator"],
        "widgets draw and do nothing else",
    ),
    (
        "src/aws/",
        &[
            "ratatui",
            "crossterm",
            "crate::panes",
            "crate::app",
            "crate::runtime",
            "crate::emulator",
            "crate::theme",
            "crate::widgets",
        ],
        "aws answers in domain types and knows nothing of screens",
    ),
    (
        "src/emulator/",
        &[
            "ratatui",
            "crossterm",
            "aws_sdk",
            "aws_config",
            "crate::panes",
            "crate::app",
            "crate::aws",
            "crate::runtime",
            "crate::theme",
            "crate::widgets",
        ],
        "the embedded AWS is a stranger to the program: they meet on the wire only",
    ),
    (
        "src/rotation/",
        &[
            "ratatui",
            "crossterm",
            // `aws_` alone is in the names of the credentials file.
            "aws_sdk",
            "aws_config",
            "aws_smithy",
            "crate::panes",
            "crate::app",
            "crate::aws",
            "crate::runtime",
            "crate::emulator",
            "crate::config",
            "crate::cli",
            "crate::theme",
            "crate::widgets",
        ],
        "a rotation depends on no pane and names no SDK: who calls AWS is behind a trait",
    ),
    (
        "src/rotation/",
        &[
            "kit::document",
            "kit::effect",
            "kit::field",
            "kit::input",
            "kit::keymap",
            "kit::query",
            "kit::remote",
            "kit::source",
            "kit::table",
            "kit::watch",
        ],
        "of kit a rotation knows the door, `kit::confirm`, and how much a change can hurt",
    ),
    ("src/ssm/", KEEPERS, "sessions could be a crate of their own: who calls AWS and who draws is behind a trait"),
    ("src/ssm/", &["crate::domain"], "sessions could be a crate of their own"),
    ("src/secrets/", KEEPERS, "secrets know what the system offers and nothing of who asks"),
    ("src/recordings/", KEEPERS, "recordings are files, written and read without AWS and without a screen"),
    ("src/records/", KEEPERS, "records are read from files, without AWS and for whoever wants them"),
    (
        "src/records/",
        &[
            "tokio",
            "async ",
            ".await",
            "std::env",
            "std::net",
            "std::process",
            "Timestamp::now",
            "crate::audit",
            "crate::rotation",
        ],
        "records are what files say, whenever they are read",
    ),
    ("src/audit/", KEEPERS, "the log is written before AWS is called and read without it"),
    ("src/ssm/wire/", IMPURE, "the wire is plain data: no I/O, no clock, no randomness"),
    ("src/runtime/", &["aws_sdk_", "aws_config::", "aws_smithy_"], "only aws/ names the SDK; the runtime calls aws/"),
    (
        "src/config/",
        &["aws_", "ratatui", "crossterm", "crate::app", "crate::aws", "crate::runtime"],
        "config knows files, paths and the panes' names only",
    ),
];

/// What no pure file may name.
const IMPURE: &[&str] = &[
    "tokio",
    "ratatui",
    "crossterm",
    "aws_",
    "secrecy",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "rand::",
];

/// What those who keep things on this machine may not name: anybody who calls AWS or draws.
const KEEPERS: &[&str] = &[
    "ratatui",
    "crossterm",
    "aws_",
    "crate::kit",
    "crate::panes",
    "crate::app",
    "crate::aws",
    "crate::runtime",
    "crate::emulator",
    "crate::config",
    "crate::theme",
    "crate::widgets",
];

/// What panes and the root's model and update may not name either.
const ABOVE: &[&str] = &["crate::aws", "crate::runtime", "crate::emulator", "crate::theme", "crate::widgets"];

#[test]
fn every_file_keeps_to_its_floor() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    let mut seen = 0;
    for file in files_below(&root.join("src")) {
        let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap();
        seen += 1;
        for (place, names, rule) in RULES.iter().filter(|(place, _, _)| lies_in(&path, place)) {
            for (number, line) in code_lines(&text) {
                if let Some(name) = names.iter().find(|name| line.contains(**name)) {
                    broken.push(format!("{path}:{number}: `{name}` ({place}: {rule})"));
                }
            }
        }
    }
    assert!(seen > 20, "only {seen} files were read");
    assert!(broken.is_empty(), "lines outside their floor:\n{}", broken.join("\n"));
}

/// Where files are opened by other rules than ours: those of AWS's tools, which others write, too; what the person names; and terminals.
const OPENERS: [&str; 5] =
    ["src/files.rs", "src/emulator/", "src/records/", "src/rotation/stores/replace.rs", "src/runtime/input.rs"];

/// A file that the person has named: what it is, is theirs to know (a passphrase may come through a FIFO).
const NAMED: [(&str, &str); 2] =
    [("src/cli/passphrase.rs", "std::fs::File::open(path)"), ("src/cli/rotate/follow.rs", "std::fs::write(path, text)")];

#[test]
fn files_are_opened_in_one_place() {
    const OPENS: [&str; 7] =
        ["OpenOptions", "File::open", "File::create", "File::options", "fs::write(", "DirBuilder", "create_dir"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for file in files_below(&root.join("src")) {
        let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        if OPENERS.iter().any(|place| lies_in(&path, place)) || path.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in code_lines(&text) {
            let is_named = NAMED.iter().any(|(place, what)| path == *place && line.contains(what));
            if OPENS.iter().any(|name| line.contains(name)) && !is_named {
                broken.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "opened past `files`, which refuses links, FIFOs and what others can write:\n{}",
        broken.join("\n")
    );
}

#[test]
fn every_list_of_aws_has_an_end() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut broken, mut seen) = (Vec::new(), 0);
    for file in files_below(&root.join("src/aws")) {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in code_lines(&text) {
            if ["set_next_token(", "set_marker(", ".next_token(", ".marker(", "into_paginator"]
                .iter()
                .any(|name| line.contains(name))
            {
                seen += 1;
                let is_bounded =
                    ["pages.token()", "token.clone()", "pages.turn(", "let next = answer."].iter().any(|way| line.contains(way));
                if !is_bounded && !line.contains("fn ") {
                    broken.push(format!("{}:{}: {}", file.display(), number, line.trim()));
                }
            }
        }
    }
    assert!(seen >= 15, "only {seen} lists were seen");
    assert!(broken.is_empty(), "pages past `aws::pages`, which bounds them:\n{}", broken.join("\n"));
}

#[test]
fn no_file_is_too_long_to_be_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let long: Vec<String> = files_below(&root.join("src"))
        .into_iter()
        .filter_map(|file| {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            (lines > 500).then(|| format!("{} has {lines} lines", file.display()))
        })
        .collect();
    assert!(long.is_empty(), "files that want to be two:\n{}", long.join("\n"));
}

#[test]
fn the_rules_can_fail() {
    assert!(lies_in("src/app/view/panes.rs", "src/app/view/"));
    assert!(!lies_in("src/app/update/mod.rs", "src/app/view/"));
    assert_eq!(code_lines("use tokio::x; // why\n//! tokio\n#[cfg(test)]\nmod tests { use tokio; }").len(), 1);
}

/// Whether a file belongs to a place: a folder, or the end of a name.
fn lies_in(path: &str, place: &str) -> bool {
    path.contains(place)
}

/// Lines of code with their numbers: no comments, and nothing from the unit tests at the end of a file.
fn code_lines(text: &str) -> Vec<(usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .map(|(number, line)| (number + 1, line.split("//").next().unwrap_or_default()))
        .filter(|(_, line)| !line.trim().is_empty())
        .collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}
