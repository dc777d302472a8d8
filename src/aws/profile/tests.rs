use super::way::{Base, Source};
use super::*;

const CONFIG: &str = "/home/.aws/config";
const KEYS: &str = "/home/.aws/credentials";

/// What is found for `--profile` under these variables, in these files.
async fn look(asked: Option<&str>, env: &[(&str, &str)], config: &str, credentials: &str) -> Result<Found, Fault> {
    let clock = Clock::new(|| jiff::Timestamp::UNIX_EPOCH);
    let variables: Vec<(&str, &str)> = env.iter().copied().chain([("HOME", "/home")]).collect();
    let fs = Fs::from_slice(&[(CONFIG, config), (KEYS, credentials)]);
    Look { env: Env::from_slice(&variables), fs, clock: &clock }.look(asked, None).await
}

/// Base and roles of a way in short.
fn short(found: &Found) -> String {
    let way = match &found.origin {
        Origin::Environment => return "environment".into(),
        Origin::Machine(None) => return "machine".into(),
        Origin::Machine(Some(token)) => return format!("machine with token {} for {}", token.file, token.role),
        Origin::Profile(way) => way,
    };
    let base = match &way.base {
        Base::Keys { id, token, .. } => format!("keys {id}{}", if token.is_some() { " with token" } else { "" }),
        Base::Process(command) => format!("process {command}"),
        Base::Sso(sso) => format!("sso {} {} {:?}", sso.start_url, sso.region, sso.session),
        Base::Login(session) => format!("login {session}"),
        Base::Token(token) => format!("token {} for {}", token.file, token.role),
        Base::Source(source) => format!("source {source:?}"),
    };
    let steps = way.steps.iter().map(|step| format!(" → {}{}", step.role, if step.serial.is_some() { "+mfa" } else { "" }));
    format!("{base} of {}{}", way.profile, steps.collect::<String>())
}

const FILE: &str = "\
[default]\nregion = us-east-1\n\
[profile keys]\naws_access_key_id = AKIACONFIG\naws_secret_access_key = s\n\
[profile both]\naws_access_key_id = AKIACONFIG\naws_secret_access_key = s\n\
[profile process]\ncredential_process = /bin/x 'a b'\naws_access_key_id = AKIALOST\naws_secret_access_key = s\n\
[profile 'My Mac']\nsso_session = FOO BAR\nsso_account_id = 1\nsso_role_name = r\naws_access_key_id = AKIALOST\n\
[sso-session 'FOO BAR']\nsso_start_url = https://x/start\nsso_region = eu-west-1\n\
[profile legacy]\nsso_start_url = https://y\nsso_region = eu-west-2\nsso_account_id = 1\nsso_role_name = r\n\
[profile login]\nlogin_session = arn:session\n\
[profile token]\nrole_arn = R\nweb_identity_token_file = /t\n\
[profile role]\nrole_arn = R1\nsource_profile = keys\n\
[profile roles]\nrole_arn = R2\nsource_profile = role\nmfa_serial = m\n\
[profile stops]\nrole_arn = R3\nsource_profile = hybrid\n\
[profile hybrid]\nrole_arn = R4\nsource_profile = nowhere\naws_access_key_id = AKIAHYBRID\naws_secret_access_key = s\n\
[profile self]\nrole_arn = R5\nsource_profile = self\naws_access_key_id = AKIASELF\naws_secret_access_key = s\n\
[profile by-sso]\nrole_arn = R6\nsource_profile = My Mac\n\
[profile instance]\nrole_arn = R7\ncredential_source = Ec2InstanceMetadata\nmfa_serial = m\n\
[profile source]\ncredential_source = EcsContainer\n\
[profile empty]\nregion = us-west-2\nmfa_serial = m\n";
const CREDENTIALS: &str = "[both]\naws_access_key_id = AKIABOTH\naws_secret_access_key = s\naws_session_token = t\n\
                           [only]\naws_access_key_id = AKIAONLY\naws_secret_access_key = s\naws_session_token =\n";

#[tokio::test]
async fn each_profile_goes_the_way_that_the_aws_cli_goes() {
    for (profile, way) in [
        ("keys", "keys AKIACONFIG of keys"),
        ("both", "keys AKIABOTH with token of both"),
        ("only", "keys AKIAONLY of only"),
        ("process", "process /bin/x 'a b' of process"),
        ("My Mac", "sso https://x/start eu-west-1 Some(\"FOO BAR\") of My Mac"),
        ("legacy", "sso https://y eu-west-2 None of legacy"),
        ("login", "login arn:session of login"),
        ("token", "token /t for R of token"),
        ("role", "keys AKIACONFIG of keys → R1"),
        ("roles", "keys AKIACONFIG of keys → R1 → R2+mfa"),
        ("stops", "keys AKIAHYBRID of hybrid → R3"),
        ("self", "keys AKIASELF of self → R5"),
        ("by-sso", "sso https://x/start eu-west-1 Some(\"FOO BAR\") of My Mac → R6"),
        ("instance", "source Instance of instance → R7+mfa"),
        ("source", "source Container of source"),
        ("empty", "machine"),
        ("default", "machine"),
    ] {
        // Asked for by name the profile goes before the keys of the environment, and before a container's token.
        let env = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/web")];
        let found = look(Some(profile), &env, FILE, CREDENTIALS).await.unwrap();
        assert_eq!(short(&found), way, "{profile}");
        assert_eq!(found.name.as_deref(), Some(profile));
        // By the variable it is the same where no such keys are.
        let found = look(None, &[("AWS_PROFILE", profile), ("AWS_DEFAULT_PROFILE", "keys")], FILE, CREDENTIALS).await.unwrap();
        assert_eq!((short(&found).as_str(), found.name.as_deref()), (way, Some(profile)));
    }
}

