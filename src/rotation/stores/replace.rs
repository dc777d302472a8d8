//! A small file replaced as a whole: at every moment, and after a kill at any moment, it holds the old content or the new one.
//!
//! Under a lock of the folder: read, edit, write the new content beside it (mode 0600 from its first byte), fsync, compare once more what
//! is there, swap, fsync the folder. Where the system can exchange two names in one step (Linux), what comes out is compared as well, so
//! that a change by somebody who knows nothing of our lock is edited into and not lost. Nothing stays beside the file; what a killed
//! process left there is removed by the next one.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, Gid, Mode, Uid};
use rustix::process::{Resource, getrlimit};
use zeroize::Zeroizing;

use super::{StoreError, StoreErrorKind};

/// Content of a file; may hold secrets.
pub(super) type Content = Zeroizing<Vec<u8>>;

/// How often an edit is tried when others change the file meanwhile.
pub(super) const ATTEMPTS: u32 = 5;
/// How long the lock is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at the lock.
const LOCK_STEP: Duration = Duration::from_millis(20);
/// A file of credentials is never as long as this; what is, is something else.
const MAX_LENGTH: u64 = 16 << 20;
/// Room that has to be left in the folder's file system.
const MIN_FREE: u64 = 1 << 20;

/// A file that is replaced as a whole.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// As it was named, possibly a symbolic link.
    path: PathBuf,
    /// What it is called in messages.
    name: String,
}

/// The file behind the links.
struct Target {
    folder: PathBuf,
    file: OsString,
}

impl Target {
    fn path(&self) -> PathBuf {
        self.folder.join(&self.file)
    }

    fn prefix(&self) -> String {
        format!(".{}.bartizan-", self.file.to_string_lossy())
    }
}

/// What an exchange took out although somebody else had just put it in: the next attempt is made from it.
struct Rescued {
    ours: Content,
    theirs: Content,
}

/// What an edit makes of the content: new content, or `None` where nothing has to change.
pub(super) type Edited = Result<Option<Content>, StoreError>;

impl Place {
    pub(super) fn new(path: PathBuf, name: String) -> Self {
        Self { path, name }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The content; `None` where there is no file.
    pub(super) fn read(&self) -> Result<Option<Content>, StoreError> {
        match self.target()? {
            Some(target) => self.read_target(&target),
            None => Ok(None),
        }
    }

    /// What the owner of the file should know before it is replaced, one sentence each. `wide`: what follows from a mode that lets
    /// others in.
    pub(super) fn notes(&self, wide: &str) -> Vec<String> {
        let path = self.path.display();
        let is_link = std::fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_symlink());
        let target = std::fs::canonicalize(&self.path).ok().filter(|_| is_link);
        let mut notes: Vec<String> = target
            .map(|target| format!("{path} is a symbolic link: what is replaced is {}", target.display()))
            .into_iter()
            .collect();
        let Ok(found) = std::fs::metadata(&self.path) else { return notes };
        let mode = found.mode() & 0o777;
        if mode & 0o177 != 0 {
            notes.push(format!("{path} has mode {mode:04o}: {wide}"));
        }
        let others = found.nlink().saturating_sub(1);
        if others > 0 {
            let names =
                if others == 1 { "one more name (a hard link)".to_owned() } else { format!("{others} more names (hard links)") };
            notes.push(format!("{path} has {names}: what is read there will still be the old key"));
        }
        notes
    }

    /// Tries what [`Self::rewrite`] will need: folder, room, owner; removes what killed processes left. The file is not touched.
    pub(super) fn probe(&self) -> Result<(), StoreError> {
        let Some(target) = self.target()? else {
            return Ok(()); // The folder is made together with the file.
        };
        let content = self.read_target(&target)?;
        let _lock = self.lock(&target)?;
        self.sweep(&target);
        let room =
            rustix::fs::statvfs(&target.folder).map_err(|error| self.error(&error.into(), "could not look at the folder"))?;
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        if free < MIN_FREE {
            let words = format!("{free} bytes are free in {}, fewer than {MIN_FREE}", target.folder.display());
            return Err(StoreError::new(StoreErrorKind::Full, &self.name, words));
        }
        // As long as the file will be, and nothing of what is in it.
        let canary = Zeroizing::new(vec![b'#'; content.map_or(0, |content| content.len()) + 4096]);
        drop(self.write_beside(&target, &canary)?);
        Ok(())
    }

