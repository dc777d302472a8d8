//! The code of an MFA device is typed at the terminal and taken once.

use crate::harness::{Emulated, Start, credentials};

const SERIAL: &str = "arn:aws:iam::123456789012:mfa/olivia.brandt";

#[test]
fn a_typed_code_is_never_taken_twice() {
    let home = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(home.path(), &["--scenario", "quiet"]);
    let arguments = ["users", "--plain", "--endpoint-url", &emulated.url, "--mfa-serial", SERIAL];
    let run = |code: &str| {
        let mut terminal = Start::new(home.path(), &arguments).size(200, 100).with(credentials()).run();
        terminal.until("MFA code of").keys(&format!("{code}\r"));
        let status = terminal.ended();
        (status, terminal.text())
    };
    let (status, text) = run("12345");
    assert!(status == 2 && text.contains("six digits"), "{text}");
    let (status, text) = run("000000");
    assert!(status == 1 && text.contains("MultiFactorAuthentication failed"), "{text}");
    let (status, text) = run("271828");
    assert!(status == 0 && text.contains("olivia.brandt"), "{text}");
    let (status, text) = run("271828");
    assert!(status == 2 && text.contains("wait for the next code"), "{text}");
}
