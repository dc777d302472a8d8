//! Whatever comes in is answered: in its protocol, well formed, and never by a fault of ours.

use std::sync::{Arc, LazyLock};

use aws_credential_types::Credentials;
use aws_sdk_iam::error::ProvideErrorMetadata;
use bartizan::emulator::fault::Rule;
use bartizan::emulator::svc::Service;
use bartizan::emulator::wire::{Reply, Response};
use bartizan::emulator::{Options, World, in_process, svc};
use bytes::Bytes;
use proptest::prelude::*;

use crate::emulated::{account, administrator, strict};

const QUERY_PARAMETERS: [&str; 14] = [
    "UserName",
    "Marker",
    "MaxItems",
    "PathPrefix",
    "AccessKeyId",
    "Status",
    "PolicyName",
    "PolicyDocument",
    "PolicyArn",
    "SerialNumber",
    "RoleName",
    "RoleArn",
    "RoleSessionName",
    "DurationSeconds",
];

const JSON_MEMBERS: [&str; 26] = [
    "KeyId",
    "NumberOfBytes",
    "KeySpec",
    "EncryptionContext",
    "CiphertextBlob",
    "SecretId",
    "Name",
    "SecretString",
    "ClientRequestToken",
    "VersionStages",
    "VersionStage",
    "VersionId",
    "MaxResults",
    "maxResults",
    "NextToken",
    "nextToken",
    "StartTime",
    "EndTime",
    "LookupAttributes",
    "State",
    "Filters",
    "Target",
    "SessionId",
    "findingCriteria",
    "sortCriteria",
    "findingIds",
];

fn ask(world: &World, request: http::Request<Bytes>) -> Response {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match runtime.block_on(world.handle(request)) {
        Reply::Http(response) => response,
        other => panic!("no fault was asked for: {other:?}"),
    }
}

fn signed(service: &str, method: &str, path: &str) -> http::request::Builder {
    let now = jiff::Timestamp::now();
    let day = now.strftime("%Y%m%d");
    let scope = format!("AKIAIOSFODNN7EXAMPLE/{day}/us-east-1/{service}/aws4_request");
    let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00");
    http::Request::builder()
        .method(method)
        .uri(path)
        .header("x-amz-date", now.strftime("%Y%m%dT%H%M%SZ").to_string())
        .header("authorization", authorization)
}

/// A world in which any key counts; one for all cases, as telling its story takes longer than a case.
static OPEN: LazyLock<World> = LazyLock::new(|| {
    let world = World::from_scenario("incident", Options { speed: 0.0, ..Options::default() }).unwrap();
    world.account().cloudtrail.rate = None;
    world
});

fn is_well_formed_xml(body: &[u8]) -> bool {
    let mut reader = quick_xml::Reader::from_reader(body);
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("user-00000".to_owned()),
        Just("marta.keller".to_owned()),
        Just("/".to_owned()),
        Just("100".to_owned()),
        Just("-1".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("Inactive".to_owned()),
        Just("{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}".to_owned()),
        Just("arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()),
        "\\PC{0,400}",
        any::<String>(),
    ]
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(|number| serde_json::json!(number)),
        value().prop_map(Into::into),
        Just(serde_json::json!([{"AttributeKey": "Username", "AttributeValue": "x"}])),
        Just(serde_json::json!({"criterion": {"severity": {"gte": 7}}})),
        Just(serde_json::json!([{"key": "Owner", "value": "x"}])),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(prop::sample::select(&JSON_MEMBERS[..]), inner, 0..4).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<serde_json::Value>()),
        ]
    })
}

fn query_operation() -> impl Strategy<Value = (Service, &'static str)> {
    let of = |service: Service| service.operations().iter().map(move |operation| (service, *operation));
    prop::sample::select([Service::Iam, Service::Sts].into_iter().flat_map(of).collect::<Vec<_>>())
}

