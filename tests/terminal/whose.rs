//! Whose account it is, and what the rules about it say: on the command line, and on the screen.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use bartizan::audit::history;
use bartizan::domain::rotation::{EscrowKey, RotationId, StoreChoice};
use bartizan::rotation::journal::{Journal, file_of};
use bartizan::rotation::machine::Planned;
use jiff::{SignedDuration, Timestamp};

use crate::campaign::{ACCOUNT, Scene};
use crate::harness::{Start, without_terminal};

const OTHER: &str = "999999999999";
const ID: &str = "20261122T020000000001Z-ada-0001";
/// How a rotation of a user is asked for that ends within the test.
const QUICK: [&str; 10] =
    ["--store", "new-credentials", "--escrow", "passphrase", "--soak", "0s", "--observe", "0s", "--shorten", "20"];

fn scene(faults: &[&str]) -> Scene {
    let scene = Scene::with(SignedDuration::ZERO, faults);
    scene.world.account().iam.alias = Some("castle".into());
    scene
}

fn configure(scene: &Scene, text: &str) {
    let folder = scene.home.path().join(".config/bartizan");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), text).unwrap();
}

/// Every way in which `rotate` changes something.
fn ways() -> [Vec<&'static str>; 5] {
    [
        [&["ada", "--yes"], &QUICK[..]].concat(),
        vec!["--resume", "--yes"],
        vec!["--resume", ID, "--yes"],
        vec!["--resume", ID, "--choose", "roll-back", "--yes"],
        vec!["--abort", ID, "--yes"],
    ]
}

/// What was asked for that only looks whose account it is.
fn looks() -> [&'static str; 2] {
    ["iam:ListAccountAliases", "sts:GetCallerIdentity"]
}

fn others(scene: &Scene) -> BTreeMap<String, u64> {
    let mut calls = scene.world.calls();
    calls.retain(|call, _| !looks().contains(&call.as_str()));
    calls
}

/// A rotation of ada that was begun in an account and left.
fn begun_in(scene: &Scene, account: &str) -> std::path::PathBuf {
    let folder = scene.home.path().join(".local/state/bartizan/rotation");
    let (user_id, old_key) = {
        let mut account = scene.world.account();
        let ada = account.iam.user("ada").unwrap();
        (ada.id.clone(), ada.keys[0].id.clone())
    };
    let planned = Planned {
        id: RotationId(ID.into()),
        account: account.into(),
        user: "ada".into(),
        user_id,
        old_key,
        other: None,
        store: StoreChoice::parse("new-credentials", "ada").unwrap(),
        escrow: EscrowKey::Passphrase,
        own_key: false,
        soak: SignedDuration::ZERO,
        observe: SignedDuration::ZERO,
        copies: Vec::new(),
        renew: false,
    };
    Journal::create(&folder, planned, Timestamp::now()).unwrap();
    file_of(&folder, &RotationId(ID.into()))
}

#[test]
fn a_rotation_asks_the_rules_of_the_account_in_every_way() {
    let scene = scene(&[]);
    begun_in(&scene, ACCOUNT);
    for account in [ACCOUNT, "castle"] {
        configure(&scene, &format!("[accounts.\"{account}\"]\nname = \"PRODUCTION\"\nnever_arm = true\n"));
        for way in ways() {
            let (status, out, told) = scene.run(&way);
            assert!(status == 3 && told.contains("PRODUCTION") && told.contains("never_arm"), "{way:?}: {status} {out} {told}");
        }
    }
    configure(&scene, "");
    for way in ways() {
        let arguments = [&["--read-only", "--endpoint-url", &scene.url, "rotate"][..], &way[..]].concat();
        assert_eq!(without_terminal(&scene.environment(), &arguments).0, 3, "{way:?}");
    }
    assert_eq!(others(&scene), BTreeMap::new());
    assert!(!scene.home.path().join(".aws/credentials").exists());
}

#[test]
fn where_an_alias_cannot_be_had_and_a_rule_goes_by_one_nothing_is_rotated() {
    let scene = scene(&["iam:ListAccountAliases=denied"]);
    begun_in(&scene, ACCOUNT);
    configure(&scene, "[accounts.castle]\nnever_arm = true\n");
    for way in ways() {
        let (status, out, told) = scene.run(&way);
        assert!(status == 3 && told.contains("alias is not known"), "{way:?}: {status} {out} {told}");
    }
    assert_eq!(others(&scene), BTreeMap::new());
}

