//! The credentials file: what changes and what does not, in files of every kind.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};
use bartizan::rotation::stores::{CredentialsFile, Store as _, StoreErrorKind};
use proptest::prelude::*;

use super::corpus::{FILES, REFUSED, with};
use super::{NEW, OLD, names, pair, prod, read};

/// The pair that the SDK for Rust finds.
async fn as_the_sdk_reads(path: &Path, profile: &'static str) -> Option<(String, String)> {
    let files = EnvConfigFiles::builder().with_file(EnvConfigFileKind::Credentials, path).build();
    let set = aws_config::profile::load(&Fs::real(), &Env::from_slice(&[]), &files, Some(profile.into())).await.ok()?;
    let profile = set.get_profile(profile)?;
    Some((profile.get("aws_access_key_id")?.to_owned(), profile.get("aws_secret_access_key")?.to_owned()))
}

fn owned((id, secret): (&str, &str)) -> Option<(String, String)> {
    Some((id.to_owned(), secret.to_owned()))
}

#[tokio::test]
async fn a_rotation_changes_two_values_in_files_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, sdk_reads) in FILES {
        let path = folder.path().join("credentials");
        std::fs::write(&path, with(OLD, text)).unwrap();
        let store = prod(&path);
        store.probe().await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(store.current().await.unwrap().as_deref(), Some(OLD.0), "{name}");

        store.put_pending(&pair(NEW)).await.unwrap();
        store.put_pending(&pair(NEW)).await.unwrap();
        assert_eq!(store.current().await.unwrap().as_deref(), Some(OLD.0), "{name}: the new pair is served too early");
        assert_eq!(read(&store, NEW.0).await.as_deref(), Some(NEW.1), "{name}");
        assert_eq!(read(&store, OLD.0).await.as_deref(), Some(OLD.1), "{name}");

        store.promote(NEW.0, Some(OLD.0)).await.unwrap();
        store.promote(NEW.0, Some(OLD.0)).await.unwrap();
        assert_eq!(store.current().await.unwrap().as_deref(), Some(NEW.0), "{name}");
        assert_eq!(read(&store, OLD.0).await.as_deref(), Some(OLD.1), "{name}: the former secret is lost");
        if *sdk_reads {
            assert_eq!(as_the_sdk_reads(&path, "prod").await, owned(NEW), "{name}");
        }
        let forbidden = store.forget(NEW.0).await.unwrap_err();
        assert_eq!(forbidden.kind, StoreErrorKind::Denied, "{name}");

        store.forget(OLD.0).await.unwrap();
        store.forget(OLD.0).await.unwrap();
        assert_eq!(read(&store, OLD.0).await, None, "{name}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), with(NEW, text), "{name}: more than the two values changed");
        assert_eq!(names(folder.path()), ["credentials"], "{name}: something was left beside it");
    }
}

#[tokio::test]
async fn a_rotation_that_is_given_up_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    for (name, text, _) in FILES {
        std::fs::write(&path, with(OLD, text)).unwrap();
        let store = prod(&path);
        store.put_pending(&pair(NEW)).await.unwrap();
        store.promote(NEW.0, Some(OLD.0)).await.unwrap();
        store.promote(OLD.0, Some(NEW.0)).await.unwrap();
        assert_eq!(read(&store, NEW.0).await.as_deref(), Some(NEW.1), "{name}");
        store.forget(NEW.0).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), with(OLD, text), "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_rotated_is_refused_in_words_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    for (name, text, word) in REFUSED {
        let text = with(OLD, text);
        std::fs::write(&path, &text).unwrap();
        let store = prod(&path);
        for error in [store.probe().await.unwrap_err(), store.put_pending(&pair(NEW)).await.unwrap_err()] {
            assert!(error.to_string().contains(word), "{name}: {error}");
            assert!(!format!("{error} {error:?}").contains(OLD.1), "{name}: the secret is in the error");
        }
        store.promote(NEW.0, Some(OLD.0)).await.unwrap_err();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{name}");
        assert_eq!(names(folder.path()), ["credentials"], "{name}");
    }
}