    /// Replaces the content by what `edit` makes of it. `edit` is called again when somebody else changes the file meanwhile.
    ///
    /// # Errors
    /// The file is as it was, or as others made it.
    pub(super) fn rewrite(&self, mut edit: impl FnMut(Option<&[u8]>) -> Edited) -> Result<(), StoreError> {
        let target = match self.target()? {
            Some(target) => target,
            None if edit(None)?.is_none() => return Ok(()),
            None => self.make_folder()?,
        };
        let _lock = self.lock(&target)?;
        self.sweep(&target);
        let mut rescued: Option<Rescued> = None;
        let mut attempt = 0;
        // What was taken out has to find its way back, so it is given more attempts.
        while attempt < ATTEMPTS || (rescued.is_some() && attempt < 4 * ATTEMPTS) {
            attempt += 1;
            let present = self.read_target(&target)?;
            let rescue = rescued.take().filter(|rescued| present.as_ref() == Some(&rescued.ours)).map(|rescued| rescued.theirs);
            let base = rescue.as_ref().or(present.as_ref());
            let (new, result) = match (edit(base.map(|content| content.as_slice())), rescue) {
                (Ok(Some(new)), _) => (new, Ok(())),
                // Nothing to do, or not possible any more: what was taken out is put back.
                (Ok(None), Some(theirs)) => (theirs, Ok(())),
                (Err(error), Some(theirs)) => (theirs, Err(error)),
                (result, None) => return result.map(drop),
            };
            let beside = self.write_beside(&target, &new)?;
            if self.read_target(&target)? != present {
                continue;
            }
            match swap(beside, &target.path(), present.as_ref())
                .map_err(|error| self.error(&error, "could not replace the file"))?
            {
                Swapped::Changed(theirs) => rescued = theirs.map(|theirs| Rescued { ours: new, theirs }),
                Swapped::Done => {
                    self.sync_folder(&target)?;
                    // Whoever read before the swap and writes after it knows nothing of ours.
                    if result.is_err() || self.read_target(&target)?.as_ref() == Some(&new) {
                        return result;
                    }
                }
            }
        }
        Err(StoreError::new(StoreErrorKind::Changed, &self.name, format!("somebody else changed it {ATTEMPTS} times meanwhile"))
            .advise("stop the program that writes it, then continue"))
    }

