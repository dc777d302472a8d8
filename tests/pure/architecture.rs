//! Rules about lines of code that no lint has: who opens files, which lists have an end, how long a file may be.

use std::fs;
use std::path::{Path, PathBuf};

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
    let text = "use tokio::x; // why\n//! tokio\n#[cfg(test)]\nmod x;\nuse late;\n#[cfg(test)]\nmod tests {\n    use tokio;\n}\n";
    assert_eq!(code_lines(text), [(1, "use tokio::x; "), (5, "use late;")]);
}

/// Whether a file belongs to a place: a folder, or the end of a name.
fn lies_in(path: &str, place: &str) -> bool {
    path.contains(place)
}

/// Lines of code with their numbers: no comments, and nothing that is compiled for tests alone.
fn code_lines(text: &str) -> Vec<(usize, &str)> {
    let mut lines = text.lines().enumerate();
    let mut code = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.starts_with("#[cfg(test)]") {
            // The item behind it: to its end in the first column, as rustfmt writes it, or one line.
            let mut item = lines.by_ref().skip_while(|(_, line)| line.starts_with("#["));
            if item.next().is_some_and(|(_, first)| !first.ends_with(';') && !first.ends_with('}')) {
                let _rest = item.find(|(_, line)| line.starts_with(['}', ')']));
            }
            continue;
        }
        let line = line.split("//").next().unwrap_or_default();
        if !line.trim().is_empty() {
            code.push((number + 1, line));
        }
    }
    code
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
