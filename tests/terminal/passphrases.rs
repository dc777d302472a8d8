//! Passphrases typed into the console, by real keys: what is typed is never on the screen.

use std::path::Path;

use crate::harness::Terminal;
use crate::rotating::{approve, armed};

const PASSPHRASE: &str = "correct horse battery";

/// Asks for a rotation into the file.
fn into_file(terminal: &mut Terminal, file: &Path) {
    terminal.keys("r").until("rotate, new secret into");
    terminal.keys("\x15").until_gone("soak=24h");
    terminal.keys(&format!("file:{} soak=0s observe=0s\r", file.display()));
}

/// Types a passphrase into the window, and waits until it is shown to be as long.
fn secret(terminal: &mut Terminal, label: &str, text: &str) {
    terminal.until(label);
    terminal.keys(text).until(&format!("{label} {}", "*".repeat(text.chars().count())));
    terminal.keys("\r");
}

/// Waits until the window says that the last one was wrong: it stands below the line in which is typed.
fn wrong(terminal: &mut Terminal) {
    terminal.until_screen("the window to say that it was wrong", |screen| {
        let mut lines = screen.lines().skip_while(|line| !line.contains("│ passphrase:"));
        lines.next().is_some() && lines.next().is_some_and(|line| line.contains("the passphrase is wrong"))
    });
}

fn assert_never_shown(terminal: &Terminal, secrets: &[&str]) {
    let written = String::from_utf8_lossy(terminal.written());
    for secret in secrets {
        assert!(!written.contains(secret), "{secret} was on the screen");
    }
}

#[test]
fn a_rotation_into_an_encrypted_file_asks_for_its_passphrase() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("keys.age");

    let mut terminal = armed(home.path(), "chen.wei", 160, 50);
    into_file(&mut terminal, &file);
    terminal.until("It does not exist yet");
    secret(&mut terminal, "passphrase:", PASSPHRASE);
    secret(&mut terminal, "the same passphrase again:", "correct horse batteri");
    terminal.until("the two differ");
    secret(&mut terminal, "passphrase:", PASSPHRASE);
    secret(&mut terminal, "the same passphrase again:", PASSPHRASE);
    terminal.until("Rotate the key").until("create-access-key");
    assert!(!file.exists(), "a plan makes nothing");
    approve(&mut terminal, "chen.wei");
    terminal.keys("7").until("1 done").until("keys.age");
    assert_eq!(terminal.keys("q").ended(), 0);
    assert_never_shown(&terminal, &[PASSPHRASE, "correct horse batteri"]);
    let made = std::fs::read(&file).unwrap();
    assert!(made.starts_with(b"age-encryption.org/v1"));

    // Another console does not know it.
    let mut terminal = armed(home.path(), "hana.sato", 160, 50);
    into_file(&mut terminal, &file);
    terminal.until("Its passphrase opens it");
    secret(&mut terminal, "passphrase:", "wrong-canary");
    wrong(&mut terminal);
    terminal.keys("\x1b").until("cannot be rotated").until("the passphrase is wrong");
    assert_eq!(std::fs::read(&file).unwrap(), made, "nothing was changed");
    into_file(&mut terminal, &file);
    secret(&mut terminal, "passphrase:", "wrong-canary");
    wrong(&mut terminal);
    // A paste is taken like typing.
    terminal.keys(&format!("\x1b[200~{PASSPHRASE}\x1b[201~")).until(&"*".repeat(PASSPHRASE.len())).keys("\r");
    terminal.until("create-access-key");
    approve(&mut terminal, "hana.sato");
    terminal.keys("7").until("1 done");
    assert_eq!(terminal.keys("q").ended(), 0);
    assert_never_shown(&terminal, &[PASSPHRASE, "wrong-canary"]);
    assert_ne!(std::fs::read(&file).unwrap(), made);
}
