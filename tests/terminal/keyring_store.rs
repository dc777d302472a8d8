//! The keyring store over a real Secret Service, and `credential-process`, which serves it to real AWS tools.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use bartizan::rotation::stores::{Items, KeyPair, KeyringStore, Owner, Store as _};
use bartizan::secrets::Keyring;
use secrecy::ExposeSecret as _;

use crate::harness::{Emulated, PROGRAM, Running, finished, without_terminal};
use crate::needs::{NO_MOUNT, left_out};
use crate::secret_service::SecretService;

const OLD: (&str, &str) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
const NEW: (&str, &str) = ("AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY");

/// The variable with what a helper has to do.
const HELPER: &str = "BARTIZAN_TEST_KEYRING";

/// Works on the keyring of its environment, which is not this process's: one word a step, one word an answer.
#[tokio::test]
#[ignore = "a process that tests start"]
async fn helper_works_on_the_keyring() {
    let steps = std::env::var(HELPER).unwrap();
    let owner = Owner { account: "123456789012".to_owned(), user: "ada".to_owned() };
    let items: Arc<dyn Items> = Arc::new(Keyring::system());
    let store = KeyringStore::new(items, owner, "prod");
    let pair = |(id, secret): (&str, &str)| KeyPair::new(id, secret.to_owned().into());
    println!("BEGUN");
    for step in steps.split_whitespace() {
        let done = |result: Result<(), bartizan::rotation::stores::StoreError>| match result {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                println!("SAID {error}");
                format!("{:?}", error.kind)
            }
        };
        let read = |result: Result<Option<secrecy::SecretString>, bartizan::rotation::stores::StoreError>| match result {
            Ok(Some(secret)) if [OLD.1, NEW.1].contains(&secret.expose_secret()) => "whole".to_owned(),
            Ok(Some(_)) => "damaged".to_owned(),
            Ok(None) => "none".to_owned(),
            Err(error) => format!("{:?}", error.kind),
        };
        let answer = match step {
            "probe" => done(store.probe().await),
            "put-old" => done(store.put_pending(&pair(OLD)).await),
            "put-new" => done(store.put_pending(&pair(NEW)).await),
            // Another secret under the same id, to and fro: the item is rewritten while the daemon is killed.
            "swap-for-ever" => loop {
                let _killed = store.put_pending(&pair((NEW.0, OLD.1))).await;
                let _killed = store.put_pending(&pair(NEW)).await;
            },
            "promote-old" => done(store.promote(OLD.0, Some(NEW.0)).await),
            "promote-new" => done(store.promote(NEW.0, Some(OLD.0)).await),
            "read-old" => read(store.read(OLD.0).await),
            "read-new" => read(store.read(NEW.0).await),
            "forget-old" => done(store.forget(OLD.0).await),
            "current" => match store.current().await {
                Ok(id) => id.unwrap_or_else(|| "none".to_owned()),
                Err(error) => format!("{:?}", error.kind),
            },
            other => panic!("what is {other}?"),
        };
        println!("ANSWER {answer}");
    }
}

fn helper(service: &SecretService, steps: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "keyring_store::helper_works_on_the_keyring", "--ignored", "--nocapture", "--test-threads=1"])
        .env_clear()
        .envs(service.environment())
        .env(HELPER, steps)
        .stdin(Stdio::null());
    command
}

/// The answers to some steps.
fn work(service: &SecretService, steps: &str) -> String {
    let output = finished(&mut helper(service, steps));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    for secret in [OLD.1, NEW.1] {
        assert!(!text.contains(secret), "a secret is in the words: {text}");
    }
    let answers: Vec<&str> = text.lines().filter_map(|line| line.split_once("ANSWER ").map(|(_, answer)| answer)).collect();
    answers.join(" ")
}

fn serve(service: &SecretService, profile: &str) -> (i32, String, String) {
    without_terminal(&service.environment(), &["credential-process", "--profile", profile])
}

fn served(pair: (&str, &str)) -> (i32, String, String) {
    let line = format!("{{\"Version\":1,\"AccessKeyId\":\"{}\",\"SecretAccessKey\":\"{}\"}}\n", pair.0, pair.1);
    (0, line, String::new())
}