/// A target of `X-Amz-Target`, some of which there are not.
fn target() -> impl Strategy<Value = (Service, String)> {
    let of = |service: Service| {
        let prefix = service.target().unwrap_or_default();
        service.operations().iter().copied().chain(["Dwarf", ""]).map(move |name| (service, format!("{prefix}.{name}")))
    };
    let spoken = Service::ALL.into_iter().filter(|service| service.target().is_some());
    prop::sample::select(spoken.flat_map(of).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_form_gets_xml(
        (service, operation) in query_operation(),
        given in prop::collection::btree_map(prop::sample::select(&QUERY_PARAMETERS[..]), value(), 0..6),
    ) {
        let version = service.version();
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let parameters: String = given.iter().map(|(name, value)| format!("&{name}={}", encode(value))).collect();
        let body = Bytes::from(format!("Action={operation}&Version={version}{parameters}"));
        let response = ask(&OPEN, signed(service.name(), "POST", "/").body(body).unwrap());
        prop_assert!(response.status().as_u16() < 500, "{:?}", response);
        prop_assert!(is_well_formed_xml(response.body()), "{:?}", response);
    }

    #[test]
    fn any_json_gets_json(
        (service, target) in target(),
        members in prop::collection::btree_map(prop::sample::select(&JSON_MEMBERS[..]), json(), 0..5),
    ) {
        let body = Bytes::from(serde_json::to_vec(&members).unwrap());
        let request = signed(service.name(), "POST", "/").header("content-type", "application/x-amz-json-1.1").header("x-amz-target", target);
        let response = ask(&OPEN, request.body(body).unwrap());
        prop_assert!(response.status().as_u16() < 500, "{:?}", response);
        prop_assert!(serde_json::from_slice::<serde_json::Value>(response.body()).is_ok(), "{:?}", response);
    }

    #[test]
    fn any_rest_request_gets_json(
        path in "/detector(/[0-9a-f]{32}|/x)?(/findings|/findings/get|/findings/statistics|/findings/archive|/%ff|/member)?",
        method in prop::sample::select(&["GET", "POST", "DELETE"][..]),
        body in json(),
    ) {
        let body = Bytes::from(serde_json::to_vec(&body).unwrap());
        let response = ask(&OPEN, signed("guardduty", method, &path).body(body).unwrap());
        prop_assert!(response.status().as_u16() < 500, "{:?}", response);
        prop_assert!(serde_json::from_slice::<serde_json::Value>(response.body()).is_ok(), "{:?}", response);
    }

    #[test]
    fn any_authorization_is_refused_or_read(
        authorization in "(AWS4-HMAC-SHA256 )?(Credential=[A-Z0-9/]{0,40},? ?)?(SignedHeaders=[a-z;-]{0,20},? ?)?(Signature=[0-9a-fx]{0,70})?",
        date in "([0-9TZ]{0,20}|20261121T120000Z)",
        body in any::<Vec<u8>>(),
    ) {
        let request = http::Request::builder().method("POST").uri("/").header("authorization", authorization).header("x-amz-date", date);
        let response = ask(&OPEN, request.body(Bytes::from(body)).unwrap());
        prop_assert!((400..500).contains(&response.status().as_u16()), "{:?}", response);
        prop_assert!(is_well_formed_xml(response.body()), "{:?}", response);
    }
}

/// One call of each protocol: with the right secret it gets in, with a wrong one it does not.
#[tokio::test]
async fn the_signatures_of_all_protocols_are_checked() {
    let world = strict(account(2), &[]);
    let right = administrator(&world);
    let wrong = Credentials::new(right.access_key_id(), "wrong", None, None, "test");
    for (credentials, is_right) in [(right, true), (wrong, false)] {
        let config = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new("eu-west-1"))
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
            .http_client(in_process::client(Arc::clone(&world)))
            .build();
        let refusals = [
            aws_sdk_iam::Client::new(&config).get_user().user_name("user-00001").send().await.err().and_then(|e| code(&e)),
            aws_sdk_guardduty::Client::new(&config).list_detectors().max_results(5).send().await.err().and_then(|e| code(&e)),
            aws_sdk_guardduty::Client::new(&config)
                .get_findings()
                .detector_id("a b/c")
                .finding_ids("x")
                .send()
                .await
                .err()
                .and_then(|e| code(&e)),
            aws_sdk_cloudtrail::Client::new(&config).describe_trails().send().await.err().and_then(|e| code(&e)),
            aws_sdk_ssm::Client::new(&config).describe_instance_information().send().await.err().and_then(|e| code(&e)),
        ];
        let signature = refusals.iter().flatten().filter(|code| code.contains("Signature")).count();
        assert_eq!(signature, if is_right { 0 } else { 5 }, "{refusals:?}");
    }
}