#[tokio::test]
async fn keys_of_the_environment_go_before_the_variable_and_behind_the_option() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_PROFILE", "keys")];
    let found = look(None, &keys, FILE, CREDENTIALS).await.unwrap();
    assert_eq!((short(&found).as_str(), found.name.as_deref()), ("environment", Some("keys")));
    let found = look(Some("both"), &keys, FILE, CREDENTIALS).await.unwrap();
    assert_eq!((short(&found).as_str(), found.name.as_deref()), ("keys AKIABOTH with token of both", Some("both")));
    // Half a pair is no key: nobody else's is used in its place.
    let half = look(None, &[("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_PROFILE", "keys")], FILE, CREDENTIALS).await.unwrap_err();
    assert!(half.message.raw().contains("AWS_SECRET_ACCESS_KEY is not"), "{half}");
    // An empty variable is not set.
    let found = look(None, &[("AWS_ACCESS_KEY_ID", ""), ("AWS_PROFILE", "")], FILE, CREDENTIALS).await.unwrap();
    assert_eq!((short(&found).as_str(), found.name), ("machine", None));
}

#[tokio::test]
async fn a_token_of_the_environment_is_for_whoever_names_no_profile() {
    let env = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/web"), ("AWS_ROLE_ARN", "R")];
    let with = |more: &'static str| {
        let env: Vec<_> = env.iter().copied().chain((!more.is_empty()).then_some(("AWS_PROFILE", more))).collect();
        async move { short(&look(None, &env, &FILE.replace("[default]\n", "[default]\ncredential_process = x\n"), "").await.unwrap()) }
    };
    assert_eq!(with("").await, "machine with token /web for R");
    assert_eq!(with("keys").await, "keys AKIACONFIG of keys");
    assert_eq!(with("empty").await, "machine with token /web for R");
    let no_role = look(None, &env[..1], FILE, "").await.unwrap_err();
    assert!(no_role.message.raw().contains("AWS_ROLE_ARN is not"), "{no_role}");
}

#[tokio::test]
async fn a_profile_whose_way_is_broken_fails_by_its_name() {
    for (options, words) in [
        ("role_arn = R\nsource_profile = absent", "it has source_profile = absent, and there is no profile of that name"),
        ("role_arn = R\nsource_profile = empty", "source_profile = empty, and that profile names no credentials"),
        ("role_arn = R\nsource_profile = deep", "its source deep has source_profile = absent"),
        ("role_arn = R\nsource_profile = round", "its source round leads round in a circle: source_profile goes p → round → p"),
        ("role_arn = R\nsource_profile = p", "it leads round in a circle: source_profile goes p → p"),
        ("role_arn = R", "it has role_arn, but neither source_profile nor credential_source"),
        ("role_arn = R\nsource_profile = keys\ncredential_source = Environment", "it has both"),
        ("role_arn = R\ncredential_source = Nonsense", "credential_source = Nonsense"),
        ("role_arn =\nsource_profile = keys", "has role_arn, and nothing behind it"),
        ("role_arn = R\nsource_profile =", "there is no profile of that name"),
        ("source_profile = keys", "it has source_profile, but no role_arn"),
        ("aws_access_key_id = AKIA", "no aws_secret_access_key beside it"),
        ("aws_access_key_id =\naws_secret_access_key = s", "has aws_access_key_id, and nothing behind it"),
        ("aws_access_key_id = AKIA\naws_secret_access_key =", "has aws_secret_access_key, and nothing behind it"),
        ("aws_secret_access_key = s", "has aws_secret_access_key, but no aws_access_key_id"),
        ("aws_session_token = s", "has aws_session_token, but no aws_access_key_id"),
        ("sso_session = nowhere\nsso_account_id = 1\nsso_role_name = r", "there is no section [sso-session nowhere]"),
        ("sso_session = FOO BAR", "has sso_session, but no sso_account_id and sso_role_name"),
        ("sso_account_id = 1\nsso_role_name = r", "signs in with SSO and has no sso_start_url"),
        ("sso_session = FOO BAR\nsso_account_id = 1", "has no sso_role_name, and neither has its sso-session FOO BAR"),
        (
            "sso_session = FOO BAR\nsso_account_id = 1\nsso_role_name = r\nsso_region = x",
            "its sso-session FOO BAR says eu-west-1",
        ),
        ("web_identity_token_file = /t", "has web_identity_token_file, but no role_arn"),
        ("role_arn = R\nweb_identity_token_file =", "has web_identity_token_file, and nothing behind it"),
        ("credential_process =", "has credential_process, and nothing behind it"),
        ("login_session =", "has login_session, and nothing behind it"),
    ] {
        let more = "[profile deep]\nrole_arn = R\nsource_profile = absent\n[profile round]\nrole_arn = R\nsource_profile = p\n";
        let file = format!("{FILE}[profile p]\n{options}\n{more}");
        let container = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/machine");
        for (asked, env) in [(Some("p"), vec![container]), (None, vec![container, ("AWS_PROFILE", "p")])] {
            let fault = look(asked, &env, &file, CREDENTIALS).await.err().unwrap_or_else(|| panic!("{options} is not refused"));
            let FaultKind::ProfileUnusable { profile, advice } = &fault.kind else { panic!("{options}: {fault}") };
            assert_eq!(profile, "p");
            assert!(fault.message.raw().contains(words), "{options}: {}", fault.message.raw());
            assert!(fault.message.raw().contains(CONFIG), "which file: {}", fault.message.raw());
            assert!(!advice.is_empty() && fault.to_string().contains("no credentials from profile p"), "{fault}");
        }
    }
}