#[test]
fn the_current_key_is_served_while_another_is_pending() {
    let Some(service) = SecretService::start() else { return };
    assert_eq!(work(&service, "probe read-old put-old current promote-old current"), format!("ok none ok none ok {}", OLD.0));
    assert_eq!(serve(&service, "prod"), served(OLD));
    assert_eq!(work(&service, "put-new put-new read-new"), "ok ok whole");
    assert_eq!(serve(&service, "prod"), served(OLD));
    assert_eq!(work(&service, "promote-new promote-new read-old"), "ok ok whole");
    assert_eq!(serve(&service, "prod"), served(NEW));
    assert_eq!(work(&service, "forget-old forget-old read-old read-new"), "ok ok none whole");
    let (status, out, err) = serve(&service, "nobody");
    assert_eq!((status, out.as_str(), err.lines().count()), (1, "", 1), "{err}");
    assert!(err.contains("serves no key for profile nobody"), "{err}");
}

#[test]
fn a_locked_keyring_is_said_and_nothing_is_lost() {
    let Some(service) = SecretService::start() else { return };
    assert_eq!(work(&service, "put-old promote-old"), "ok ok");
    service.lock();
    assert_eq!(work(&service, "probe put-new read-old"), "Locked Locked Locked");
    let (status, out, err) = serve(&service, "prod");
    assert_eq!((status, out.as_str(), err.lines().count()), (1, "", 1), "{err}");
    assert!(err.contains("locked") && !err.contains(OLD.1), "{err}");
    service.unlock();
    assert_eq!(work(&service, "probe read-old read-new"), "ok whole none");
    assert_eq!(serve(&service, "prod"), served(OLD));
}

#[test]
fn a_daemon_killed_in_the_middle_of_a_write_leaves_the_old_value_or_the_new_one() {
    use std::io::BufRead as _;
    let Some(service) = SecretService::start() else { return };
    assert_eq!(work(&service, "put-old promote-old put-new"), "ok ok ok");
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..12 {
        let writer = helper(&service, "swap-for-ever").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut writer = Running(writer);
        let mut lines = std::io::BufReader::new(writer.0.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with("BEGUN")));
        // Picks the moment; nothing is waited for.
        std::thread::sleep(std::time::Duration::from_millis(random.u64(20..400)));
        assert_eq!(service.kill_daemon(), 1);
        drop(writer);
        service.unlock();
        let answers = work(&service, "read-old read-new current");
        assert_eq!(answers, format!("whole whole {}", OLD.0), "round {round}");
    }
}

#[test]
fn a_full_disk_leaves_the_keyring_as_it_was() {
    if !rustix::process::geteuid().is_root() {
        return left_out(NO_MOUNT);
    }
    let mut mounted = false;
    let service = SecretService::start_in(|data| {
        let options = ["-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs"];
        mounted =
            Command::new("mount").args(options).arg(data).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    });
    let Some(service) = service else { return };
    if !mounted {
        return left_out(NO_MOUNT);
    }
    let _mount = Mounted(&service.data());
    assert_eq!(work(&service, "put-old promote-old"), "ok ok");
    let _full = std::fs::write(service.data().join("fill"), vec![0; 1 << 20]);
    let answers = work(&service, "put-new read-old current");
    assert_eq!(answers, format!("ReadOnly whole {}", OLD.0));
    std::fs::remove_file(service.data().join("fill")).unwrap();
    assert_eq!(work(&service, "put-new read-new promote-new read-old"), "ok whole ok whole");
}

struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn our_own_calls_are_signed_with_what_credential_process_serves() {
    let Some(service) = SecretService::start() else { return };
    assert_eq!(work(&service, "put-old promote-old"), "ok ok");
    let home = tempfile::tempdir().unwrap();
    let emulated = Emulated::start(home.path(), &[]);
    let config = home.path().join("config");
    let text =
        format!("[profile prod]\nregion = us-east-1\ncredential_process = \"{PROGRAM}\" credential-process --profile prod\n");
    std::fs::write(&config, text).unwrap();
    let mut environment = service.environment();
    environment.push(("AWS_CONFIG_FILE".to_owned(), config.display().to_string()));
    let arguments = ["users", "--json", "--profile", "prod", "--endpoint-url", &emulated.url];
    let (status, out, err) = without_terminal(&environment, &arguments);
    assert_eq!(status, 0, "{err}");
    assert!(out.lines().count() > 3, "{out}");
    assert!(!format!("{out}{err}").contains(OLD.1));
    let (status, _, err) = without_terminal(&environment, &["users", "--profile", "nobody", "--endpoint-url", &emulated.url]);
    assert_eq!(status, 1, "{err}");
}