#[test]
fn an_account_that_wants_a_reason_gets_one_in_every_way() {
    let scene = scene(&[]);
    begun_in(&scene, ACCOUNT);
    configure(&scene, "[accounts.castle]\nreason = true\n");
    for way in ways() {
        for more in [&[][..], &["--reason", "  "]] {
            let (status, out, told) = scene.run(&[&way[..], more].concat());
            assert!(status == 3 && told.contains("--reason"), "{way:?}: {status} {out} {told}");
        }
    }
    let changes = || scene.world.calls().get("iam:CreateAccessKey").copied();
    assert_eq!(changes(), None);
    let (status, out, told) = scene.run(&["--abort", ID, "--yes", "--reason", "OPS-8"]);
    assert_eq!(status, 0, "{out} {told}");
    let (status, out, told) = scene.run(&[&["ada", "--yes", "--reason", "OPS-9"], &QUICK[..]].concat());
    assert_eq!((status, changes()), (0, Some(1)), "{out} {told}");
    let log = history::changes(&scene.home.path().join(".local/state/bartizan/audit")).unwrap();
    assert!(!log.is_empty() && log.iter().all(|change| change.entry.reason.as_deref() == Some("OPS-9")), "{log:?}");
}

#[test]
fn a_rotation_of_another_account_is_refused_by_both_names_and_nothing_is_sent() {
    let scene = scene(&[]);
    let journal = begun_in(&scene, OTHER);
    let before = std::fs::read(&journal).unwrap();
    for way in &ways()[1..] {
        let (status, out, told) = scene.run(way);
        assert!(status == 3 && told.contains(OTHER) && told.contains(ACCOUNT), "{way:?}: {status} {out} {told}");
    }
    assert_eq!(others(&scene), BTreeMap::new());
    assert_eq!(std::fs::read(&journal).unwrap(), before);
    // What is of this account goes on beside it.
    let (status, out, told) = scene.run(&[&["bob", "--yes"], &QUICK[..]].concat());
    assert_eq!(status, 0, "{out} {told}");
}

#[test]
fn rows_of_nobody_are_not_shown() {
    let scene = scene(&["sts:GetCallerIdentity=denied"]);
    let arguments = ["--endpoint-url", &scene.url, "--pane", "users", "--test-idle"];
    let mut terminal = Start::new(scene.home.path(), &arguments).with(scene.environment()).size(160, 50).run();
    terminal.settle().until("denied");
    let text = terminal.text();
    assert!(["bob", "dee", "hal"].iter().all(|user| !text.contains(user)), "{text}");
    assert!(text.contains("sts:GetCallerIdentity"), "{text}");
    terminal.keys("A").arrives_within(std::time::Duration::from_millis(500));
    assert!(!terminal.text().contains("ARMED"), "{}", terminal.text());
    assert_eq!(terminal.keys("q").ended(), 0);
}

/// The process gives the administrator's credentials first and ada's from then on, each for a few seconds.
#[test]
fn a_console_whose_credentials_become_somebody_elses_says_so_and_changes_nothing() {
    let scene = scene(&[]);
    let home = scene.home.path();
    let (admin, ada) = (scene.world.administrator().unwrap(), scene.world.account().iam.user("ada").unwrap().keys[0].clone());
    let end = Timestamp::now() + SignedDuration::from_secs(12);
    let given = |id: &str, secret: &str| {
        format!(r#"{{"Version":1,"AccessKeyId":"{id}","SecretAccessKey":"{secret}","Expiration":"{end}"}}"#)
    };
    std::fs::write(home.join("first"), given(&admin.access_key_id, &admin.secret_access_key)).unwrap();
    std::fs::write(home.join("then"), given(&ada.id, &ada.secret)).unwrap();
    let script = home.join("process");
    let folder = home.display();
    let text = format!("#!/bin/sh\nif mkdir {folder}/asked 2>/dev/null; then cat {folder}/first; else cat {folder}/then; fi\n");
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::create_dir_all(home.join(".aws")).unwrap();
    std::fs::write(home.join(".aws/config"), format!("[default]\ncredential_process = {}\n", script.display())).unwrap();
    let mut surroundings = scene.environment();
    surroundings.retain(|(name, _)| !matches!(name.as_str(), "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY"));

    let arguments = ["--endpoint-url", &scene.url, "--pane", "users", "--test-idle"];
    let mut terminal = Start::new(home, &arguments).with(surroundings).size(160, 50).run();
    for _ in 0..20 {
        if terminal.text().contains("somebody else's credentials") {
            break;
        }
        // Each pane asks another service, whose client has to have credentials of its own.
        terminal.keys("345").arrives_within(std::time::Duration::from_millis(500));
    }
    terminal.until("somebody else's credentials").until("user/ada").until("user/admin");
    terminal.keys("A").arrives_within(std::time::Duration::from_millis(500));
    assert!(!terminal.text().contains("ARMED"), "{}", terminal.text());
    assert_eq!(terminal.keys("q").ended(), 0);
}
