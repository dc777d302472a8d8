//! Every file that the program keeps is opened here: an ordinary file of ours, through no symbolic link, that nobody else can write to.
//!
//! What stands in our folders decides what is unlocked, resumed, undone and proven. A FIFO in place of a file would make us wait for ever,
//! a symbolic link would have us read or overwrite somebody else's file, and what others can write says whatever they like. Each is refused
//! in words that say what to do; nothing is mended in silence, as nobody knows what has been done to the file by then.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// Others may write.
const OTHERS_WRITE: u32 = 0o002;
/// The group may write.
const GROUP_WRITES: u32 = 0o020;
/// Nobody but their owners may remove or rename what is in the folder.
const STICKY: u32 = 0o1000;

/// Opens a file for reading.
///
/// # Errors
/// It is not there or cannot be opened, or it is refused: the text says why, and what to do.
pub fn read(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true), path)
}

/// What a file says.
///
/// # Errors
/// As for [`read`]; or it is no UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    read(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Opens a file that is there for reading and writing.
///
/// # Errors
/// As for [`read`].
pub fn edit(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true).write(true), path)
}

/// Opens a file for reading and writing; makes it, for its owner alone, where it is missing. Its content stays.
///
/// # Errors
/// As for [`read`].
pub fn keep(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true).write(true).create(true).truncate(false), path)
}

/// Makes a file that must not be there yet, for its owner alone.
///
/// # Errors
/// It is there, cannot be made, or its folder is refused.
pub fn create(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true).write(true).create_new(true), path)
}

/// Opens a file that is there to write at its end.
///
/// # Errors
/// As for [`read`].
pub fn append(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().append(true), path)
}

/// Opens a file that the person named to write at its end; makes it, for its owner alone, where it is missing. It may stand in any folder,
/// such as /tmp, but has to be a file, and nobody else's.
///
/// # Errors
/// It cannot be opened, or is refused.
pub fn append_own(path: &Path) -> io::Result<File> {
    open_unplaced(OpenOptions::new().append(true).create(true), path).map(|(file, _)| file)
}

/// What a file says that is the person's own and not ours: it may be a link and anybody's. A FIFO or a device is refused all the same, as
/// nobody wants to wait for it before the first frame.
///
/// # Errors
/// It cannot be read, or is no file.
pub fn read_own(path: &Path) -> io::Result<String> {
    let mut file = OpenOptions::new().read(true).custom_flags(flags(OFlags::NONBLOCK)).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other(format!("it is {}, not a file", what(&found))));
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// Makes a folder, with those above it, for its owner alone, and makes sure that nobody else can write to it.
///
/// # Errors
/// It cannot be made, or is refused.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    check_folders(folder)
}

/// Makes sure that names in a folder outlive a crash.
///
/// # Errors
/// The disk.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).open(folder)?.sync_all()
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    check_folders(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    let (file, found) = open_unplaced(options, path)?;
    if is_open_to_others(&found) {
        let mode = found.mode() & 0o7777;
        let name = name(path);
        return Err(io::Error::other(format!(
            "other users can write to {name} (mode {mode:04o}): check what it says, then `chmod 600` it, or remove it"
        )));
    }
    Ok(file)
}

/// Opens a file, wherever it stands, that is one and nobody else's.
fn open_unplaced(options: &mut OpenOptions, path: &Path) -> io::Result<(File, Metadata)> {
    // Not blocking: a FIFO would wait for its other end before anybody could look at what it is.
    let opened = options.mode(0o600).custom_flags(flags(OFlags::NOFOLLOW | OFlags::NONBLOCK)).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // The system's words for a link are about loops, and those for a FIFO about devices.
        Err(error) => {
            return Err(match std::fs::symlink_metadata(path) {
                Ok(found) if !found.is_file() => refused(path, &found),
                _ => error,
            });
        }
    };
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(refused(path, &found));
    }
    check_owner(path, &found)?;
    Ok((file, found))
}

/// Root may use anybody's; others use their own and root's.
fn check_owner(path: &Path, found: &Metadata) -> io::Result<()> {
    let (us, owner) = (rustix::process::geteuid().as_raw(), found.uid());
    if us == 0 || owner == us || owner == 0 {
        return Ok(());
    }
    let name = name(path);
    Err(io::Error::other(format!(
        "{name} belongs to another user (uid {owner}, and you are {us}): remove it, or have it given to you"
    )))
}

/// Whoever can write to a folder, or to one above it, can put another file in place of ours.
fn check_folders(folder: &Path) -> io::Result<()> {
    for (above, folder) in folder.ancestors().enumerate().filter(|(_, folder)| !folder.as_os_str().is_empty()) {
        let found = match std::fs::metadata(folder) {
            Ok(found) => found,
            // Whoever opens a file in it says so.
            Err(_) => continue,
        };
        // What lies in a folder such as /tmp only its owner can remove, but anybody can put files there.
        let is_shared = above > 0 && found.mode() & STICKY != 0;
        if is_open_to_others(&found) && !is_shared {
            let (name, mode) = (folder.display(), found.mode() & 0o7777);
            return Err(io::Error::other(format!(
                "other users can write to the folder {name} (mode {mode:04o}): `chmod go-w {name}`, or use another folder"
            )));
        }
    }
    Ok(())
}

