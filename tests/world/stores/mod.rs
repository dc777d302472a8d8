//! Stores of secrets on real files and real bad days.

pub(crate) mod bad_days;
mod corpus;
mod credentials;
mod kills;
mod vault;

use std::path::Path;
use std::process::{Command, Stdio};

use bartizan::rotation::stores::{CredentialsFile, KeyPair, Store as _};
use secrecy::ExposeSecret as _;

/// The pair that a file begins with.
pub(crate) const OLD: (&str, &str) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
/// The pair that comes.
pub(crate) const NEW: (&str, &str) = ("AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY");

pub(crate) fn pair((id, secret): (&str, &str)) -> KeyPair {
    KeyPair::new(id, secret.to_owned().into())
}

/// The store of the section `prod`.
pub(crate) fn prod(path: &Path) -> CredentialsFile {
    CredentialsFile::new(path, None, "prod", false)
}

pub(crate) async fn read(store: &CredentialsFile, id: &str) -> Option<String> {
    store.read(id).await.unwrap().map(|secret| secret.expose_secret().to_owned())
}

/// Runs one of the tests of this binary as a process of its own: the part of a test that is to be killed or hemmed in. Those tests do
/// nothing unless they are told which file is theirs.
pub(crate) fn helper(test: &str, file: &Path, before: &[&str]) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut words: Vec<&std::ffi::OsStr> = before.iter().map(std::ffi::OsStr::new).collect();
    words.push(program.as_os_str());
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env(HELPER, file)
        .stdin(Stdio::null());
    command
}

/// The variable that names a helper's file.
pub(crate) const HELPER: &str = "BARTIZAN_TEST_STORE_FILE";

/// The file of this process, which is a helper.
pub(crate) fn helped() -> std::path::PathBuf {
    std::env::var_os(HELPER).unwrap().into()
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What lies in a folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