fn code(error: &impl ProvideErrorMetadata) -> Option<String> {
    error.code().map(str::to_owned)
}

const PAGE: &str = include_str!("../../docs/emulator.md");

/// The words in backticks of a line.
fn words(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// The operations that `docs/emulator.md` names for a service.
fn documented(service: &str) -> Vec<&'static str> {
    let row = PAGE.lines().find(|line| line.starts_with(&format!("| `{service}` |"))).unwrap();
    words(row)[1..].to_vec()
}

#[test]
fn the_page_names_the_operations_that_there_are() {
    for service in Service::ALL {
        let mut named = documented(service.name());
        let mut offered = service.operations().to_vec();
        named.sort_unstable();
        offered.sort_unstable();
        assert_eq!(named, offered, "{}", service.name());
    }
    for service in [Service::Iam, Service::Sts] {
        for operation in service.operations() {
            let body = format!("Action={operation}&Version={}", service.version());
            let response = ask(&OPEN, signed(service.name(), "POST", "/").body(body.into()).unwrap());
            assert!(!String::from_utf8_lossy(response.body()).contains("InvalidAction"), "{operation}");
        }
    }
    for service in Service::ALL {
        let Some(prefix) = service.target() else { continue };
        for operation in service.operations() {
            let request = signed(service.name(), "POST", "/")
                .header("content-type", "application/x-amz-json-1.1")
                .header("x-amz-target", format!("{prefix}.{operation}"));
            let response = ask(&OPEN, request.body("{}".into()).unwrap());
            assert!(!String::from_utf8_lossy(response.body()).contains("UnknownOperation"), "{operation}");
        }
    }
    let paths = ["", "/d", "/d/member", "/d/administrator"].map(|path| (http::Method::GET, format!("/detector{path}")));
    let posts = ["", "/get", "/statistics", "/archive", "/unarchive", "/feedback", "/create"];
    let posts = posts.map(|path| (http::Method::POST, format!("/detector/d/findings{path}")));
    let mut routed: Vec<&str> =
        paths.iter().chain(&posts).map(|(method, path)| svc::guardduty::route(method, path).unwrap()).collect();
    let mut rest = documented("guardduty");
    routed.sort_unstable();
    rest.sort_unstable();
    assert_eq!(rest, routed);
}

#[test]
fn the_page_names_the_faults_that_there_are() {
    let rows = PAGE.lines().skip_while(|line| !line.starts_with("| kind |")).skip(2).take_while(|line| line.starts_with('|'));
    let mut named: Vec<&str> = rows.map(|row| words(row)[0]).collect();
    for kind in &named {
        let quantity = if ["latency", "skew"].contains(kind) { ",ms=1" } else { "" };
        Rule::parse(&format!("*={kind}{quantity}")).unwrap();
    }
    let refused = Rule::parse("*=dwarf").unwrap_err().to_string();
    let list = refused.split_once("kind of fault (").unwrap().1.split_once(')').unwrap().0;
    let mut known: Vec<&str> = list.split(", ").collect();
    named.sort_unstable();
    known.sort_unstable();
    assert_eq!(named, known);
    for example in PAGE.lines().filter(|line| line.starts_with("--fault ")) {
        for rule in example.split("--fault ").map(|rule| rule.trim().trim_matches('\'')).filter(|rule| !rule.is_empty()) {
            Rule::parse(rule).unwrap();
        }
    }
}
