//! Pages that people write: what they name has to be there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bartizan::config::{Config, Origin, Overrides, Written};
use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Markdown file at the root and below `docs/`.
fn pages() -> Vec<PathBuf> {
    let mut folders = vec![root().to_owned(), root().join("docs")];
    let mut pages = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && folder != root() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// The links of a page, and the anchors of its headings as GitHub makes them.
fn read(page: &Path) -> (Vec<String>, BTreeSet<String>) {
    let text = std::fs::read_to_string(page).unwrap();
    let (mut links, mut anchors, mut heading) = (Vec::new(), BTreeSet::new(), None);
    for event in Parser::new(&text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => links.push(dest_url.to_string()),
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(HeadingLevel::H1 | HeadingLevel::H2 | HeadingLevel::H3 | HeadingLevel::H4)) => {
                anchors.extend(heading.take());
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    let kept = text.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
                    heading.extend(kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }));
                }
            }
            _ => {}
        }
    }
    (links, anchors)
}

#[test]
fn every_link_leads_somewhere() {
    let (mut broken, mut seen) = (Vec::new(), 0);
    for page in pages() {
        for link in read(&page).0.into_iter().filter(|link| !link.contains("://")) {
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            if !target.exists() || !(anchor.is_empty() || read(&target).1.contains(anchor)) {
                broken.push(format!("{}: {link}", page.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(seen > 15, "only {seen} links");
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn the_page_of_settings_has_them_all_and_is_understood() {
    let page = std::fs::read_to_string(root().join("docs/config.md")).unwrap();
    let block = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let written = Written::parse(Path::new("config.toml"), block).unwrap_or_else(|problem| panic!("{problem}"));
    // A new setting does not compile here until it has a line.
    let Written {
        regions,
        theme,
        keymap,
        pane,
        lock_after,
        key_age_limit,
        accounts,
        asks_reason,
        records,
        forwards,
        store,
        soak,
        observe,
    } = &written;
    let there = [
        regions.is_some(),
        theme.is_some(),
        keymap.is_some(),
        pane.is_some(),
        lock_after.is_some(),
        key_age_limit.is_some(),
        !accounts.is_empty(),
        asks_reason.is_some(),
        records.is_some(),
        forwards.is_some(),
        store.is_some(),
        soak.is_some(),
        observe.is_some(),
    ];
    assert!(there.iter().all(|there| *there), "a setting is not on the page: {there:?}");

    // What the page calls built in is.
    let (page, built_in) = (Config::layered(written, Overrides::default()), Config::built_in());
    let value = |config: &Config, name: &str| config.report().into_iter().find(|line| line.0 == name).map(|line| line.1);
    for (name, ..) in built_in.report().iter().filter(|line| *line.2 == Origin::BuiltIn) {
        if !["regions", "theme", "keymap", "forward"].contains(&name.as_str()) {
            assert_eq!(value(&page, name), value(&built_in, name), "{name}");
        }
    }
}
