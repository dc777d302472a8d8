//! Profiles from the files to the call, in the built program: whose identity goes out, and where to.

use std::path::Path;

use crate::harness::{Emulated, Start, credentials, environment, without_terminal};
use crate::stub::{Answer, serve};

const KEYS: &str = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n";

/// A home with both files.
fn home(configuration: &str, keys: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    std::fs::write(home.path().join(".aws/config"), configuration).unwrap();
    std::fs::write(home.path().join(".aws/credentials"), keys).unwrap();
    home
}

fn with(home: &Path, variables: &[(&str, &str)]) -> Vec<(String, String)> {
    let more = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    environment(home).into_iter().chain(more).collect()
}

#[test]
fn names_with_blanks_and_quotes_are_the_profiles_of_the_aws_cli() {
    let names = ["My MacBook Pro", "Someone's", "12345.admin", "a:b@c+d%e", "tabbed"];
    let headers =
        ["profile 'My MacBook Pro'", "profile \"Someone's\"", "profile 12345.admin", "profile a:b@c+d%e", "profile\ttabbed"];
    let configuration: String = headers.iter().map(|header| format!("[{header}]\nregion = eu-west-1\n")).collect();
    let keys: String = names.iter().map(|name| format!("[{name}]\n{KEYS}")).collect();
    let home = home(&configuration, &keys);
    let world = Emulated::start(home.path(), &["--scenario", "quiet"]);
    for name in names {
        let arguments = ["nodes", "--json", "--endpoint-url", &world.url, "--profile", name];
        let (status, out, error) = without_terminal(&environment(home.path()), &arguments);
        assert!(status == 0 && out.contains("eu-west-1"), "{name}: {error}");
    }
}

#[test]
fn nobody_comes_in_as_the_machine_under_the_name_of_a_profile() {
    let home = home(
        "[profile broken]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/A\nsource_profile = absent\n\
         [profile ended]\nregion = us-east-1\nlogin_session = arn:aws:iam::123456789012:user/ada\n\
         [profile through]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/A\nsource_profile = ended\n\
         [profile 'signed out']\nregion = us-east-1\nsso_session = FOO BAR\nsso_account_id = 123456789012\nsso_role_name = R\n\
         [sso-session 'FOO BAR']\nsso_start_url = https://example.invalid/start\nsso_region = us-west-2\n",
        "",
    );
    // The machine's own role would be had here; nobody may ask for it.
    let machine = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    machine.set_nonblocking(true).unwrap();
    let role = format!("http://{}/role", machine.local_addr().unwrap());
    for (name, words) in [
        ("broken", "there is no profile of that name"),
        ("ended", "run `aws login --profile ended`"),
        ("through", "its source ended signs in with `aws login`"),
        ("through", "run `aws login --profile ended`"),
        ("signed out", "run `aws sso login --profile 'signed out'`"),
    ] {
        for by_option in [true, false] {
            let mut variables = vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", role.as_str())];
            let mut arguments = vec!["users", "--plain", "--endpoint-url", "http://127.0.0.1:9"];
            if by_option {
                arguments.extend(["--profile", name])
            } else {
                variables.push(("AWS_PROFILE", name))
            }
            let (status, _, error) = without_terminal(&with(home.path(), &variables), &arguments);
            assert_eq!(status, 1, "{error}");
            assert!(error.contains(words) && error.contains(&format!("no credentials from profile {name}")), "{error}");
        }
    }
    assert!(machine.accept().is_err(), "the machine was asked for its role");
}

