//! Containments on disk: what there was before, so that it can be put back, and what is still to be looked at, whenever the console ends.
//!
//! One file for each user of an account, readable for its owner only. There is no secret in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::domain::containment::Case;
use crate::domain::rotation::Rotation;
use crate::domain::text::Untrusted;
use crate::files;
use crate::rotation::leaked::Awakening;

/// A containment and whose account it is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) struct Kept {
    /// Twelve digits.
    pub(super) account: String,
    /// It.
    pub(super) case: Case,
}

impl Kept {
    /// Why a rotation that was begun before its user was contained may not make its old key active again; `None`: it may.
    pub(super) fn forbids(&self, row: &Rotation) -> Option<String> {
        let is_leaked = self.case.containment.is_leaked(&row.old_key) && row.started < self.case.begun;
        is_leaked.then(|| {
            let key = row.old_key.shown_within(40);
            format!("it would make {key} active again, which is taken for leaked: activate that key in the console's keys pane, by its id")
        })
    }
}

/// Why a rotation may not make its old key active again, as containments below this folder say; `None`: it may. What cannot be read is no yes.
pub fn forbids(containments: &Path, row: &Rotation) -> Option<String> {
    let (kept, problems) = Cases::below(Some(containments.to_owned())).of(&row.account);
    let of_user = kept.iter().filter(|kept| *kept.case.containment.user() == row.user);
    let unread = || problems.first().map(|problem| format!("it is not known which keys are taken for leaked: {problem}"));
    of_user.filter_map(|kept| kept.forbids(row)).next().or_else(unread)
}

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Cases(Option<PathBuf>);

impl Cases {
    /// Containments below this folder; `None`: there is no state folder, and nothing is kept.
    pub(super) fn below(folder: Option<PathBuf>) -> Self {
        Self(folder)
    }

    /// Keeps it in place of what was kept of the user. The file is whole at every moment.
    pub(super) fn keep(&self, kept: &Kept) -> Result<(), String> {
        let folder = self.0.as_ref().ok_or("there is no state folder: set BARTIZAN_STATE_DIR")?;
        write(folder, &file(folder, kept), kept).map_err(|error| format!("{}: {error}", folder.display()))
    }

    /// Forgets it: everything is as it was before.
    pub(super) fn forget(&self, kept: &Kept) {
        if let Some(folder) = &self.0 {
            let _if_it_stays_it_is_shown_at_the_next_start = std::fs::remove_file(file(folder, kept));
        }
    }

    /// Whatever is kept of an account, and which files could not be understood.
    pub(super) fn of(&self, account: &str) -> (Vec<Kept>, Vec<String>) {
        let (mut all, mut problems) = (Vec::new(), Vec::new());
        let entries = self.0.as_ref().and_then(|folder| std::fs::read_dir(folder).ok());
        let mut paths: Vec<PathBuf> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")) {
            match read(path) {
                Ok(kept) if kept.account == account => all.push(kept),
                Ok(_) => {}
                Err(why) => problems.push(format!("the containment in {} cannot be read: {why}", path.display())),
            }
        }
        (all, problems)
    }

    /// Whether there is anything at all.
    pub(super) fn is_empty(&self) -> bool {
        let entries = self.0.as_ref().and_then(|folder| std::fs::read_dir(folder).ok());
        entries.is_none_or(|mut entries| entries.next().is_none())
    }
}

fn file(folder: &Path, kept: &Kept) -> PathBuf {
    file_of(folder, &kept.account, kept.case.containment.user().raw())
}

fn file_of(folder: &Path, account: &str, user: &str) -> PathBuf {
    folder.join(format!("{account}-{}.json", utf8_percent_encode(user, NON_ALPHANUMERIC)))
}

