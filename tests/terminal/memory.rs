//! What a locked console still has in memory: a core image is taken as a debugger takes it, and searched for the credentials and for the
//! keys that are derived from them. The environment is the one place where they may stay, so here they come from a program.

use std::io::BufRead as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{Timestamp, ToSpan as _};
use sha2::Sha256;

use crate::harness::{Emulated, Start, Terminal};
use crate::needs::left_out;

const SECRET: &str = "memoryCanary0/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEMemoryCanaryToken0123456789abcdefghijklmnopqrstuvwxyz//////////wEaCXVzLWVhc3QtMSJHMEUCIQ";

/// Whether core images can be taken here. A missing debugger is a failure under `--require-all`.
fn has_debugger() -> bool {
    let found = Command::new("gcore").arg("-h").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    // The program forbids others to look into it; root may all the same.
    let is_root = rustix::process::geteuid().is_root();
    if !(found && is_root) {
        left_out("the memory of a locked console: gcore (gdb) is not here, or this is not root");
    }
    found && is_root
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// What must not be there: name and bytes. The keys of SigV4 open as much as the secret does, for a day.
fn secrets() -> Vec<(String, Vec<u8>)> {
    let mut all = vec![
        ("the secret key".to_owned(), SECRET.as_bytes().to_vec()),
        ("the session token".to_owned(), TOKEN.as_bytes().to_vec()),
        ("the session token, escaped".to_owned(), TOKEN.replace('/', "%2F").into_bytes()),
    ];
    for date in [Timestamp::now(), Timestamp::now() - 24.hours()].map(|at| at.strftime("%Y%m%d").to_string()) {
        let of_date = hmac(format!("AWS4{SECRET}").as_bytes(), &date);
        let of_region = hmac(&of_date, "us-east-1");
        all.extend([(format!("the key of {date}"), of_date), (format!("the region's key of {date}"), of_region.clone())]);
        for service in ["iam", "sts", "ssm", "guardduty", "cloudtrail", "ssmmessages"] {
            let of_service = hmac(&of_region, service);
            let signing = hmac(&of_service, "aws4_request");
            all.extend([(format!("the key of {service}"), of_service), (format!("the signing key of {service}"), signing)]);
        }
    }
    all
}

/// What of the secrets is in a core image of the process, and how often.
fn found(folder: &Path, process: u32) -> Vec<(String, usize)> {
    let prefix = folder.join("core");
    let taken = Command::new("gcore").arg("-o").arg(&prefix).arg(process.to_string()).output().unwrap();
    let path = folder.join(format!("core.{process}"));
    assert!(path.exists(), "no core image: {}", String::from_utf8_lossy(&taken.stderr));
    let image = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(image.len() > 1 << 20, "only {} bytes", image.len());
    // An image has hundreds of megabytes: the library's own search is fast in a test that is not optimised, too.
    let count = |bytes: &[u8]| {
        let (mut rest, mut count) = (image.as_slice(), 0);
        while !rest.is_empty() {
            let at = image.len() - rest.len() + rest.skip_until(bytes[0]).unwrap() - 1;
            count += usize::from(image[at..].starts_with(bytes));
        }
        count
    };
    secrets().into_iter().map(|(name, bytes)| (name, count(&bytes))).filter(|(_, count)| *count > 0).collect()
}

/// Connections that close and tasks that end take a moment.
#[track_caller]
fn assert_forgotten(folder: &Path, terminal: &mut Terminal, when: &str) {
    let mut last = Vec::new();
    for _ in 0..6 {
        terminal.arrives_within(Duration::from_secs(2));
        last = found(folder, terminal.id());
        if last.is_empty() {
            return;
        }
    }
    panic!("{when}: {last:?}");
}

/// A home whose default profile has a program that gives credentials, and a configuration that locks soon.
fn home(folder: &Path) -> String {
    let program = folder.join("credentials.sh");
    let json = format!(
        r#"{{"Version":1,"AccessKeyId":"ASIAMEMORYCANARY0000","SecretAccessKey":"{SECRET}","SessionToken":"{TOKEN}","Expiration":"2099-01-01T00:00:00Z"}}"#
    );
    std::fs::write(&program, format!("#!/bin/sh\ncat <<'END'\n{json}\nEND\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(folder.join(".aws")).unwrap();
    let profile = format!("[default]\nregion = us-east-1\ncredential_process = {}\n", program.display());
    std::fs::write(folder.join(".aws/config"), profile).unwrap();
    let config = folder.join("config.toml");
    std::fs::write(&config, "lock_after = \"15s\"\n").unwrap();
    config.display().to_string()
}

/// Opens a shell on the node selected, and waits for its prompt.
fn open_shell(terminal: &mut Terminal) {
    terminal.keys("s").until("Shell on").keys("OPS-7\r").until("$ ").until(" open ");
}

#[test]
fn nothing_of_the_credentials_is_in_a_locked_console() {
    if !has_debugger() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let config = home(folder);
    let emulated = Emulated::start(folder, &["--scenario", "quiet", "--sessions"]);
    let arguments = ["--config", &config, "--endpoint-url", &emulated.url, "--pane", "keys"];
    let mut terminal = Start::new(folder, &arguments).size(120, 30).run();
    terminal.until("AKIA").keys("5").until("✓ Online");
    // One shell that has ended and still has its tab, and one that runs.
    open_shell(&mut terminal);
    terminal.keys("exit\r").until("ended").keys("\u{1d}b").until("nodes");
    open_shell(&mut terminal);
    let go = folder.join("go");
    terminal.keys(&format!("echo $((41+1))-runs; until [ -e {} ]; do sleep 0.1; done; exit\r", go.display())).until("42-runs");
    assert!(!found(folder, terminal.id()).is_empty(), "the search finds what is there");
    terminal.until("locked for");
    // What the session that runs may need to be resumed with stays until it ends, behind the lock.
    std::fs::write(&go, "").unwrap();
    let notes = folder.join(".local/state/bartizan/sessions");
    for waited in 0.. {
        if std::fs::read_dir(&notes).map_or(0, Iterator::count) == 0 {
            break;
        }
        assert!(waited < 600, "the session does not end");
        terminal.arrives_within(Duration::from_millis(100));
    }
    assert_forgotten(folder, &mut terminal, "locked, with two tabs of shells that have ended, and an idle desk");
    assert!(terminal.text().contains("locked for"), "{}", terminal.text());
    terminal.keys("x").until("Enter unlocks").keys("\r").until_gone("locked for");
    terminal.until("locked for");
    assert_forgotten(folder, &mut terminal, "locked for the second time");
}
