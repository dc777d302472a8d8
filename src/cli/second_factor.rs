//! Codes of MFA devices: asked for at the terminal, or by the console that draws on it, and never taken twice.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt as _;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::Failure;
use super::arguments::{Command, ConnectionArguments};
use super::passphrase::{self, Person};
use crate::aws::second_factor::{CodeWanted, SecondFactor};
use crate::config::paths;
use crate::domain::question::{Question, Topic};
use crate::domain::text::clean;
use crate::files;
use crate::secrets::Asker;

/// For how long a code may not come again, in seconds: it is good for 30, and AWS takes those of its neighbours, too.
const MEMORY: i64 = 90;
/// The file in the state folder that remembers them.
const FILE: &str = "mfa-codes";

/// A code is asked for where a session is made. Where none is made, an option that does nothing would be taken for protection.
///
/// # Errors
/// `--mfa-serial` was given to a command that makes no session with an account.
pub(super) fn refuse(connection: &ConnectionArguments, command: Option<&Command>) -> Result<(), Failure> {
    let makes_session = match command {
        None
        | Some(
            Command::Users(_)
            | Command::Keys(_)
            | Command::Findings(_)
            | Command::Events(_)
            | Command::Nodes(_)
            | Command::Rotate(_)
            | Command::Doctor,
        ) => true,
        Some(Command::Sessions(arguments)) => !arguments.recordings,
        // Their demo is a world of its own, with nobody's device in it.
        Some(Command::Shell(_) | Command::Forward(_)) => connection.demo.is_none(),
        Some(_) => false,
    };
    if connection.mfa_serial.is_none() || makes_session {
        return Ok(());
    }
    Err(Failure::Usage("--mfa-serial does nothing here, as no session with an account is made: leave it out".into()))
}

/// Who gives codes. At the terminal the one for `--mfa-serial` is asked for at once, before anything else begins.
///
/// # Errors
/// There is no terminal, what was typed is no code, or the code was used before.
pub(super) fn source(serial: Option<&str>, person: Person) -> Result<SecondFactor, Failure> {
    let asker = match person {
        Person::Console(asker) => asker,
        Person::Terminal => {
            let first = Mutex::new(serial.map(|serial| at_terminal(serial, None)).transpose()?);
            let ask = move |wanted: CodeWanted| {
                let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
                again_at_terminal(wanted, first).boxed()
            };
            return Ok(SecondFactor::new(serial, Box::new(ask)));
        }
    };
    Ok(SecondFactor::new(serial, Box::new(move |wanted| in_console(asker.clone(), wanted).boxed())))
}

/// The code that was asked for at the start, else one that is asked for now. On the command line there is no second try: a script would
/// not know that it was asked.
async fn again_at_terminal(wanted: CodeWanted, first: Option<SecretString>) -> Result<SecretString, String> {
    match (first, wanted.problem) {
        (Some(first), _) => Ok(first),
        (None, Some(problem)) => Err(problem),
        (None, None) => {
            let asked = tokio::task::spawn_blocking(move || at_terminal(&wanted.serial, wanted.profile.as_deref())).await;
            asked.map_err(|_| "could not ask for the MFA code".to_owned())?.map_err(|failure| failure.to_string())
        }
    }
}

fn at_terminal(serial: &str, profile: Option<&str>) -> Result<SecretString, Failure> {
    let whose = profile.map(|profile| format!(" for profile {}", clean(profile))).unwrap_or_default();
    let given = passphrase::ask(&format!("MFA code of {}{whose}: ", clean(serial)));
    let given = given.map_err(|error| match profile {
        Some(profile) => Failure::Usage(format!("profile {profile} needs a second factor, and {error}")),
        None => Failure::Usage(format!("no MFA code: {error}")),
    })?;
    let code = digits(&given).ok_or_else(|| Failure::Usage("an MFA code is six digits; nothing was sent".into()))?;
    match take_now(serial, &code).map_err(Failure::Job)? {
        true => Ok(code),
        false => Err(Failure::Usage("this MFA code was used before, and no code is used twice: wait for the next code".into())),
    }
}

/// Asks in the console until there is a code that can be sent, or the person gives none.
async fn in_console(asker: Asker, wanted: CodeWanted) -> Result<SecretString, String> {
    let CodeWanted { serial, profile, mut problem } = wanted;
    loop {
        let what = match &profile {
            Some(profile) => format!("The role of profile {profile} wants a second factor."),
            None => "The session wants a second factor (--mfa-serial).".to_owned(),
        };
        let question = Question::new("MFA code", "code", Topic::Session).line(what).line(format!("Device: {serial}"));
        let given = asker.ask(Question { problem, ..question }).await.ok_or("no MFA code was given")?;
        problem = Some(match digits(&given) {
            None => "an MFA code is six digits; nothing was sent".to_owned(),
            Some(code) => {
                let (device, given) = (serial.clone(), code.clone());
                let taken = tokio::task::spawn_blocking(move || take_now(&device, &given)).await;
                if taken.map_err(|_| "could not remember the MFA code")?? {
                    return Ok(code);
                }
                "this code was used before: wait for the next one".to_owned()
            }
        });
    }
}

/// The six digits of a code, without what stands around them.
fn digits(given: &SecretString) -> Option<SecretString> {
    let code = given.expose_secret().trim();
    (code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit())).then(|| code.to_owned().into())
}

/// Whether the code can be sent; from now on it cannot any more.
fn take_now(serial: &str, code: &SecretString) -> Result<bool, String> {
    let folder = paths::state_dir().ok_or("there is no folder to remember MFA codes in: set BARTIZAN_STATE_DIR")?;
    #[expect(clippy::disallowed_methods, reason = "the edge: the codes of a device go by this machine's clock")]
    let now = Timestamp::now();
    let taken = take(&folder, serial, code, now);
    taken.map_err(|error| format!("could not remember the MFA code in {}: {error}", folder.display()))
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
    files::make_folder(folder)?;
    let file = files::keep(&folder.join(FILE))?;
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
    use std::os::unix::fs::PermissionsExt as _;

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
