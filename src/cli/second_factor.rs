//! The code of an MFA device: asked for at the terminal before anything else begins, and never taken twice.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::Failure;
use crate::aws::second_factor::SecondFactor;
use crate::config::paths;

/// For how long a code may not come again, in seconds: it is good for 30, and AWS takes those of its neighbours, too.
const MEMORY: i64 = 90;
/// The file in the state folder that remembers them.
const FILE: &str = "mfa-codes";

/// Asks for a code of this device.
///
/// # Errors
/// There is no terminal, what was typed is no code, or the code was used before.
pub(super) fn ask(serial: &str) -> Result<SecondFactor, Failure> {
    let given = rpassword::prompt_password(format!("MFA code of {}: ", crate::domain::text::clean(serial)));
    let given = given.map(SecretString::from);
    let given = given.map_err(|error| Failure::Usage(format!("could not ask for the MFA code: {error}")))?;
    let code = SecretString::from(given.expose_secret().trim().to_owned());
    if code.expose_secret().len() != 6 || !code.expose_secret().bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Failure::Usage("an MFA code is six digits; nothing was sent".into()));
    }
    let folder = paths::state_dir();
    let folder =
        folder.ok_or_else(|| Failure::Job("there is no folder to remember MFA codes in: set BARTIZAN_STATE_DIR".into()))?;
    #[expect(clippy::disallowed_methods, reason = "the edge: the codes of a device go by this machine's clock")]
    let now = Timestamp::now();
    let is_new = take(&folder, serial, &code, now)
        .map_err(|error| Failure::Job(format!("could not remember the MFA code in {}: {error}", folder.display())))?;
    if is_new {
        return Ok(SecondFactor::new(serial, code));
    }
    Err(Failure::Usage("this MFA code was used before, and no code is used twice: wait for the next code".into()))
}

/// Whether the code was not used within [`MEMORY`]; from now on it was. It is noted before it is sent, so a crash cannot lose that.
fn take(folder: &Path, serial: &str, code: &SecretString, now: Timestamp) -> io::Result<bool> {
    let mut file = open(folder)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let mark = mark(serial, code);
    let is_young = |line: &&str| {
        let noted = line.split_once(' ').and_then(|(second, _)| second.parse::<i64>().ok());
        // What a clock that was set back left in the future counts as well.
        noted.is_some_and(|second| now.as_second().saturating_sub(second) < MEMORY)
    };
    let mut lines: Vec<String> = text.lines().filter(is_young).map(str::to_owned).collect();
    if lines.iter().any(|line| line.ends_with(&mark)) {
        return Ok(false);
    }
    lines.push(format!("{} {mark}", now.as_second()));
    file.set_len(0)?;
    file.rewind()?;
    file.write_all((lines.join("\n") + "\n").as_bytes())?;
    file.sync_all()?;
    Ok(true)
}

/// The file, ours alone until it is closed.
fn open(folder: &Path) -> io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(folder.join(FILE))?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.lock()?;
    Ok(file)
}

/// Device and code in one, so that the file says neither.
fn mark(serial: &str, code: &SecretString) -> String {
    let digest = Sha256::digest(format!("{serial}\n{}", code.expose_secret()).as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_of_a_device_is_taken_twice_while_it_is_good() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state");
        let start: Timestamp = "2026-11-22T03:00:00Z".parse().unwrap();
        let take = |serial: &str, code: &str, after: i64| {
            let now = start + jiff::SignedDuration::from_secs(after);
            take(&folder, serial, &SecretString::from(code.to_owned()), now).unwrap()
        };
        assert!(take("arn:aws:iam::123456789012:mfa/ada", "123456", 0));
        assert!(!take("arn:aws:iam::123456789012:mfa/ada", "123456", 0));
        assert!(take("arn:aws:iam::123456789012:mfa/bob", "123456", 1), "another device");
        assert!(take("arn:aws:iam::123456789012:mfa/ada", "654321", 30), "the next code");
        assert!(!take("arn:aws:iam::123456789012:mfa/ada", "123456", 89));
        assert!(!take("arn:aws:iam::123456789012:mfa/ada", "123456", -600), "a clock that was set back");
        assert!(take("arn:aws:iam::123456789012:mfa/ada", "123456", 90));
        let file = folder.join(FILE);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let mut text = String::new();
        File::options().read(true).open(&file).unwrap().read_to_string(&mut text).unwrap();
        assert!(!text.contains("123456") && !text.contains("ada"), "{text}");
    }
}