#[test]
fn keys_of_the_environment_are_not_shown_as_the_profiles() {
    let home = home("[profile prod]\nregion = eu-west-1\n", &format!("[prod]\n{KEYS}"));
    let world = Emulated::start(home.path(), &["--scenario", "quiet"]);
    let mut variables = with(home.path(), &[("AWS_PROFILE", "prod"), ("AWS_ENDPOINT_URL", &world.url)]);
    variables.extend(credentials());
    let (_, out, error) = without_terminal(&variables, &["doctor"]);
    let said = out.lines().any(|line| line.contains("prod gives settings only: the keys of the environment"));
    assert!(said, "{out}{error}");
    let mut terminal = Start { environment: variables, ..Start::new(home.path(), &["--pane", "users"]) }.size(140, 30).run();
    terminal.until("profile prod: settings only, keys of the environment").keys("q");
}

#[test]
fn the_header_and_doctor_name_the_endpoint_that_is_called() {
    let home = home("", "");
    let world = Emulated::start(home.path(), &["--scenario", "quiet"]);
    let url = &world.url;
    let services: String =
        ["iam", "sts", "ssm", "guardduty", "cloudtrail"].map(|service| format!("{service} =\n  endpoint_url = {url}\n")).concat();
    let keys = format!("[p]\n{KEYS}[q]\n{KEYS}");
    let configuration = format!(
        "[profile p]\nregion = us-east-1\nservices = local\n[services local]\n{services}[profile q]\nregion = us-east-1\nendpoint_url = {url}\n"
    );
    std::fs::create_dir_all(home.path().join(".aws")).unwrap();
    std::fs::write(home.path().join(".aws/config"), configuration).unwrap();
    std::fs::write(home.path().join(".aws/credentials"), keys).unwrap();
    let environment = with(home.path(), &[]);
    for (profile, words) in
        [("p", format!("endpoint {url} for cloudtrail, guardduty, iam, ssm, sts")), ("q", format!("endpoint {url}"))]
    {
        let mut terminal = Start::new(home.path(), &["--profile", profile]).size(160, 30).run();
        terminal.until(&words).keys("q");
        let (status, out, error) = without_terminal(&environment, &["users", "--csv", "--profile", profile]);
        assert!(status == 0 && !out.is_empty(), "{error}");
    }
    let (_, out, _) = without_terminal(&environment, &["doctor", "--profile", "p"]);
    let line =
        |service: &str| out.lines().find(|line| line.contains(&format!("endpoint {service} "))).unwrap_or_default().to_owned();
    assert!(
        line("ssm").contains(url.as_str()) && line("kms").trim_end().ends_with(" kms.us-east-1.amazonaws.com (AWS)"),
        "{out}"
    );
    // What is to be ignored is neither called nor shown.
    let ignoring = with(home.path(), &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"), ("AWS_ENDPOINT_URL_IAM", url)]);
    let (status, _, _) = without_terminal(&ignoring, &["users", "--csv", "--profile", "q"]);
    assert_eq!(status, 1, "AWS itself is behind a proxy that is not there");
    let (_, out, _) = without_terminal(&ignoring, &["doctor", "--profile", "q"]);
    for (service, host) in [("iam", "iam.amazonaws.com"), ("ssm", "ssm.us-east-1.amazonaws.com")] {
        let ends = format!(" {host} (AWS)");
        let is_named = |line: &str| line.contains(&format!("endpoint {service} ")) && line.trim_end().ends_with(&ends);
        assert!(out.lines().any(is_named), "{service}: {out}");
    }
    // What is no URL would be passed over by the SDK, and the call would go to AWS.
    let wrong = with(home.path(), &[("AWS_ENDPOINT_URL_IAM", "localhost:4566")]);
    let (status, _, error) = without_terminal(&wrong, &["users", "--csv", "--profile", "q"]);
    assert!(status == 1 && error.contains("AWS_ENDPOINT_URL_IAM is \"localhost:4566\""), "{error}");
}

#[test]
fn hosts_that_need_no_proxy_are_called_without_one_however_that_is_written() {
    let home = home("", "");
    let world = Emulated::start(home.path(), &["--scenario", "quiet"]);
    let port = world.url.rsplit(':').next().unwrap();
    for list in ["*", "127.0.0.0/8", &format!("127.0.0.1:{port}"), " 127.0.0.1 , .internal"] {
        for (no, proxy) in [("NO_PROXY", "HTTP_PROXY"), ("no_proxy", "http_proxy")] {
            let mut variables = with(home.path(), &[(no, list), (proxy, "http://127.0.0.1:9")]);
            variables.extend(credentials());
            let (status, _, error) = without_terminal(&variables, &["nodes", "--json", "--endpoint-url", &world.url]);
            assert_eq!(status, 0, "{no}={list}: {error}");
        }
    }
    let mut variables = with(
        home.path(),
        &[("NO_PROXY", &format!("127.0.0.1:1{port},127.0.0.1:9,.internal")), ("HTTP_PROXY", "http://127.0.0.1:9")],
    );
    variables.extend(credentials());
    let (status, _, error) = without_terminal(&variables, &["nodes", "--json", "--endpoint-url", &world.url]);
    assert!(status == 1 && error.contains("proxy"), "another port needs it: {error}");
}

/// A sign-in and STS on loopback: what IAM Identity Center, signin and STS answer to whoever has a token.
fn sign_in() -> String {
    const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
        <Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>AIDAADA</UserId><Account>123456789012</Account>\
        </GetCallerIdentityResult></GetCallerIdentityResponse>";
    const TOKEN: &str = "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
        <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
        <SessionToken>t</SessionToken><Expiration>2096-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
        </AssumeRoleWithWebIdentityResponse>";
    const SSO: &str =
        r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"s","sessionToken":"t","expiration":3976214400000}}"#;
    const RENEWED: &str = r#"{"accessToken":{"accessKeyId":"ASIARENEWED","secretAccessKey":"s","sessionToken":"t"},
        "tokenType":"aws_sigv4","expiresIn":900,"refreshToken":"refresh-2"}"#;
    serve(|head, body| match () {
        () if head.contains("/federation/credentials") => Answer::Text(SSO.into()),
        () if head.contains("post /v1/token") && head.contains("\ndpop: ") && body.contains("\"refresh-1\"") => {
            Answer::Text(RENEWED.into())
        }
        () if body.contains("Action=GetCallerIdentity") => Answer::Text(IDENTITY.into()),
        () if body.contains("Action=AssumeRoleWithWebIdentity") && body.contains("WebIdentityToken=eyJ") => {
            Answer::Text(TOKEN.into())
        }
        () => Answer::Refused,
    })
}

