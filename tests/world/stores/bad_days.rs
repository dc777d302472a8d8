//! Full disks, limits, folders that cannot be written, and others who write.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bartizan::rotation::stores::{Store as _, StoreErrorKind};

use super::corpus::{FILES, with};
use crate::needs::{NO_MOUNT, left_out};

use super::{NEW, OLD, helped, helper, is_root, names, pair, prod};

/// What a helper prints: the kind of error of probe and of put_pending, or `ok`.
async fn try_to_put(path: &Path) -> String {
    let store = prod(path);
    let word = |result: Result<(), bartizan::rotation::stores::StoreError>| match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => format!("{:?}", error.kind),
    };
    format!("{} {}", word(store.probe().await), word(store.put_pending(&pair(NEW)).await))
}

#[tokio::test]
#[ignore = "a process that tests start"]
async fn helper_puts() {
    let path = helped();
    println!("RESULT {}", try_to_put(&path).await);
}

fn result_of(mut command: Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let at = text.find("RESULT ").unwrap_or_else(|| panic!("{:?}: {text}", output.status));
    text[at + 7..].lines().next().unwrap().to_owned()
}

/// A small file system that goes with the test.
pub(crate) struct Small(pub(crate) PathBuf, #[expect(dead_code, reason = "the folder goes with it")] tempfile::TempDir);

impl Small {
    /// `None`, said on standard output: nothing can be mounted here.
    pub(crate) fn mount(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small");
        std::fs::create_dir(&path).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&path).stderr(Stdio::null()).status();
        if is_root() && mounted.is_ok_and(|status| status.success()) {
            return Some(Self(path, folder));
        }
        left_out(NO_MOUNT);
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_leaves_the_file_as_it_was() {
    let Some(small) = Small::mount("size=64k,mode=700") else { return };
    let path = small.0.join("credentials");
    let text = with(OLD, FILES[0].1);
    std::fs::write(&path, &text).unwrap();
    let filler = vec![0; 1 << 20];
    let _full = std::fs::write(small.0.join("fill"), filler);
    let store = prod(&path);
    assert_eq!(store.probe().await.unwrap_err().kind, StoreErrorKind::Full);
    let error = store.put_pending(&pair(NEW)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(names(&small.0), ["credentials", "fill"]);
    std::fs::remove_file(small.0.join("fill")).unwrap();
    store.put_pending(&pair(NEW)).await.unwrap();
    store.promote(NEW.0, Some(OLD.0)).await.unwrap();
    assert_eq!(store.current().await.unwrap().as_deref(), Some(NEW.0));
}

#[test]
fn a_limit_of_file_length_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    let text = with(OLD, FILES[0].1) + &"# filler\n".repeat(200);
    std::fs::write(&path, &text).unwrap();
    let command = helper("stores::bad_days::helper_puts", &path, &["sh", "-c", "ulimit -f 1 && exec \"$0\" \"$@\""]);
    assert_eq!(result_of(command), "Full Full");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(names(folder.path()), ["credentials"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named_before_anything_is_made() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let path = inner.join("credentials");
    std::fs::write(&path, with(OLD, FILES[0].1)).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o555)).unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let nobody: &[&str] = if is_root() { &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] } else { &["env"] };
    assert_eq!(result_of(helper("stores::bad_days::helper_puts", &path, nobody)), "ReadOnly ReadOnly");
    std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), with(OLD, FILES[0].1));
}

#[tokio::test]
async fn a_read_only_file_system_is_named() {
    let Some(small) = Small::mount("size=4m,mode=700") else { return };
    let path = small.0.join("credentials");
    std::fs::write(&path, with(OLD, FILES[0].1)).unwrap();
    assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&small.0).status().unwrap().success());
    assert_eq!(try_to_put(&path).await, "ReadOnly ReadOnly");
}

/// Somebody who edits the same file all the time, by a rename and without a lock. Nothing of either may be lost, or the store says so.
#[tokio::test]
async fn another_writer_loses_nothing_and_nor_do_we() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    std::fs::write(&path, with(OLD, FILES[0].1)).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let other = {
        let (path, stop) = (path.clone(), Arc::clone(&stop));
        std::thread::spawn(move || {
            let beside = path.with_extension("other");
            let mut number = 0;
            while !stop.load(Ordering::SeqCst) {
                let mut text = std::fs::read_to_string(&path).unwrap();
                // For a moment we may have taken out what they had just put in; it has to come back.
                for _look in 0..1000 {
                    if number == 0 || text.contains(&format!("[n{number}]")) {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(5));
                    text = std::fs::read_to_string(&path).unwrap();
                }
                assert!(number == 0 || text.contains(&format!("[n{number}]")), "what they wrote is lost:\n{text}");
                assert!(text.contains("[prod]\naws_access_key_id = AKIA"), "{text}");
                number += 1;
                let rest = text.split_once("# other\n").map_or(text.as_str(), |(rest, _)| rest);
                let tail = text.find("[bartizan.").map_or("", |at| &text[at..]);
                let rest = if rest.contains("[bartizan.") { rest.to_owned() } else { format!("{rest}{tail}") };
                std::fs::write(&beside, format!("{rest}# other\n[n{number}]\nx = 1\n")).unwrap();
                std::fs::rename(&beside, &path).unwrap();
                // The pace of somebody who is in a hurry; nothing is waited for.
                std::thread::sleep(Duration::from_millis(3));
            }
        })
    };
    let store = prod(&path);
    let mut said = 0;
    for round in 0..60 {
        let (new, old) = if round % 2 == 0 { (NEW, OLD) } else { (OLD, NEW) };
        // As a rotation does: an error is answered by looking and trying again.
        loop {
            let result = match store.put_pending(&pair(new)).await {
                Ok(()) => store.promote(new.0, Some(old.0)).await,
                Err(error) => Err(error),
            };
            match result {
                Ok(()) => break,
                Err(error) => {
                    said += 1;
                    let expected = matches!(error.kind, StoreErrorKind::Changed | StoreErrorKind::Absent);
                    assert!(expected, "{error}");
                }
            }
        }
    }
    stop.store(true, Ordering::SeqCst);
    other.join().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("[prod]\n"), "{text}");
    println!("60 rounds against another writer; {said} were told that the file had changed");
}