#[tokio::test]
async fn a_name_that_is_in_neither_file_is_said_with_what_may_be_meant() {
    let file = "[profile role of mine]\nregion = x\n[bare]\nregion = x\n[profile 'Foo Bar']\nregion = x\n";
    for (name, words) in [
        ("no such", "it is neither in /home/.aws/config nor in /home/.aws/credentials"),
        ("role of mine", "write [profile 'role of mine']"),
        ("bare", "has a section [bare], which AWS's tools do not take for a profile: write [profile bare]"),
        ("'Foo Bar'", "it is neither in"),
        ("", "it is neither in"),
    ] {
        let fault = look(Some(name), &[], file, "").await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::UnknownProfile { profile: name.to_owned() });
        assert!(fault.message.raw().contains(words), "{name}: {}", fault.message.raw());
    }
    // Named, even the default has to be there; unnamed, it need not be.
    assert!(look(Some("default"), &[], file, "").await.is_err());
    assert!(look(None, &[("AWS_PROFILE", "default")], file, "").await.is_err());
    assert!(look(None, &[], file, "").await.unwrap().name.is_none());
}

#[tokio::test]
async fn a_file_that_the_aws_cli_refuses_is_refused_with_its_line() {
    let twice = look(None, &[], "[default]\nregion = a\n[default]\nregion = b\n", "").await.unwrap_err();
    assert_eq!(twice.kind, FaultKind::Configuration);
    assert_eq!(twice.message.raw(), "/home/.aws/config: line 3 begins a second section [default]");
    let fault = look(None, &[], "", "[a]\nrubbish\n").await.unwrap_err();
    assert_eq!(fault.message.raw(), "/home/.aws/credentials: line 2 has no =");
}

#[tokio::test]
async fn the_variables_of_the_files_are_obeyed_and_settings_are_the_profiles() {
    let clock = Clock::new(|| jiff::Timestamp::UNIX_EPOCH);
    let fs = Fs::from_slice(&[
        ("/home/other", "[profile a]\nregion = eu-west-1\nca_bundle = /ca\nuse_fips_endpoint = true\nmax_attempts = 7\n"),
        ("/keys", "[a]\naws_access_key_id = AKIA\naws_secret_access_key = s\n"),
    ]);
    let variables = [("HOME", "/home"), ("AWS_CONFIG_FILE", "~/other"), ("AWS_SHARED_CREDENTIALS_FILE", "/keys")];
    let found = Look { env: Env::from_slice(&variables), fs, clock: &clock }.look(Some("a"), None).await.unwrap();
    assert_eq!(short(&found), "keys AKIA of a");
    assert_eq!((found.region.as_deref(), found.bundle.as_deref()), (Some("eu-west-1"), Some("/ca")));
    assert_eq!(found.options, "[default]\nuse_fips_endpoint = true\nmax_attempts = 7\n");
    let found = look(Some("empty"), &[("AWS_DEFAULT_REGION", "b"), ("AWS_REGION", "")], FILE, "").await.unwrap();
    assert_eq!(found.region.as_deref(), Some("b"));
    assert!(matches!(found.origin, Origin::Machine(None)));
    let Origin::Profile(way) = look(Some("source"), &[], FILE, "").await.unwrap().origin else { panic!("it names a source") };
    assert!(matches!(way.base, Base::Source(Source::Container)));
}
