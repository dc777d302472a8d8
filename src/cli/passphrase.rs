//! The passphrase of an encrypted file: from the file that `BARTIZAN_PASSPHRASE_FILE` names, else from the terminal, or from the console
//! that draws on it. Never from the command line, which every process of the machine can read, nor from a variable, which children
//! inherit.

use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::output;
use crate::domain::question::{Question, Topic};
use crate::domain::text::clean;
use crate::rotation::stores::{Need, Passphrase, Purpose};
use crate::runtime::ending::{self, OnExit};
use crate::secrets::Asker;

/// Names the file; `/dev/fd/3` reads what the caller has opened.
const VARIABLE: &str = "BARTIZAN_PASSPHRASE_FILE";
/// How long a question of the console is waited for: a rotation that nobody answers then says that it needs its operator.
const PATIENCE: Duration = Duration::from_secs(600);

/// Who can be asked where the variable names no file.
#[derive(Debug, Clone)]
pub enum Person {
    /// Whoever is at the terminal.
    Terminal,
    /// Whoever is at the console, which draws on the terminal.
    Console(Asker),
}

/// A passphrase that is asked for when it is needed.
pub fn source(person: Person) -> Passphrase {
    // What is opened under a number can be read once only.
    let read: Mutex<Option<SecretString>> = Mutex::default();
    Passphrase::new(Box::new(move |need| {
        #[expect(clippy::disallowed_methods, reason = "the edge at which the environment is read")]
        if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
            return match need.problem {
                Some(problem) => Err(problem),
                None => once(&read, Path::new(&path)),
            };
        }
        match &person {
            Person::Terminal if std::io::stdin().is_terminal() => prompt(&need),
            Person::Terminal => Err("there is nobody to ask for the passphrase".to_owned()),
            Person::Console(asker) => {
                asker.ask_blocking(question(need), PATIENCE).ok_or_else(|| "no passphrase was given".to_owned())
            }
        }
    }))
}

fn once(read: &Mutex<Option<SecretString>>, path: &Path) -> Result<SecretString, String> {
    let mut read = read.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match &*read {
        Some(known) => Ok(known.clone()),
        None => Ok(read.insert(from_file(path)?).clone()),
    }
}

/// The first line, without its end.
fn from_file(path: &Path) -> Result<SecretString, String> {
    let failed = |error: std::io::Error| format!("could not read the passphrase from {}: {error}", path.display());
    #[expect(clippy::disallowed_methods, reason = "the edge at which files are opened")]
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut line = String::with_capacity(256);
    BufReader::new(file).read_line(&mut line).map_err(failed)?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line.into())
}

fn question(need: Need) -> Question {
    let is_new = need.purpose == Purpose::Make;
    let line = match is_new {
        true => {
            "It does not exist yet. Choose a passphrase: without it nobody reads the secrets in it again, and nobody can renew it."
        }
        false => "Its passphrase opens it. Nothing has been changed so far.",
    };
    let question = Question::new(need.name, "passphrase", Topic::Work).line(line);
    Question { problem: need.problem, twice: is_new, ..question }
}

fn prompt(need: &Need) -> Result<SecretString, String> {
    if let Some(problem) = &need.problem {
        output::say(problem);
    }
    let name = clean(&need.name);
    match need.purpose {
        Purpose::Open => ask(&format!("Passphrase of the {name}: ")),
        Purpose::Make => twice(&format!("Passphrase for the new {name}: ")),
    }
}

/// The terminal shows nothing that is typed as long as this lives. The library that asks hides it only after it has asked, and shows it
/// again between two questions: whoever types fast would be seen.
struct Hidden(Option<(std::os::fd::OwnedFd, Termios, OnExit)>);

impl Hidden {
    fn new() -> Self {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let hide = || {
            let terminal = rustix::fs::open("/dev/tty", flags, Mode::empty())?;
            let before = termios::tcgetattr(&terminal)?;
            let (held, undo) = (terminal.try_clone(), before.clone());
            let on_exit = ending::on_exit(move || {
                let _terminal_has_gone = held.as_ref().map(|held| termios::tcsetattr(held, OptionalActions::Now, &undo));
            });
            let mut hidden = before.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            hidden.local_modes.insert(LocalModes::ECHONL);
            termios::tcsetattr(&terminal, OptionalActions::Now, &hidden)?;
            rustix::io::Result::Ok((terminal, before, on_exit))
        };
        // Without it the library does what it can.
        Self(hide().ok())
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some((terminal, before, _)) = &self.0 {
            let _terminal_has_gone = termios::tcsetattr(terminal, OptionalActions::Now, before);
        }
    }
}

/// Asks at the terminal.
pub(super) fn ask(words: &str) -> Result<SecretString, String> {
    let _hidden = Hidden::new();
    let given = rpassword::prompt_password(words).map(SecretString::from);
    given.map_err(|error| format!("nobody could be asked: {error}"))
}

/// Asks at the terminal for something new.
pub(super) fn twice(words: &str) -> Result<SecretString, String> {
    let _hidden = Hidden::new();
    let first = ask(words)?;
    let again = ask("The same passphrase again: ")?;
    let is_same = first.expose_secret() == again.expose_secret();
    if is_same { Ok(first) } else { Err("the two passphrases differ".to_owned()) }
}
