//! Appending to the log.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::anchor::Anchor;
use super::error::AuditError;
use super::files::{self, HEAD};
use super::history::{self, Outcome};
use super::record::{self, Phase, ReadBack, Record, SetAside};
use super::tail::{Head, Link, Tail};
use crate::secrets::Keyring;

/// Who is about to do what to what, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Entry {
    /// The caller's ARN; `None`: not known.
    pub caller: Option<String>,
    /// The account's id; `None`: not known.
    pub account: Option<String>,
    /// The region of the call.
    pub region: String,
    /// The IAM action: `iam:UpdateAccessKey`.
    pub call: String,
    /// What it is done to.
    pub object: String,
    /// The reason that the person gave.
    pub reason: Option<String>,
    /// Where it was asked for: `console`, `rotate`, `shell` and the like.
    pub origin: String,
}

/// The log. Clones share it; other processes may append to it as well.
#[derive(Clone)]
pub struct AuditLog(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    anchor: Option<Anchor>,
    /// One thread at a time: the lock on the file keeps processes apart, not threads.
    turn: Mutex<()>,
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditLog({})", self.0.folder.display())
    }
}

/// The proof that an intent is on disk. Dropped without its outcome, it stays in the log as a call whose outcome is unknown.
#[must_use]
pub struct Intent {
    log: AuditLog,
    number: u64,
    call: String,
    object: String,
}

impl fmt::Debug for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Intent({})", self.number)
    }
}

impl Intent {
    /// Its record's number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The call that it is about: `iam:UpdateAccessKey`.
    pub fn call(&self) -> &str {
        &self.call
    }

    /// Writes what became of it: done, or AWS's error code. On disk when it returns. It blocks.
    ///
    /// # Errors
    /// It could not be written; the log then says that the outcome is unknown.
    pub fn outcome(self, result: Result<(), String>, request_id: Option<String>) -> Result<(), AuditError> {
        let Self { log, number, call, object } = self;
        let code = result.err().map(cut);
        let done = code.is_none();
        let request_id = request_id.map(cut);
        log.append(Phase::Outcome { intent: number, call, object, done, code, request_id, read_back: None }).map(|_| ())
    }

    /// Writes what reads said about a call whose answer was lost: whether it is in effect, or why that could not be read. It blocks.
    ///
    /// # Errors
    /// It could not be written; the log then says that the outcome is unknown, without saying why.
    pub fn read_back(self, in_effect: Result<bool, String>) -> Result<(), AuditError> {
        let Self { log, number, call, object } = self;
        let done = in_effect == Ok(true);
        let read_back = Some(match in_effect {
            Ok(true) => ReadBack::InEffect,
            Ok(false) => ReadBack::NotInEffect,
            Err(why) => ReadBack::Unknown { why: cut(why) },
        });
        log.append(Phase::Outcome { intent: number, call, object, done, code: None, request_id: None, read_back }).map(|_| ())
    }
}

impl AuditLog {
    /// Opens the log in a folder, which is made where it is missing. With a keyring, the newest record is anchored there
    /// after each append, on a thread of its own: a keyring that is locked or away delays nothing and fails nothing.
    ///
    /// # Errors
    /// The folder can be neither made nor used.
    pub fn open(folder: &Path, keyring: Option<Keyring>) -> Result<Self, AuditError> {
        #[expect(clippy::disallowed_methods, reason = "the edge: records are written when they are written")]
        Self::open_at(folder, keyring, Timestamp::now)
    }