#[test]
fn every_kind_of_sign_in_is_gone_and_named_by_its_kind() {
    let home = home("", "");
    let token = home.path().join("token");
    std::fs::write(&token, "eyJ\n").unwrap();
    let configuration = format!(
        "[profile 'My Mac']\nsso_session = FOO BAR\nsso_account_id = 123456789012\nsso_role_name = Admin\n\
         [sso-session 'FOO BAR']\nsso_start_url = https://example.invalid/start\nsso_region = us-west-2\n\
         [profile console]\nlogin_session = arn:aws:iam::123456789012:user/ada\n\
         [profile pod]\nrole_arn = arn:aws:iam::123456789012:role/R\nweb_identity_token_file = {}\n",
        token.display()
    );
    std::fs::write(home.path().join(".aws/config"), configuration).unwrap();
    let keep = |folder: &str, name: &str, content: &str| {
        let folder = home.path().join(".aws").join(folder).join("cache");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), content).unwrap();
    };
    // The names are SHA-1 of the session's name and SHA-256 of the session, as `aws sso login` and `aws login` make them.
    let sso = r#"{"startUrl":"https://example.invalid/start","region":"us-west-2","accessToken":"t","expiresAt":"2096-01-01T00:00:00Z"}"#;
    keep("sso", "0135faa6323685ba8a8ff8d3f955f0c36949d8fb.json", sso);
    let login = r#"{"accessToken":{"accessKeyId":"ASIALOGIN","secretAccessKey":"s","sessionToken":"t","accountId":"123456789012",
        "expiresAt":"2096-01-01T00:00:00Z"},"refreshToken":"r","dpopKey":"k","clientId":"c"}"#;
    keep("login", "397b11bbda6668a5a8d17d42c91036373f4a376627089c204bef61ce0ae993c2.json", login);
    let url = sign_in();
    let environment = with(home.path(), &[("AWS_ENDPOINT_URL", &url), ("AWS_REGION", "us-west-2")]);
    for (profile, kind) in [("My Mac", "SSO"), ("console", "aws login"), ("pod", "web identity")] {
        let (_, out, error) = without_terminal(&environment, &["doctor", "--profile", profile]);
        let line = |what: &str| out.lines().find(|line| line.contains(what)).unwrap_or_default().to_owned();
        assert!(line("credentials").contains(&format!("{kind}, ending")), "{profile}: {out}{error}");
        assert!(line("identity  ").contains("user/ada"), "{profile}: {out}");
    }
}