#[tokio::test]
async fn a_profile_that_the_configuration_leads_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, config) = (folder.path().join("credentials"), folder.path().join("config"));
    std::fs::write(&path, with(OLD, FILES[0].1)).unwrap();
    std::fs::write(&config, "[profile prod]\nregion = x\nsso_session = corp\n[default]\nrole_arn = a\n").unwrap();
    let error = CredentialsFile::new(&path, Some(config.clone()), "prod", false).probe().await.unwrap_err();
    assert!(error.to_string().contains("sso_session"), "{error}");
    // However the header is written, it is the profile that the AWS CLI sees.
    std::fs::write(&path, format!("{}[My Mac]\n[default]\n", with(OLD, FILES[0].1))).unwrap();
    for (header, section, is_it) in [
        ("profile 'prod'", "prod", true),
        ("profile \"prod\"", "prod", true),
        ("profile\tprod", "prod", true),
        ("profile 'My Mac'", "My Mac", true),
        ("profile \"My Mac\"", "My Mac", true),
        ("profile My Mac", "My Mac", false),
        ("default", "default", true),
        ("profile default", "default", true),
        ("profile 'default'", "default", true),
        ("prod", "prod", false),
        ("profile prod2", "prod", false),
    ] {
        std::fs::write(&config, format!("[{header}]\ncredential_process = /bin/false\n")).unwrap();
        let probed = CredentialsFile::new(&path, Some(config.clone()), section, false).probe().await;
        let is_refused = probed.as_ref().is_err_and(|error| error.to_string().contains("credential_process"));
        assert_eq!(is_refused, is_it, "[{header}] for {section}: {probed:?}");
    }
    std::fs::write(&path, with(OLD, FILES[0].1)).unwrap();
    std::fs::write(&config, "[profile prod]\nregion = x\nsso_session = corp\n[default]\nrole_arn = a\n").unwrap();
    let error = CredentialsFile::new(&path, Some(config.clone()), "default", true).probe().await.unwrap_err();
    assert!(error.to_string().contains("role_arn"), "{error}");
    std::fs::write(&config, "[profile prod]\nregion = x\n[profile other]\nsso_session = corp\n").unwrap();
    CredentialsFile::new(&path, Some(config), "prod", false).probe().await.unwrap();
}

#[tokio::test]
async fn a_section_and_a_file_are_made_only_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made").join("credentials");
    let shy = prod(&path);
    assert_eq!(shy.probe().await.unwrap_err().kind, StoreErrorKind::Absent);
    assert_eq!(shy.put_pending(&pair(NEW)).await.unwrap_err().kind, StoreErrorKind::Absent);
    assert!(names(folder.path()).is_empty());

    let store = CredentialsFile::new(&path, None, "prod", true);
    store.probe().await.unwrap();
    assert!(names(folder.path()).is_empty(), "a probe makes nothing");
    store.put_pending(&pair(NEW)).await.unwrap();
    assert_eq!(store.current().await.unwrap(), None);
    store.promote(NEW.0, None).await.unwrap();
    let wanted = with(NEW, "[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), wanted);
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(as_the_sdk_reads(&path, "prod").await, owned(NEW));

    for _twice in 0..2 {
        store.withdraw(NEW.0).await.unwrap();
    }
    assert_eq!((store.current().await.unwrap(), read(&store, NEW.0).await), (None, None));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "", "given up, nothing of it is left");
}

