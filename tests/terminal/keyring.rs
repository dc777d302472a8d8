//! The keyring as it is on a bad day, over a real Secret Service, and the audit log that is anchored in it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use bartizan::audit::verify;
use bartizan::secrets::Keyring;
use secrecy::ExposeSecret as _;

use crate::audit::appending;
use crate::harness::{environment, finished, without_terminal};
use crate::secret_service::SecretService;

/// No test: a process that works on the keyring of its environment, one step for each line of its standard input.
#[test]
#[ignore = "started by the tests below"]
fn worker() {
    let keyring = Keyring::system();
    println!("\nREADY");
    for line in std::io::stdin().lines().map(Result::unwrap) {
        let mut words = line.split_whitespace();
        let (step, item) = (words.next().unwrap(), words.next().unwrap_or_default());
        let done = |result: Result<(), bartizan::secrets::KeyringError>| {
            result.map_or_else(|error| format!("{:?}", error.trouble), |()| "ok".into())
        };
        let answer = match step {
            "set" => done(keyring.set_blocking(item, &words.next().unwrap().into())),
            "get" => match keyring.get_blocking(item) {
                Ok(found) => found.map_or("none".into(), |secret| secret.expose_secret().to_owned()),
                Err(error) => format!("{:?}", error.trouble),
            },
            "delete" => done(keyring.delete_blocking(item)),
            "probe" => format!("{:?}", keyring.probe_blocking()).split('(').next().unwrap().to_owned(),
            other => panic!("what is {other}?"),
        };
        println!("ANSWER {answer}");
    }
}

/// A [`worker`] that lives through what happens to its keyring.
struct Worker(Child, ChildStdin, BufReader<std::process::ChildStdout>);

impl Worker {
    fn start(environment: Vec<(String, String)>) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "keyring::worker", "--ignored", "--nocapture", "--test-threads=1"])
            .env_clear()
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut worker = Self(child, stdin, stdout);
        worker.line("READY");
        worker
    }

    fn step(&mut self, step: &str) -> String {
        writeln!(self.1, "{step}").unwrap();
        self.line("ANSWER ")
    }

    fn line(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.2.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some(rest) = line.trim_end().strip_prefix(start) {
                return rest.to_owned();
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What doctor says of one thing.
fn doctor(environment: &[(String, String)], what: &str) -> String {
    let (_, out, _) = without_terminal(environment, &["doctor", "--demo", "quiet"]);
    out.lines()
        .find(|line| line.get(8..).is_some_and(|rest| rest.starts_with(what)))
        .unwrap_or_else(|| panic!("{out}"))
        .to_owned()
}

#[test]
fn one_program_lives_through_lock_and_death_of_its_keyring() {
    let Some(service) = SecretService::start() else { return };
    let mut worker = Worker::start(service.environment());
    assert_eq!(worker.step("get a"), "none");
    assert_eq!(worker.step("set a one"), "ok");
    assert_eq!(worker.step("set a two"), "ok");
    assert_eq!((worker.step("get a"), worker.step("probe")), ("two".into(), "Ready".into()));
    service.lock();
    assert_eq!(
        (worker.step("get a"), worker.step("get b"), worker.step("set a three")),
        ("Locked".into(), "Locked".into(), "Locked".into())
    );
    assert_eq!(worker.step("probe"), "Locked");
    // Another daemon takes its place, which knows nothing of our connection.
    service.unlock();
    assert_eq!((worker.step("get a"), worker.step("probe")), ("two".into(), "Ready".into()));
    assert_eq!(service.kill_daemon(), 1);
    // The bus starts a new one, which is locked.
    assert_eq!((worker.step("get a"), worker.step("probe")), ("Locked".into(), "Locked".into()));
    service.unlock();
    assert_eq!((worker.step("probe"), worker.step("get a")), ("Ready".into(), "two".into()));
    assert_eq!(
        (worker.step("delete a"), worker.step("delete a"), worker.step("get a")),
        ("ok".into(), "ok".into(), "none".into())
    );
}

#[test]
fn without_a_bus_there_is_no_keyring_and_that_is_said() {
    let home = tempfile::tempdir().unwrap();
    let mut worker = Worker::start(environment(home.path()));
    for step in ["get a", "set a one", "delete a", "probe"] {
        assert_eq!(worker.step(step), "Absent", "{step}");
    }
    let line = doctor(&environment(home.path()), "keyring");
    assert!(line.starts_with("unknown ") && line.contains("there is none here"), "nothing was tried, so nothing is ok: {line}");
}

#[test]
fn doctor_says_how_the_keyring_is() {
    let Some(service) = SecretService::start() else { return };
    let says = || doctor(&service.environment(), "keyring");
    assert!(says().starts_with("ok") && says().contains("ready"), "{}", says());
    service.lock();
    let line = says();
    assert!(line.starts_with("problem") && line.contains("it is locked: unlock it"), "{line}");
    service.unlock();
    // A daemon that hangs: the deadline ends the waiting.
    service.signal_daemon("STOP");
    let line = says();
    service.signal_daemon("CONT");
    assert!(line.starts_with("problem") && line.contains("does not answer"), "{line}");
    assert!(says().contains("ready"));
}

/// Makes so many changes in a process that anchors them in the keyring of its environment.
fn change(service: &SecretService, folder: &Path, changes: u64) {
    let mut command = appending(folder, changes);
    command
        .env_clear()
        .envs(service.environment())
        .env("AUDIT_KEYRING", "1")
        .env("AUDIT_FOLDER", folder)
        .env("AUDIT_MOST", changes.to_string());
    let output = finished(&mut command);
    assert!(String::from_utf8_lossy(&output.stdout).contains("END"), "{output:?}");
}

#[test]
fn the_audit_log_is_anchored_in_a_real_keyring_and_a_locked_one_holds_up_nothing() {
    let Some(service) = SecretService::start() else { return };
    let home = service.environment().into_iter().find(|(name, _)| name == "HOME").unwrap().1;
    let folder = Path::new(&home).join(".local/state/bartizan/audit");
    let verify_says = || without_terminal(&service.environment(), &["audit", "verify"]);
    change(&service, &folder, 3);
    let (status, out, error) = verify_says();
    assert!(status == 0 && out.contains("anchored in the keyring up to the last record"), "{out}{error}");

    service.lock();
    change(&service, &folder, 2);
    let (status, out, error) = verify_says();
    assert!(status == 0 && out.contains("the keyring could not be asked") && out.contains("locked"), "{out}{error}");
    service.unlock();
    let (status, out, _) = verify_says();
    assert!(status == 0 && out.contains("up to record 7; of the 4 after it"), "{out}");
    assert!(verify_says().1.contains("anchored in the keyring up to the last record"), "verify has caught up");

    // Everything is written anew, by somebody who knows how: without the keyring it is a good log.
    std::fs::remove_dir_all(&folder).unwrap();
    let mut command = appending(&folder, 5);
    assert!(finished(&mut command).status.success());
    assert!(verify(&folder, None).unwrap().bad.is_none());
    let (status, _, error) = verify_says();
    assert!(status == 1 && error.contains("the keyring knows another record 11 than the log"), "{error}");
    assert!(doctor(&service.environment(), "audit log").contains("no change so far"), "the demo has a log of its own");

    let (status, out, error) = without_terminal(&service.environment(), &["audit", "set-aside", "--reason", "OPS-7"]);
    assert_eq!((status, error.as_str()), (0, ""), "{out}");
    let (status, out, error) = verify_says();
    assert!(status == 0 && out.contains("good: 1 records in 1 file") && out.contains("anchored"), "{out}{error}");
}