    /// The file behind the links; `None` where its folder is not there.
    fn target(&self) -> Result<Option<Target>, StoreError> {
        let full = match std::fs::canonicalize(&self.path) {
            Ok(full) => full,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if std::fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_symlink()) {
                    return Err(StoreError::new(StoreErrorKind::Absent, &self.name, "it is a link that leads nowhere"));
                }
                let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                match (std::fs::canonicalize(folder), self.path.file_name()) {
                    (Ok(folder), Some(file)) => folder.join(file),
                    (Err(error), Some(_)) if error.kind() == ErrorKind::NotFound => return Ok(None),
                    (Err(error), _) => return Err(self.error(&error, "could not find its folder")),
                    (Ok(_), None) => return Err(StoreError::new(StoreErrorKind::Other, &self.name, "its path names no file")),
                }
            }
            Err(error) => return Err(self.error(&error, "could not follow its path")),
        };
        let parts = full.parent().zip(full.file_name());
        Ok(parts.map(|(folder, file)| Target { folder: folder.to_owned(), file: file.to_owned() }))
    }

    fn make_folder(&self) -> Result<Target, StoreError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| self.error(&error, "could not make its folder"))?;
        self.target()?.ok_or_else(|| StoreError::new(StoreErrorKind::Absent, &self.name, "its folder has gone"))
    }

    fn read_target(&self, target: &Target) -> Result<Option<Content>, StoreError> {
        let opened =
            OpenOptions::new().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed()).open(target.path());
        let mut file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.denied(&error, "could not open it")),
        };
        let found = file.metadata().map_err(|error| self.error(&error, "could not look at it"))?;
        if !found.is_file() || found.len() > MAX_LENGTH {
            return Err(StoreError::new(
                StoreErrorKind::Corrupt,
                &self.name,
                "it is no file, or far too long for one of credentials",
            ));
        }
        // Room for all of it at once: growing would leave copies behind in freed memory.
        let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default() + 1));
        file.read_to_end(&mut content).map_err(|error| self.error(&error, "could not read it"))?;
        Ok(Some(content))
    }

    /// One writer at a time among us. The folder is locked and not the file, which is another one after each swap.
    fn lock(&self, target: &Target) -> Result<Option<File>, StoreError> {
        let folder = OpenOptions::new().read(true).open(&target.folder);
        let folder = folder.map_err(|error| self.denied(&error, "could not open its folder"))?;
        let steps = LOCK_PATIENCE.as_millis() / LOCK_STEP.as_millis();
        for _step in 0..steps {
            match rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(folder)),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {}
                // A file system without such locks: the comparisons have to do.
                Err(_) => return Ok(None),
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "the system has no lock with a deadline; this runs on a thread for blocking calls"
            )]
            std::thread::sleep(LOCK_STEP);
        }
        Err(StoreError::new(StoreErrorKind::Blocking, &self.name, "another process has been writing it for ten seconds"))
    }

    /// Removes what processes that were killed left beside the file. Only under the lock.
    fn sweep(&self, target: &Target) {
        let prefix = target.prefix();
        let Ok(entries) = std::fs::read_dir(&target.folder) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                let _if_it_cannot_be_removed_it_is_tried_again = std::fs::remove_file(entry.path());
            }
        }
    }

    fn write_beside(&self, target: &Target, content: &[u8]) -> Result<Beside, StoreError> {
        let limit = getrlimit(Resource::Fsize).current;
        if limit.is_some_and(|limit| u64::try_from(content.len()).is_ok_and(|length| length > limit)) {
            // Writing beyond the limit would end the process by a signal.
            return Err(StoreError::new(
                StoreErrorKind::Full,
                &self.name,
                "this process may not write files as long as this one (ulimit -f)",
            ));
        }
        let failed = |error: io::Error| self.error(&error, "could not write the new content beside it");
        let path = target.folder.join(format!("{}{:016x}", target.prefix(), fastrand::u64(..)));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        let mut beside = Beside { path, file };
        beside.file.write_all(content).map_err(failed)?;
        if let Ok(found) = std::fs::metadata(target.path()) {
            let mine = beside.file.metadata().map_err(failed)?;
            if (mine.uid(), mine.gid()) != (found.uid(), found.gid()) {
                let owner = (Some(Uid::from_raw(found.uid())), Some(Gid::from_raw(found.gid())));
                rustix::fs::fchown(&beside.file, owner.0, owner.1)
                    .map_err(|error| self.denied(&error.into(), "could not keep its owner"))?;
            }
            rustix::fs::fchmod(&beside.file, Mode::from_raw_mode(found.mode() & 0o7777)).map_err(|error| failed(error.into()))?;
        }
        beside.file.sync_all().map_err(failed)?;
        Ok(beside)
    }

    fn sync_folder(&self, target: &Target) -> Result<(), StoreError> {
        let synced = OpenOptions::new().read(true).open(&target.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| self.error(&error, "replaced it, but could not make that lasting"))
    }

    /// An error of a step that writes.
    fn error(&self, error: &io::Error, what: &str) -> StoreError {
        let kind = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => StoreErrorKind::Full,
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied | ErrorKind::ResourceBusy => StoreErrorKind::ReadOnly,
            ErrorKind::NotFound => StoreErrorKind::Absent,
            _ => StoreErrorKind::Other,
        };
        StoreError::new(kind, &self.name, format!("{what}: {error}"))
    }

    /// An error of a step that only looks, or that wants another owner's rights.
    fn denied(&self, error: &io::Error, what: &str) -> StoreError {
        let mut error = self.error(error, what);
        if error.kind == StoreErrorKind::ReadOnly {
            error = StoreError::new(StoreErrorKind::Denied, &self.name, error.message);
        }
        error
    }
}

/// New content beside the file; removed again unless it takes the file's place.
struct Beside {
    path: PathBuf,
    file: File,
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _gone_if_it_took_the_place = std::fs::remove_file(&self.path);
    }
}

enum Swapped {
    Done,
    /// Somebody else's content came out, or the file had gone.
    Changed(Option<Content>),
}

/// Puts the new content in the file's place, unless the file is not what it was.
#[cfg(target_os = "linux")]
fn swap(beside: Beside, path: &Path, was: Option<&Content>) -> io::Result<Swapped> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    let flags = if was.is_some() { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
    match renameat_with(CWD, &beside.path, CWD, path, flags) {
        Ok(()) => {}
        Err(Errno::EXIST | Errno::NOENT) => return Ok(Swapped::Changed(None)),
        // A file system that cannot exchange: the comparison just made has to do.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            return std::fs::rename(&beside.path, path).map(|()| Swapped::Done);
        }
        Err(error) => return Err(error.into()),
    }
    let Some(was) = was else { return Ok(Swapped::Done) };
    let mut out = Content::default();
    OpenOptions::new().read(true).open(&beside.path)?.read_to_end(&mut out)?;
    Ok(if out == *was { Swapped::Done } else { Swapped::Changed(Some(out)) })
}

/// Puts the new content in the file's place; the comparison just made has to do.
#[cfg(not(target_os = "linux"))]
fn swap(beside: Beside, path: &Path, _was: Option<&Content>) -> io::Result<Swapped> {
    std::fs::rename(&beside.path, path).map(|()| Swapped::Done)
}