/// Whether a containment in this folder has taken a key for leaked after a rotation of it began, and no person has made it active since.
///
/// # Errors
/// What is kept of the user cannot be read.
pub fn is_leaked(folder: &Path, key: &Awakening) -> Result<bool, String> {
    let path = file_of(folder, &key.account, &key.user);
    if !path.try_exists().map_err(|error| format!("{}: {error}", path.display()))? {
        return Ok(false);
    }
    let kept = read(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    Ok(key.began < kept.case.begun && kept.case.containment.is_leaked(&Untrusted::new(&key.key)))
}

fn read(path: &Path) -> Result<Kept, String> {
    let text = files::read_text(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn write(folder: &Path, path: &Path, kept: &Kept) -> std::io::Result<()> {
    files::make_folder(folder)?;
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut beside, kept)?;
    beside.flush()?;
    beside.as_file().sync_all()?;
    beside.persist(path)?;
    files::sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files written by commit 8d50728: a step that AWS denied, a console that was killed between two steps, and what the next one made of that.
    const EARLIER: [(&str, &str); 3] = [
        ("denied", include_str!("../../tests/corpora/containments/denied.json")),
        ("killed", include_str!("../../tests/corpora/containments/killed.json")),
        ("interrupted", include_str!("../../tests/corpora/containments/interrupted.json")),
    ];

    /// Whoever begins afterwards has found the key as it is, and whoever typed its id has made it active.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test stands at the edge")]
    fn a_key_is_leaked_for_what_began_before_its_user_was_contained() {
        let folder = tempfile::tempdir().unwrap();
        let cases = Cases::below(Some(folder.path().to_owned()));
        let mut kept: Kept = serde_json::from_str(EARLIER[0].1).unwrap();
        let user = kept.case.containment.user().raw().to_owned();
        let begun = kept.case.begun;
        let key =
            |began| Awakening { account: "123456789012".into(), user: user.clone(), key: "AKIARZPUZDIKDJ3EKX3Q".into(), began };
        let before = key(begun - jiff::SignedDuration::from_secs(1));
        let is_it = |key: &Awakening| is_leaked(folder.path(), key);
        assert_eq!(is_it(&before), Ok(false), "nobody was contained");
        cases.keep(&kept).unwrap();
        assert_eq!((is_it(&before), is_it(&key(begun))), (Ok(true), Ok(false)));
        assert_eq!(is_it(&Awakening { user: "nobody".into(), ..before.clone() }), Ok(false));
        assert_eq!(is_it(&Awakening { account: "210987654321".into(), ..before.clone() }), Ok(false));
        kept.case.containment = kept.case.containment.undo();
        cases.keep(&kept).unwrap();
        assert_eq!(is_it(&before), Ok(true), "a release makes no key good");
        kept.case.containment.allowed.insert("AKIARZPUZDIKDJ3EKX3Q".into());
        cases.keep(&kept).unwrap();
        assert_eq!(is_it(&before), Ok(false));
        std::fs::write(file(folder.path(), &kept), "{").unwrap();
        assert!(is_it(&before).is_err());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test stands at the edge")]
    fn containments_of_earlier_versions_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let cases = Cases::below(Some(folder.path().to_owned()));
        for (name, text) in EARLIER {
            std::fs::write(folder.path().join(format!("{name}.json")), text).unwrap();
        }
        let (all, problems) = cases.of("123456789012");
        assert_eq!((all.len(), problems), (3, Vec::new()));
        for mut kept in all {
            let key = kept.case.containment.kept_inactive().next().cloned().unwrap();
            assert_eq!(key.raw(), "AKIARZPUZDIKDJ3EKX3Q");
            assert!(kept.case.containment.before.sessions.is_none() && !kept.case.containment.release);
            let unknown = kept.case.interrupt();
            let is_denied =
                kept.case.steps.iter().flatten().any(|(_, result)| result.as_ref().is_err_and(|fault| fault.is_denied()));
            assert_eq!(unknown, if is_denied { vec![] } else { vec![1, 2] });
            assert!(kept.case.steps[0].as_ref().unwrap().1.is_ok());
            // What is written now is read again as it is.
            cases.keep(&kept).unwrap();
            let (again, _) = cases.of("123456789012");
            assert!(again.contains(&kept), "{kept:?}");
        }
    }
}