/// A group of one's own has one member, and is what many systems give to new files.
fn is_open_to_others(found: &Metadata) -> bool {
    let mode = found.mode();
    let is_group_ours = found.gid() == rustix::process::getegid().as_raw() || found.gid() == 0;
    mode & OTHERS_WRITE != 0 || (mode & GROUP_WRITES != 0 && !is_group_ours)
}

fn refused(path: &Path, found: &Metadata) -> io::Error {
    let (name, what) = (name(path), what(found));
    io::Error::other(format!("{name} is {what} where only a file may be: find out who put it there, and remove it"))
}

/// Whoever shows the error names the folder at most; and a name in it may be an attacker's.
fn name(path: &Path) -> String {
    format!("{:?}", path.file_name().unwrap_or(path.as_os_str()))
}

fn what(found: &Metadata) -> &'static str {
    let kind = found.file_type();
    match () {
        () if kind.is_symlink() => "a symbolic link",
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

fn flags(flags: OFlags) -> i32 {
    i32::try_from(flags.bits()).unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test stands at the edge")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    type Open = (&'static str, fn(&Path) -> io::Result<File>);

    /// Each way to a file that is there.
    const WAYS: [Open; 4] = [("read", read), ("edit", edit), ("keep", keep), ("append", append)];

    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        (folder, path)
    }

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn fifo(path: &Path) {
        let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    }

    /// What each way says; a way that waits is a failure, not a hang.
    fn all_refuse(path: &Path, words: &str) {
        for (way, open) in WAYS {
            let (sender, receiver) = std::sync::mpsc::channel();
            let path = path.to_owned();
            std::thread::spawn(move || sender.send(open(&path).map(drop).map_err(|error| error.to_string())));
            let said = receiver.recv_timeout(std::time::Duration::from_secs(20)).unwrap_or_else(|_| panic!("{way} waits"));
            assert!(said.as_ref().is_err_and(|said| said.contains(words)), "{way}: {said:?}");
        }
    }

    #[test]
    fn what_is_no_file_is_refused_at_once_and_nothing_behind_it_is_touched() {
        let (folder, path) = place();
        fifo(&path);
        all_refuse(&path, "\"file\" is a FIFO where only a file may be");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        all_refuse(&path, "a folder");
        std::fs::remove_dir(&path).unwrap();
        let target = folder.path().join("target");
        std::fs::write(&target, "theirs").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        all_refuse(&path, "is a symbolic link");
        std::fs::remove_file(&target).unwrap();
        all_refuse(&path, "is a symbolic link");
        assert!(!target.exists(), "nothing is made behind a link");
        std::fs::remove_file(&path).unwrap();
        let _listening = std::os::unix::net::UnixListener::bind(&path).unwrap();
        all_refuse(&path, "a socket");
        all_refuse(Path::new("/dev/null"), "a device");
        for named in [Path::new("/dev/null"), &path] {
            assert!(append_own(named).unwrap_err().to_string().contains("where only a file may be"), "{}", named.display());
        }
    }

    #[test]
    fn what_others_can_write_is_refused_and_what_they_can_read_is_not() {
        let (_folder, path) = place();
        std::fs::write(&path, "text").unwrap();
        for mode in [0o666, 0o602, 0o777] {
            set_mode(&path, mode);
            all_refuse(&path, &format!("(mode {mode:04o})"));
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "nothing is mended in silence");
        }
        for mode in [0o600, 0o644, 0o660] {
            set_mode(&path, mode);
            assert_eq!(read_text(&path).unwrap(), "text", "{mode:o}");
        }
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_refused_wherever_it_stands_above() {
        let (folder, _) = place();
        let (state, audit) = (folder.path().join("state"), folder.path().join("state/audit"));
        make_folder(&audit).unwrap();
        assert_eq!(std::fs::metadata(&audit).unwrap().permissions().mode() & 0o777, 0o700);
        drop(create(&audit.join("log")).unwrap());
        for open in [&state, &audit] {
            set_mode(open, 0o777);
            all_refuse(&audit.join("log"), "chmod go-w");
            assert!(create(&audit.join("new")).is_err() && make_folder(&audit).is_err());
            set_mode(open, 0o700);
        }
        // As /tmp is: what lies further down is its owner's.
        set_mode(&state, 0o1777);
        assert!(read(&audit.join("log")).is_ok());
        set_mode(&state, 0o700);
        set_mode(&audit, 0o1777);
        all_refuse(&audit.join("log"), "other users can write to the folder");
        assert!(append_own(&audit.join("log")).is_ok(), "where the person put it");
    }

    #[test]
    fn a_new_file_is_its_owners_and_an_old_one_is_not_replaced() {
        let (_folder, path) = place();
        for make in [keep, create, append_own] {
            drop(make(&path).unwrap());
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            std::fs::remove_file(&path).unwrap();
        }
        for open in [read, edit, append] {
            assert_eq!(open(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }

    #[test]
    fn the_persons_own_files_may_be_links_and_are_still_files() {
        let (folder, path) = place();
        std::fs::write(folder.path().join("target"), "theirs").unwrap();
        set_mode(&folder.path().join("target"), 0o666);
        std::os::unix::fs::symlink("target", &path).unwrap();
        assert_eq!(read_own(&path).unwrap(), "theirs");
        std::fs::remove_file(&path).unwrap();
        fifo(&path);
        assert!(read_own(&path).unwrap_err().to_string().contains("a FIFO"));
    }
}
