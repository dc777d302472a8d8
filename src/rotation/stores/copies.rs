//! Where else on this machine a key stands: whatever reads it there stops working once the key is inactive.

use std::path::{Path, PathBuf};

use super::credentials::{ID, is_parking};
use super::replace::Place;
use crate::domain::profiles::ini::Sections;
use crate::domain::text::clean;

/// The two files of AWS's tools, and the section that the rotation itself writes.
pub(super) struct Files {
    pub(super) credentials: Option<PathBuf>,
    pub(super) configuration: Option<PathBuf>,
    /// Of the credentials file.
    pub(super) target: Option<String>,
}

impl Files {
    /// Every section of both files that holds this key, and a file that could not be searched. A text for each.
    pub(super) fn holding(&self, key_id: &str) -> Vec<String> {
        let mut places = Vec::new();
        if let Some(path) = &self.credentials {
            let own =
                |section: &str| is_parking(section) || self.target.as_deref().is_some_and(|target| target == section.trim());
            places.extend(sections(path, key_id, own));
        }
        if let Some(path) = &self.configuration {
            places.extend(sections(path, key_id, |_| false));
        }
        places
    }
}

/// The sections of a file that hold the key; sections that are the rotation's own do not count.
fn sections(path: &Path, key_id: &str, is_own: impl Fn(&str) -> bool) -> Vec<String> {
    let shown = clean(&path.display().to_string()).into_owned();
    let unread = |why: String| vec![format!("perhaps {shown}, which could not be searched ({})", clean(&why))];
    let content = match Place::new(path.to_owned(), shown.clone()).read() {
        Ok(content) => content.unwrap_or_default(),
        Err(error) => return unread(error.to_string()),
    };
    let file = match Sections::read(&content) {
        Ok(file) => file,
        Err(unreadable) => return unread(unreadable.to_string()),
    };
    let mut places: Vec<String> = Vec::new();
    for (section, name, value) in file.by_section() {
        if name == ID.as_bytes() && value == key_id.as_bytes() && !is_own(&section) {
            let place = format!("{shown}, section [{}]", clean(&section));
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}
