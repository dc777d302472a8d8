//! Whom a campaign is still to reach: on disk before its first rotation begins, so that a process which ends in the middle forgets nobody.
//!
//! A member has begun when there is a journal of its id. Until then the campaign's file is all that knows of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::journal::{Journal, JournalError, disk, file_of, make_folder, plain, sync_folder};
use crate::domain::rotation::{Phase, Request, Rotation, RotationId, Wait};
use crate::files;

/// Somebody whose key is to be rotated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    /// The name of the rotation to be.
    pub(super) id: RotationId,
    /// What was approved.
    pub(super) request: Request,
}

/// One line of the file. The first one is the campaign.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
enum Line {
    Campaign {
        utc: Timestamp,
        account: Option<String>,
        at_once: u8,
        members: Vec<Member>,
    },
    /// This one will not begin: nothing was changed for it.
    Dropped {
        utc: Timestamp,
        id: RotationId,
        why: String,
    },
}

/// A campaign as its file tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Campaign {
    path: PathBuf,
    utc: Timestamp,
    /// The account that it was approved for.
    pub(super) account: Option<String>,
    /// How many may be at work at the same time.
    pub(super) at_once: u8,
    members: Vec<Member>,
    dropped: BTreeMap<RotationId, (Timestamp, String)>,
}

/// How the file of a campaign ends.
const ENDING: &str = "campaign";
/// The longest file that is read, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

impl Campaign {
    /// Writes a campaign down; it is on disk when this returns.
    ///
    /// # Errors
    /// It is not on disk: nothing of it may begin.
    pub(super) fn create(
        folder: &Path,
        account: Option<&str>,
        at_once: u8,
        members: Vec<Member>,
        utc: Timestamp,
    ) -> Result<Self, JournalError> {
        make_folder(folder)?;
        let name = members.first().map_or_else(String::new, |first| plain(&first.id.0));
        let path = folder.join(name).with_extension(ENDING);
        let account = account.map(str::to_owned);
        let line = Line::Campaign { utc, account: account.clone(), at_once, members: members.clone() };
        let mut file = files::create(&path).map_err(|error| disk(&path, "made", error))?;
        if let Err(error) = write(&mut file, &line) {
            let _never_began_when_it_is_read = std::fs::remove_file(&path);
            return Err(disk(&path, "written", error));
        }
        sync_folder(folder)?;
        Ok(Self { path, utc, account, at_once, members, dropped: BTreeMap::new() })
    }

    /// The campaigns of a folder, oldest first, and what could not be read.
    pub(super) fn all(folder: &Path) -> (Vec<Self>, Vec<String>) {
        let (mut campaigns, mut problems) = (Vec::new(), Vec::new());
        let Ok(entries) = std::fs::read_dir(folder) else { return (campaigns, problems) };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
        paths.sort();
        for path in paths {
            match Self::read(&path) {
                Ok(campaign) => campaigns.extend(campaign),
                Err(error) => problems.push(error.to_string()),
            }
        }
        (campaigns, problems)
    }

    /// Reads one; `None`: it never began, since its first line is not whole.
    fn read(path: &Path) -> Result<Option<Self>, JournalError> {
        let file = files::read(path);
        let mut text = String::new();
        file.and_then(|file| file.take(LONGEST).read_to_string(&mut text)).map_err(|error| disk(path, "read", error))?;
        let Some((first, rest)) = text.split_once('\n') else { return Ok(None) };
        let Ok(Line::Campaign { utc, account, at_once, members }) = serde_json::from_str(first) else {
            let path = path.display().to_string();
            return Err(JournalError::Damaged { path, line: 1, problem: "it is no campaign" });
        };
        // A line that was cut off says that somebody will not begin: then that is found out once more.
        let dropped = rest.lines().filter_map(|line| match serde_json::from_str(line) {
            Ok(Line::Dropped { utc, id, why }) => Some((id, (utc, why))),
            _ => None,
        });
        Ok(Some(Self { path: path.to_owned(), utc, account, at_once, dropped: dropped.collect(), members }))
    }

    /// Those that have neither begun nor been dropped.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| self.is_waiting(member))
    }

    fn is_waiting(&self, member: &Member) -> bool {
        !self.dropped.contains_key(&member.id) && !self.has_begun(member)
    }

    /// The member of this id, if it has neither begun nor been dropped. Looks at its own journal alone: a campaign asks for each of many.
    pub(super) fn waiting_member(&self, id: &RotationId) -> Option<&Member> {
        self.member(id).filter(|member| self.is_waiting(member))
    }

    fn has_begun(&self, member: &Member) -> bool {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let path = file_of(folder, &member.id);
        path.exists() && !matches!(Journal::read(&path), Err(JournalError::NeverBegan { .. }))
    }

    /// The member of this id.
    pub(super) fn member(&self, id: &RotationId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *id)
    }

    /// Writes down that a member will not begin.
    ///
    /// # Errors
    /// It is not on disk: then it is tried again when the campaign goes on.
    pub(super) fn drop_member(&self, id: &RotationId, why: &str, utc: Timestamp) -> Result<(), JournalError> {
        let line = Line::Dropped { utc, id: id.clone(), why: why.to_owned() };
        let file = files::append(&self.path);
        file.and_then(|mut file| write(&mut file, &line)).map_err(|error| disk(&self.path, "written", error))
    }

    /// The rows of those that have no journal.
    pub(super) fn rows(&self) -> Vec<Rotation> {
        let account = self.account.clone().unwrap_or_default();
        let waiting = self.waiting().map(|member| Rotation { wait: Wait::Nobody, ..row(member, &account, self.utc) });
        let dropped = self.dropped.iter().filter_map(|(id, (at, why))| {
            let member = self.member(id).filter(|member| !self.has_begun(member))?;
            Some(dropped(row(member, &account, self.utc), super::refusal(why, *at), *at))
        });
        waiting.chain(dropped).collect()
    }
}