#[tokio::test]
async fn a_section_without_a_key_is_empty_again_when_a_rotation_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    for text in ["[prod]\nregion = x\n", "[prod]", "[prod]\n# note\n[z]\na = 1\n"] {
        std::fs::write(&path, text).unwrap();
        let store = prod(&path);
        store.put_pending(&pair(NEW)).await.unwrap();
        store.promote(NEW.0, None).await.unwrap();
        assert_eq!(as_the_sdk_reads(&path, "prod").await, owned(NEW));
        store.withdraw(NEW.0).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn link_owner_and_mode_stay() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("dotfiles");
    std::fs::create_dir(&real).unwrap();
    let file = real.join("aws-credentials");
    std::fs::write(&file, with(OLD, FILES[0].1)).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    if super::is_root() {
        std::os::unix::fs::chown(&file, Some(65534), Some(1)).unwrap();
    }
    let owner = |path: &Path| std::fs::metadata(path).map(|found| (found.uid(), found.gid(), found.mode() & 0o7777)).unwrap();
    let before = owner(&file);
    let link = folder.path().join("credentials");
    symlink("dotfiles/aws-credentials", &link).unwrap();
    let store = prod(&link);
    assert!(store.notes().await.iter().any(|note| note.contains("0640")), "a wide mode is named");
    store.put_pending(&pair(NEW)).await.unwrap();
    store.promote(NEW.0, Some(OLD.0)).await.unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink(), "the link was replaced by a file");
    assert_eq!(owner(&file), before);
    assert_eq!(names(&real), ["aws-credentials"]);

    std::fs::remove_file(&file).unwrap();
    assert_eq!(store.probe().await.unwrap_err().kind, StoreErrorKind::Absent, "a link that leads nowhere");
}

#[tokio::test]
async fn somebody_elses_key_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    std::fs::write(&path, with(OLD, FILES[0].1)).unwrap();
    let store = prod(&path);
    store.put_pending(&pair(NEW)).await.unwrap();
    let error = store.promote(NEW.0, Some("AKIASOMEOTHERKEY")).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Changed);
    assert_eq!(store.promote("AKIANEVERPUTIN", Some(OLD.0)).await.unwrap_err().kind, StoreErrorKind::Absent);
    assert_eq!(store.current().await.unwrap().as_deref(), Some(OLD.0));
}

/// Lines that files are made of.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[ \t]{0,3}",
        "[#;][ -~é日]{0,20}",
        "[a-z_]{1,12}[ \t]{0,2}=[ \t]{0,2}[!-~]{0,20}",
        "  [a-z]{1,8} = [a-z0-9]{0,8}",
        "\\[[a-c]{1,2}\\]( # [a-z]{1,5})?",
        Just("[prod]".to_owned()),
        Just("region = eu-west-1".to_owned()),
    ]
}

fn file() -> impl Strategy<Value = (String, bool)> {
    let lines = || prop::collection::vec(line(), 0..12);
    let end = prop_oneof![Just("\n"), Just("\r\n")];
    let id = "aws_access_key_id[ \t]{0,3}=[ \t]{0,3}";
    let secret = "aws_secret_access_key[ \t]{0,3}=[ \t]{0,3}";
    let note = prop_oneof![Just(String::new()), "[ \t]{1,2}[#;][a-z ]{0,8}"];
    (lines(), lines(), lines(), end, id, secret, note, any::<bool>()).prop_map(
        |(before, between, after, end, id, secret, note, ended)| {
            let between = between.into_iter().filter(|line| !line.starts_with('['));
            let mut all = vec!["[first]".to_owned()];
            all.extend(before);
            all.push("[prod]".to_owned());
            all.push(format!("{id}<ID>{note}"));
            all.extend(between);
            all.push(format!("{secret}<SECRET>{note}"));
            all.extend(after);
            (all.join(end) + if ended { end } else { "" }, ended)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_file_keeps_every_other_byte((text, _) in file()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let put = |pair: (&str, &str)| text.replace("<ID>", pair.0).replace("<SECRET>", pair.1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        std::fs::write(&path, put(OLD)).unwrap();
        let store = prod(&path);
        runtime.block_on(async {
            let sdk_before = as_the_sdk_reads(&path, "prod").await;
            if store.put_pending(&pair(NEW)).await.is_err() {
                // Refused: then it is as it was.
                assert_eq!(std::fs::read_to_string(&path).unwrap(), put(OLD));
                return;
            }
            store.promote(NEW.0, Some(OLD.0)).await.unwrap();
            if sdk_before.is_some() {
                assert_eq!(as_the_sdk_reads(&path, "prod").await, owned(NEW));
            }
            store.forget(OLD.0).await.unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), put(NEW));
            if sdk_before.is_some() {
                assert_eq!(as_the_sdk_reads(&path, "prod").await, owned(NEW));
            }
        });
    }
}