    /// [`AuditLog::open`] with another clock.
    ///
    /// # Errors
    /// See [`AuditLog::open`].
    pub fn open_at(
        folder: &Path,
        keyring: Option<Keyring>,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Result<Self, AuditError> {
        files::make(folder)?;
        let folder = folder.canonicalize().map_err(|error| AuditError::io("open", folder, &error))?;
        let anchor = keyring.map(|keyring| Anchor::new(keyring, &folder));
        Ok(Self(Arc::new(Inner { folder, clock: Box::new(clock), anchor, turn: Mutex::default() })))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Writes that a call is about to be made. On disk when it returns; if it fails, the call must not be made. It blocks.
    ///
    /// # Errors
    /// It could not be written; the log is as it was.
    pub fn intend(&self, entry: Entry) -> Result<Intent, AuditError> {
        let Entry { caller, account, region, call, object, reason, origin } = entry;
        let entry = Entry {
            caller: caller.map(cut),
            account: account.map(cut),
            region: cut(region),
            call: cut(call),
            object: cut(object),
            reason: reason.map(cut),
            origin: cut(origin),
        };
        let (call, object) = (entry.call.clone(), entry.object.clone());
        let number = self.append(Phase::Intent(entry))?.number;
        Ok(Intent { log: self.clone(), number, call, object })
    }

    /// The newest intent to make this call, where nobody knows what became of it: of a program that has ended since, say. It blocks.
    pub fn unsettled(&self, account: &str, call: &str, object: &str) -> Option<Intent> {
        let (call, object) = (cut(call.to_owned()), cut(object.to_owned()));
        let changes = history::changes(self.folder()).ok()?;
        let is_it = |entry: &Entry| entry.account.as_deref() == Some(account) && entry.call == call && entry.object == object;
        let newest = changes.into_iter().rfind(|change| is_it(&change.entry))?;
        let number = newest.number;
        (newest.outcome == Outcome::Unknown).then(|| Intent { log: self.clone(), number, call, object })
    }

    /// Anchors the newest record and waits for it, not longer than the keyring's deadline.
    pub fn settle(&self) {
        if let Some(anchor) = &self.0.anchor {
            anchor.wait();
        }
    }

    /// Anchors the newest record where that has not been done yet, as after a keyring was unlocked, and waits for it.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn anchor(&self) -> Result<(), AuditError> {
        let Some(anchor) = &self.0.anchor else { return Ok(()) };
        let tail = Tail::of(&self.0.folder).map_err(|error| AuditError::io("read", &self.0.folder, &error))?;
        if tail.last.number > 0 {
            anchor.note(&tail.last);
            anchor.wait();
        }
        Ok(())
    }

    /// Writes the first record of a log that takes the place of another.
    pub(super) fn begin_after(&self, aside: SetAside) -> Result<(), AuditError> {
        self.append(begin(Some(aside))).map(|_| ())
    }

    fn append(&self, phase: Phase) -> Result<Link, AuditError> {
        let Inner { folder, clock, anchor, turn } = &*self.0;
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |what| move |error: io::Error| AuditError::io(what, folder, &error);
        let mut head = locked_head(folder)?;
        let said = Head::read(&mut head).map_err(failed("read"))?;
        let tail = Tail::of(folder).map_err(failed("read"))?;
        let now = clock();
        let file = tail.file.clone().max(Some(folder.join(files::month(now)))).unwrap_or_default();
        let mut pen =
            Pen { head, link: tail.last.clone(), now, anchored: anchor.as_ref().and_then(Anchor::newest), needs_line_end: false };
        // Bytes without an end are closed and explained where they are; everything else goes into this month's file.
        if let (Some(mark), Some(torn)) = (tail.torn_mark(), &tail.file) {
            pen.needs_line_end = true;
            if tail.last.number == 0 {
                pen.write(torn, begin(None))?;
            }
            pen.write(torn, Phase::Mark(mark))?;
        }
        if pen.link.number == 0 && !matches!(phase, Phase::Begin { .. }) {
            pen.write(&file, begin(None))?;
        }
        if let Some(mark) = tail.differs_mark(&said) {
            pen.write(&file, Phase::Mark(mark))?;
        }
        pen.write(&file, phase)?;
        if let Some(anchor) = anchor {
            anchor.note(&pen.link);
        }
        Ok(pen.link)
    }
}

fn begin(after: Option<SetAside>) -> Phase {
    Phase::Begin { log: format!("{:032x}", fastrand::u128(..)), version: env!("CARGO_PKG_VERSION").to_owned(), after }
}

/// Writes records while the lock is held: dropping it gives the lock back.
struct Pen {
    head: File,
    link: Link,
    now: Timestamp,
    anchored: Option<u64>,
    /// Whether something without an end stands before what is written next.
    needs_line_end: bool,
}

impl Pen {
    fn write(&mut self, path: &Path, phase: Phase) -> Result<(), AuditError> {
        let number = self.link.number.saturating_add(1);
        let record = Record { number, utc: self.now, phase, anchored: self.anchored, previous: self.link.hash.clone() };
        let (line, hash) = record::line(&record)
            .map_err(|error| AuditError::new("write", path, error.to_string(), "this is a defect: please report it"))?;
        let line = format!("{}{line}\n", if self.needs_line_end { "\n" } else { "" });
        let link = Link { number, hash };
        self.put(path, line.as_bytes(), &link).map_err(|error| AuditError::io("write", path, &error))?;
        self.link = link;
        self.needs_line_end = false;
        Ok(())
    }

    /// The line and then `head`, each on disk before the next. If either fails, the line is taken back: nobody was told of it.
    fn put(&mut self, path: &Path, line: &[u8], link: &Link) -> io::Result<()> {
        let mut file = files::open(path)?;
        let before = file.seek(SeekFrom::End(0))?;
        let put = file.write_all(line).and_then(|()| file.sync_all()).and_then(|()| Head::write(&mut self.head, link));
        put.inspect_err(|_| {
            // Where even this fails, the next append finds an unfinished line and says so.
            let _unfinished = file.set_len(before).and_then(|()| file.sync_all());
        })
    }
}

/// How often the lock is tried for, and how long it is waited between. A holder needs milliseconds; one that was stopped may never go on.
const TRIES: u32 = 500;
const BETWEEN: Duration = Duration::from_millis(20);

/// Opens `head` and keeps other processes out until it is closed.
fn locked_head(folder: &Path) -> Result<File, AuditError> {
    let path = folder.join(HEAD);
    for _ in 0..TRIES {
        let head = files::open(&path).map_err(|error| AuditError::io("open", &path, &error))?;
        lock(&head, &path)?;
        // Somebody may have set the log aside while we waited: then this is the lock of another log.
        if files::is_at(&head, &path).map_err(|error| AuditError::io("open", &path, &error))? {
            return Ok(head);
        }
    }
    Err(AuditError::new("lock", &path, "it is replaced again and again", "look for a program that changes this folder"))
}

/// Keeps other processes out until the file is closed.
pub(super) fn lock(file: &File, path: &Path) -> Result<(), AuditError> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(BETWEEN),
            Err(TryLockError::Error(error)) => return Err(AuditError::io("lock", path, &error)),
        }
    }
    let advice = "end or continue the bartizan that was stopped meanwhile (`fuser` names it)";
    Err(AuditError::new("lock", path, "another process holds it", advice))
}

/// More than this of a field says nothing more, and a line has to have an end.
const LONGEST_FIELD: usize = 1000;

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST_FIELD) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