/// One line, in one piece, durable.
fn write(file: &mut File, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_vec(line).map_err(io::Error::from)?;
    // The line before may have been cut off.
    if matches!(line, Line::Dropped { .. }) {
        text.insert(0, b'\n');
    }
    text.push(b'\n');
    file.write_all(&text)?;
    file.sync_data()
}

/// A rotation of which nothing is known yet but what was asked.
pub(super) fn row(member: &Member, account: &str, at: Timestamp) -> Rotation {
    let Member { id, request } = member;
    Rotation {
        id: id.clone(),
        account: account.to_owned(),
        user: request.user.clone(),
        old_key: request.key.clone().unwrap_or_else(|| "".into()),
        new_key: None,
        store: request.store.clone(),
        copies: Vec::new(),
        own_key: false,
        renew: request.renew,
        phase: Phase::Planned,
        wait: Wait::Turn,
        started: at,
        since: at,
        bound: None,
        checks: (0, 0),
        history: vec![(Phase::Planned, at)],
        old_last_used: None,
        fault: None,
    }
}

/// A rotation that will not begin.
pub(super) fn dropped(row: Rotation, why: crate::domain::fault::Fault, at: Timestamp) -> Rotation {
    let history = row.history.iter().cloned().chain([(Phase::Aborted, at)]).collect();
    Rotation { phase: Phase::Aborted, wait: Wait::Ended, since: at, history, fault: Some(why), ..row }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test stands at the edge")]
mod tests {
    use super::*;
    use crate::domain::rotation::{EscrowKey, OtherKey, StoreChoice};

    fn member(user: &str) -> Member {
        let request = Request {
            user: user.into(),
            key: None,
            store: StoreChoice::Keyring { profile: user.into() },
            soak: jiff::SignedDuration::ZERO,
            observe: jiff::SignedDuration::ZERO,
            other: OtherKey::Stop,
            escrow: EscrowKey::Keyring,
            renew: false,
        };
        Member { id: RotationId(format!("20261122T020000000001Z-{user}-0001")), request }
    }

    #[test]
    fn who_has_not_begun_is_remembered_and_who_will_not_begin_is_too() {
        let folder = tempfile::tempdir().unwrap();
        let at = Timestamp::UNIX_EPOCH;
        let members = ["ada", "bob", "eve"].map(member).to_vec();
        let made = Campaign::create(folder.path(), Some("123456789012"), 2, members.clone(), at).unwrap();
        made.drop_member(&members[1].id, "no key", at).unwrap();
        // Cut off in the middle of a line, and another one behind it.
        let mut file = File::options().append(true).open(&made.path).unwrap();
        file.write_all(b"\n{\"entry\":\"dropped\",\"utc\":").unwrap();
        made.drop_member(&members[2].id, "two keys", at).unwrap();
        let (read, problems) = Campaign::all(folder.path());
        assert!(problems.is_empty() && read.len() == 1, "{problems:?}");
        assert_eq!(read[0].waiting().collect::<Vec<_>>(), [&members[0]]);
        let rows = read[0].rows();
        assert_eq!((rows[0].user.raw(), &rows[0].wait), ("ada", &Wait::Nobody));
        let why: Vec<_> = rows[1..].iter().map(|row| (row.phase, row.fault.as_ref().unwrap().message.raw())).collect();
        assert_eq!(why, [(Phase::Aborted, "no key"), (Phase::Aborted, "two keys")]);
    }

    #[test]
    fn a_campaign_without_a_whole_first_line_never_began() {
        let folder = tempfile::tempdir().unwrap();
        let made = Campaign::create(folder.path(), None, 2, vec![member("ada")], Timestamp::UNIX_EPOCH).unwrap();
        let whole = std::fs::read(&made.path).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(&made.path, &whole[..cut]).unwrap();
            assert_eq!(Campaign::all(folder.path()), (Vec::new(), Vec::new()), "cut at {cut}");
        }
        std::fs::write(&made.path, b"x\n").unwrap();
        assert_eq!(Campaign::all(folder.path()).1.len(), 1);
    }
}