/// What `aws login` keeps; the key was made for this test and is for nothing else.
fn kept(refresh: &str, end: &str) -> String {
    format!(
        r#"{{"accessToken":{{"accessKeyId":"ASIALOGIN","secretAccessKey":"s","sessionToken":"t","accountId":"123456789012",
        "expiresAt":"{end}"}},"tokenType":"aws_sigv4","signInRegion":"eu-west-1","refreshToken":"{refresh}","clientId":"arn:aws:signin:::devtools/same-device",
        "dpopKey":"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIFTx2D9vl0Lrr1aqF546Ylf58+MHtcYMMSUPww3hALgKoAoGCCqGSM49\nAwEHoUQDQgAECMgTOil0k8K04QHjIqGN9KfBBJHputv0RDn8D8J0izASi3rykFP6\n3cm+NoDmV9YsEXUGaeIYNsxoLSiTGmPLRg==\n-----END EC PRIVATE KEY-----\n"}}"#
    )
}

#[test]
fn a_sign_in_of_aws_login_is_renewed_and_kept_for_whoever_comes_next() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = home("[profile console]\nregion = us-east-1\nlogin_session = arn:aws:iam::123456789012:user/ada\n", "");
    let cache = home.path().join(".aws/login/cache");
    std::fs::create_dir_all(&cache).unwrap();
    let file = cache.join("397b11bbda6668a5a8d17d42c91036373f4a376627089c204bef61ce0ae993c2.json");
    let url = sign_in();
    let environment = with(home.path(), &[("AWS_ENDPOINT_URL", &url)]);
    let doctor = || without_terminal(&environment, &["doctor", "--profile", "console"]);
    std::fs::write(&file, kept("refresh-1", "2026-01-01T00:00:00Z")).unwrap();
    // Together: a refresh token serves once, so the second has to wait for the first and take what it got.
    std::thread::scope(|scope| {
        for run in [scope.spawn(doctor), scope.spawn(doctor)] {
            let (_, out, error) = run.join().unwrap();
            assert!(out.contains("aws login, ending") && out.contains("user/ada"), "{out}{error}");
        }
    });
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("ASIARENEWED") && text.contains("refresh-2") && text.contains("BEGIN EC"), "{text}");
    assert!(text.contains("\"signInRegion\":\"eu-west-1\""), "the region of the sign-in is lost: {text}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    // What signin does not renew any more has ended, and the file is left as it was.
    let ended = kept("refresh-0", "2026-01-01T00:00:00Z");
    std::fs::write(&file, &ended).unwrap();
    let (_, out, error) = doctor();
    let all = format!("{out}{error}");
    assert!(all.contains("ended at 2026-01-01T00:00:00Z, and was not renewed: failed to refresh"), "{all}");
    assert!(all.contains("run `aws login --profile console`"), "{all}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), ended);
}
