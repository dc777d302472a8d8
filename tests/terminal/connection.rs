//! Configurations that cannot work: each is one clear line, at once, and status 1.

use std::fs;
use std::process::{Command, Output};

use crate::harness::{PROGRAM, finished};

/// `bartizan nodes` with nothing of this machine's configuration; `aws` is the configuration file.
fn nodes(aws: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config");
    fs::write(&file, aws).unwrap();
    let none = home.path().join("none");
    let mut command = Command::new(PROGRAM);
    command
        .arg("nodes")
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .env("AWS_CONFIG_FILE", &file)
        .env("AWS_SHARED_CREDENTIALS_FILE", &none)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().copied());
    finished(&mut command)
}

/// That the program failed with one line in which all of these words are.
fn says(output: &Output, words: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
/// A loopback port on which nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

#[test]
fn a_second_factor_is_not_left_out_in_silence() {
    let aws = "[profile ops]\nregion=us-east-1\nrole_arn=arn:aws:iam::123456789012:role/x\nsource_profile=me\n\
               mfa_serial=arn:aws:iam::123456789012:mfa/me\n[profile me]\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\n\
               aws_secret_access_key=secret\n";
    says(&nodes(aws, &["--profile", "ops"], &[]), &["profile ops needs a second factor", "credential_process"]);
}

#[test]
fn a_profile_by_name_wins_over_keys_in_the_environment() {
    let aws = "[profile broken]\nregion=us-east-1\ncredential_process=/bin/false\n";
    let output = nodes(aws, &["--profile", "broken", "--endpoint-url", NOBODY], &KEYS);
    says(&output, &["no credentials"]);
}

#[test]
fn a_certificate_bundle_that_is_none() {
    let variables = [KEYS[0], KEYS[1], ("AWS_CA_BUNDLE", "/dev/null")];
    says(&nodes("", &["--region", "us-east-1"], &variables), &["certificate bundle /dev/null", "no certificate"]);
    let variables = [KEYS[0], KEYS[1], ("AWS_CA_BUNDLE", "/nowhere.pem")];
    says(&nodes("", &["--region", "us-east-1"], &variables), &["certificate bundle /nowhere.pem", "No such file"]);
}

#[test]
fn a_configuration_file_that_is_none() {
    says(&nodes("garbage[[[\n", &["--region", "us-east-1"], &KEYS), &["configuration not usable", "line 1"]);
}

#[test]
fn a_region_that_cannot_be_one() {
    says(&nodes("", &["--region", "us east 1"], &KEYS), &["configuration not usable", "us east 1", "no name of a region"]);
}

#[test]
fn a_proxy_that_is_dead() {
    let variables = [KEYS[0], KEYS[1], ("HTTPS_PROXY", NOBODY)];
    says(&nodes("", &["--region", "us-east-1"], &variables), &["no connection", "proxy"]);
}

#[test]
fn no_credentials_is_one_short_line() {
    let output = nodes("", &["--region", "us-east-1"], &[]);
    says(&output, &["no credentials", "AWS_PROFILE"]);
    assert!(output.stderr.len() < 400);
}
