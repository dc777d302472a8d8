//! The passphrase of an encrypted file: from the file that `BARTIZAN_PASSPHRASE_FILE` names, else from the terminal. Never from the
//! command line, which every process of the machine can read, nor from a variable, which children inherit.

use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use crate::rotation::stores::{Passphrase, Purpose};

/// Names the file; `/dev/fd/3` reads what the caller has opened.
const VARIABLE: &str = "BARTIZAN_PASSPHRASE_FILE";

/// A passphrase that is asked for when it is needed. `may_prompt`: the terminal is free; the console draws on it, so there it is not.
pub fn source(may_prompt: bool) -> Passphrase {
    // What is opened under a number can be read once only, so it is read once.
    Passphrase::new(Box::new(move |purpose| {
        #[expect(clippy::disallowed_methods, reason = "the edge at which the environment is read")]
        match std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
            Some(path) => from_file(Path::new(&path)),
            None if may_prompt && std::io::stdin().is_terminal() => prompt(purpose),
            None => Err("there is nobody to ask for the passphrase".to_owned()),
        }
    }))
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

fn prompt(purpose: Purpose) -> Result<SecretString, String> {
    let ask = |words: &str| {
        let given = rpassword::prompt_password(words).map(SecretString::from);
        given.map_err(|error| format!("could not ask for the passphrase: {error}"))
    };
    match purpose {
        Purpose::Open => ask("Passphrase of the encrypted file: "),
        Purpose::Make => {
            let first = ask("Passphrase for the new encrypted file: ")?;
            let again = ask("The same passphrase again: ")?;
            let is_same = first.expose_secret() == again.expose_secret();
            if is_same { Ok(first) } else { Err("the two passphrases differ".to_owned()) }
        }
    }
}
