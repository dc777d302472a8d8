//! Strangers write user agents, names, titles and reasons. No byte of theirs may steer the terminal, hide, or turn the reading direction.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Emulated, Start, credentials, environment, without_terminal};
use crate::stub::{Answer, serve};

/// What attackers write: escape sequences of every kind, C0 and C1 controls, bidirectional marks, invisible characters,
/// floods, look-alikes, formulas.
const CORPUS: &[&str] = &[
    "\u{1b}]0;pwned\u{7}",
    "\u{1b}]52;c;cHduZWQ=\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\",
    "\u{1b}[2J\u{1b}[H\u{1b}[31mred",
    "\u{1b}[?1049l\u{1b}[?2004l",
    "\u{1b}P+q544e\u{1b}\\\u{1b}_apc\u{1b}\\\u{1b}c",
    "\u{9b}31mc1\u{9d}0;title\u{9c}\u{90}dcs",
    "carriage\rreturn\u{8}\u{8}back\tspace\u{7f}\u{0}null\u{b}\u{c}",
    "two\nlines\u{2028}three\u{2029}four\u{85}five",
    "\u{202e}gnp.exe\u{202d}\u{202a}\u{202b}\u{202c}",
    "\u{2066}isolate\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}",
    "zero\u{200b}width\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}",
    "tag\u{e0001}\u{e0041}\u{e0042}\u{e007f}",
    "selector\u{fe0f}\u{fe00}\u{e0100}",
    "filler\u{3164}\u{115f}\u{1160}\u{ffa0}\u{2800}",
    "\u{430}dmin",
    "=cmd|' /C calc'!A0",
    "+1-1@x",
];

fn all_of_it() -> String {
    let flood = format!("z{}", "\u{301}".repeat(400));
    format!("{}{flood}{}", CORPUS.concat(), "long".repeat(16_000))
}

/// Characters that no output may hold, whatever the implementation thinks: written down here a second time on purpose.
fn steers(c: char) -> bool {
    matches!(c as u32,
        0x00..=0x1f | 0x7f..=0x9f | 0xad | 0x61c | 0x115f | 0x1160 | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
        | 0x2800 | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xe0000..=0xe0fff)
}

fn event(number: usize, text: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventID": format!("00000000-0000-4000-8000-{number:012}"), "eventType": "AwsApiCall",
        "eventTime": an_hour_ago(), "eventName": format!("Create{text}"), "eventSource": format!("iam{text}.amazonaws.com"),
        "awsRegion": "us-east-1", "recipientAccountId": "123456789012", "sourceIPAddress": format!("198.51.100.7{text}"),
        "userAgent": text, "errorCode": format!("Denied{text}"), "errorMessage": text, "readOnly": false,
        "userIdentity": {"type": "IAMUser", "principalId": text, "arn": format!("arn:aws:iam::123456789012:user/{text}"),
            "accountId": "123456789012", "accessKeyId": format!("AKIA{text}"), "userName": text},
        "requestParameters": {"userName": text, text: {"deep": [text, {text: text}]}}, "responseElements": {"reason": text},
        "resources": [{"ARN": format!("arn:aws:iam::123456789012:user/{text}"), "type": "AWS::IAM::User"}],
    })
}

/// Event history shows the last day unless asked for more.
fn an_hour_ago() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let then = i64::try_from(now).unwrap() - 3600;
    jiff::Timestamp::from_second(then).unwrap().to_string()
}

fn finding(number: usize, text: &str) -> Value {
    json!({
        "schemaVersion": "2.0", "accountId": "123456789012", "region": "us-east-1", "partition": "aws",
        "id": format!("{number:032x}"), "arn": format!("arn:aws:guardduty:us-east-1:123456789012:detector/d/finding/{number:032x}"),
        "type": format!("Stealth:IAMUser/{text}"), "title": text, "description": text, "severity": 8.0, "confidence": 5.0,
        "createdAt": "2026-11-20T10:00:00.000Z", "updatedAt": "2026-11-20T11:00:00.000Z",
        "resource": {"resourceType": "AccessKey", "accessKeyDetails":
            {"accessKeyId": format!("AKIA{text}"), "principalId": text, "userName": text, "userType": "IAMUser"}},
        "service": {"serviceName": "guardduty", "detectorId": "d", "archived": false, "count": 3,
            "eventFirstSeen": "2026-11-20T09:00:00Z", "eventLastSeen": "2026-11-20T11:00:00Z", "resourceRole": "TARGET",
            "additionalInfo": {"value": text, "type": "default"},
            "action": {"actionType": "AWS_API_CALL", "awsApiCallAction": {"api": text, "serviceName": text, "callerType": text,
                "errorCode": text, "userAgent": text, "remoteIpDetails": {"ipAddressV4": "198.51.100.7",
                    "organization": {"asn": "1", "asnOrg": text, "isp": text, "org": text},
                    "country": {"countryName": text}, "city": {"cityName": text}}}}},
    })
}

/// An embedded AWS in which every text is hostile.
fn hostile_world(home: &Path) -> Emulated {
    let everything = all_of_it();
    let texts: Vec<&str> = CORPUS.iter().copied().chain([everything.as_str()]).collect();
    let events: Vec<Value> = texts.iter().enumerate().map(|(number, text)| event(number, text)).collect();
    let findings: Vec<Value> = texts.iter().enumerate().map(|(number, text)| finding(number, text)).collect();
    let (event_dir, finding_dir) = (home.join("events"), home.join("findings"));
    std::fs::create_dir(&event_dir).unwrap();
    std::fs::create_dir(&finding_dir).unwrap();
    std::fs::write(event_dir.join("a.json"), json!({"Records": events}).to_string()).unwrap();
    std::fs::write(finding_dir.join("a.json"), json!({"Findings": findings}).to_string()).unwrap();
    Emulated::start(
        home,
        &["--scenario", "quiet", "--events", &event_dir.display().to_string(), "--findings", &finding_dir.display().to_string()],
    )
}

#[test]
fn no_table_lets_a_hostile_byte_through() {
    let home = tempfile::tempdir().unwrap();
    let world = hostile_world(home.path());
    let environment: Vec<_> = environment(home.path()).into_iter().chain(credentials()).collect();
    for table in ["findings", "events", "users", "keys", "nodes", "sessions"] {
        for format in ["--json", "--csv", "--plain"] {
            let (_, out, error) = without_terminal(&environment, &["--endpoint-url", &world.url, table, format]);
            let bad = |text: &str| text.chars().find(|&c| c != '\n' && c != '\r' && steers(c));
            assert_eq!(bad(&out), None, "{table} {format}");
            assert_eq!(bad(&error), None, "{table} {format} on standard error: {error}");
            let rows = out.lines().count();
            assert!(rows >= CORPUS.len() || !matches!(table, "findings" | "events"), "{table} {format}: {rows} lines\n{error}");
        }
    }
}

#[test]
fn no_cell_is_a_formula() {
    let home = tempfile::tempdir().unwrap();
    let world = hostile_world(home.path());
    let environment: Vec<_> = environment(home.path()).into_iter().chain(credentials()).collect();
    let (_, out, _) = without_terminal(&environment, &["--endpoint-url", &world.url, "findings", "--csv"]);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(out.as_bytes());
    for row in reader.records() {
        for cell in &row.unwrap() {
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell:?}");
        }
    }
}

#[test]
fn no_view_lets_a_hostile_byte_through() {
    let home = tempfile::tempdir().unwrap();
    let world = hostile_world(home.path());
    let mut terminal =
        Start::new(home.path(), &["--endpoint-url", &world.url, "--test-idle"]).with(credentials()).size(160, 50).run();
    terminal.settle();
    for (pane, rows) in [("1", 2), ("2", 2), ("3", CORPUS.len() + 1), ("4", CORPUS.len() + 1), ("5", 2), ("6", 2)] {
        terminal.type_and_settle(pane);
        // Every hostile row: its detail and its raw record, from top to bottom.
        for _ in 0..rows {
            terminal.type_and_settle("\r").type_and_settle("G").type_and_settle("\x1b");
            terminal.type_and_settle("J").type_and_settle("G").type_and_settle("\x1b");
            terminal.type_and_settle("j");
        }
    }
    terminal.type_and_settle("?").type_and_settle("\x1b").type_and_settle(":").type_and_settle("\x1b");
    // Hostile text from the keyboard side, too: a paste into the filter.
    terminal.type_and_settle("/").type_and_settle("\x1b[200~a\u{202e}b\u{200b}\u{9b}c\x1b[201~").type_and_settle("\r");
    assert_eq!(terminal.type_and_settle("\x1b").keys("q").ended(), 0);
    assert_clean(terminal.written());
}

/// What steers, hides and turns, as XML and JSON carry it, in names that have to be told apart.
fn hostile(number: usize) -> String {
    format!("n{number}\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}\u{200b}\u{e0041}end")
}

fn escaped(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("&#{};", u32::from(c)) }).collect()
}

/// An AWS that is hostile in every member of what it lists, and in the code, the words and the request id of every refusal.
fn everywhere(head: &str, body: &str) -> Answer {
    let text = hostile(1);
    let xml = escaped(&text);
    let iam = |call: &str, result: &str| {
        let space = "https://iam.amazonaws.com/doc/2010-05-08/";
        format!(
            "<{call}Response xmlns=\"{space}\"><{call}Result>{result}<IsTruncated>false</IsTruncated></{call}Result>\
             <ResponseMetadata><RequestId>{xml}</RequestId></ResponseMetadata></{call}Response>"
        )
    };
    let of_user = |number: usize| {
        let name = escaped(&hostile(number));
        format!(
            "<member><Path>/{name}/</Path><UserName>{name}</UserName><UserId>AIDA{name}</UserId>\
             <Arn>arn:aws:iam::123456789012:user/{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></member>"
        )
    };
    let answer = match () {
        () if body.contains("Action=GetCallerIdentity") => format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:aws:iam::123456789012:user/{xml}</Arn><UserId>AIDA{xml}</UserId><Account>123456789012</Account>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>"
        ),
        () if body.contains("Action=ListUsers") => {
            iam("ListUsers", &format!("<Users>{}</Users>", (0..5).map(of_user).collect::<String>()))
        }
        () if body.contains("Action=ListAccessKeys") => iam(
            "ListAccessKeys",
            &format!(
                "<AccessKeyMetadata><member><UserName>{xml}</UserName><AccessKeyId>AKIA{xml}</AccessKeyId><Status>{xml}</Status>\
                 <CreateDate>2026-01-01T00:00:00Z</CreateDate></member></AccessKeyMetadata>"
            ),
        ),
        () if body.contains("Action=ListAccountAliases") => {
            iam("ListAccountAliases", &format!("<AccountAliases><member>{xml}</member></AccountAliases>"))
        }
        () if head.contains("amazonssm.describeinstanceinformation") => json!({"InstanceInformationList": [{
            "InstanceId": text, "PingStatus": text, "LastPingDateTime": 1.7e9, "AgentVersion": text, "PlatformType": text,
            "PlatformName": text, "PlatformVersion": text, "ActivationId": text, "IamRole": text, "ResourceType": text, "Name": text,
            "IPAddress": text, "ComputerName": text, "AssociationStatus": text, "SourceId": text, "SourceType": text}]})
        .to_string(),
        () if head.contains("amazonssm.describesessions") => json!({"Sessions": [{
            "SessionId": text, "Target": text, "Status": text, "StartDate": 1.7e9, "EndDate": 1.7e9, "DocumentName": text, "Owner": text,
            "Reason": text, "Details": text, "AccessType": text}]})
        .to_string(),
        () if head.starts_with("get /detector") => json!({"detectorIds": [text], "__type": text, "message": text}).to_string(),
        () if head.contains("x-amz-target") => return Answer::Error(json!({"__type": text, "message": text}).to_string().into()),
        () => {
            let error = format!("<Error><Type>Sender</Type><Code>{xml}</Code><Message>{xml}</Message></Error>");
            let space = "https://iam.amazonaws.com/doc/2010-05-08/";
            let error = format!("<ErrorResponse xmlns=\"{space}\">{error}<RequestId>{xml}</RequestId></ErrorResponse>");
            return Answer::Error(error.into());
        }
    };
    Answer::Text(answer.into())
}

#[test]
fn no_member_of_any_answer_reaches_the_terminal_raw() {
    let home = tempfile::tempdir().unwrap();
    let url = serve(everywhere);
    let environment: Vec<_> = environment(home.path()).into_iter().chain(credentials()).collect();
    let bad = |text: &str| text.chars().find(|&c| c != '\n' && c != '\r' && steers(c));
    for (command, rows) in
        [("users", 5), ("keys", 1), ("nodes", 1), ("sessions", 1), ("findings", 0), ("events", 0), ("doctor", 1)]
    {
        let formats: &[&str] = if command == "doctor" { &[""] } else { &["--json", "--jsonl", "--csv", "--plain"] };
        for format in formats {
            let arguments: Vec<&str> =
                ["--endpoint-url", &url, command, format].into_iter().filter(|word| !word.is_empty()).collect();
            let (_, out, error) = without_terminal(&environment, &arguments);
            assert_eq!((bad(&out), bad(&error)), (None, None), "{command} {format}: {out}\n{error}");
            let met = out.matches("pwned").count() + error.matches("pwned").count();
            assert!(met >= rows.max(1), "{command} {format} has met {met}: {out}\n{error}");
        }
    }
}

#[test]
fn no_pane_paints_a_member_of_any_answer_raw() {
    let home = tempfile::tempdir().unwrap();
    let url = serve(everywhere);
    let mut terminal = Start::new(home.path(), &["--endpoint-url", &url, "--test-idle"]).with(credentials()).size(160, 50).run();
    terminal.settle();
    for pane in ["1", "2", "3", "4", "5", "6", "7", "8"] {
        terminal.type_and_settle(pane);
        for _ in 0..3 {
            terminal.type_and_settle("\r").type_and_settle("G").type_and_settle("\x1b");
            terminal.type_and_settle("J").type_and_settle("G").type_and_settle("\x1b").type_and_settle("j");
        }
    }
    assert!(String::from_utf8_lossy(terminal.written()).contains("pwned"), "nothing hostile was met");
    assert_eq!(terminal.keys("q").ended(), 0);
    assert_clean(terminal.written());
}

/// Everything written is printable text and the few sequences that are ours.
fn assert_clean(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("whole characters only");
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        assert_printable(&rest[..at]);
        rest = &rest[at..];
        let length =
            ours(rest).unwrap_or_else(|| panic!("a sequence that is not ours: {:?}", &rest.chars().take(40).collect::<String>()));
        rest = &rest[length..];
    }
    assert_printable(rest);
}

fn assert_printable(text: &str) {
    let mut marks = 0;
    for c in text.chars() {
        assert!(!steers(c), "{c:?} in {text:?}");
        marks = if matches!(c, '\u{300}'..='\u{36f}') { marks + 1 } else { 0 };
        assert!(marks <= 3, "a flood of combining marks in {text:?}");
    }
}

/// The length of the sequence at the start, if it is one that the console writes itself.
fn ours(text: &str) -> Option<usize> {
    if let Some(after) = text.strip_prefix("\u{1b}]7777;idle;") {
        let end = after.find('\u{7}')?;
        return after[..end].chars().all(|c| c.is_ascii_digit()).then_some(text.len() - after.len() + end + 1);
    }
    let after = text.strip_prefix("\u{1b}[")?;
    let end = after.find(|c: char| c.is_ascii_alphabetic())?;
    let (parameters, last) = (&after[..end], after[end..].chars().next()?);
    let allowed = match (parameters.strip_prefix('?'), last) {
        // The last thing that is written, and nothing after it.
        (Some("1049"), 'l') => after.len() == end + 1,
        (Some(mode), 'h' | 'l') => ["25", "1049", "2004", "2026"].contains(&mode),
        // Ours always name the place, and the themes never use the sixteen colours by number on this terminal.
        (None, 'H') => parameters.contains(';'),
        (None, 'J') => parameters == "2",
        (None, 'm') => parameters != "31" && parameters.chars().all(|c| c.is_ascii_digit() || c == ';' || c == ':'),
        _ => false,
    };
    allowed.then_some(text.len() - after.len() + end + 1)
}

#[test]
fn the_check_itself_finds_what_is_not_ours() {
    assert_clean("\u{1b}[?2026h\u{1b}[1;1H\u{1b}[38;2;1;2;3mhello ␛]0;\u{1b}]7777;idle;12\u{7}".as_bytes());
    for text in CORPUS.iter().filter(|text| text.chars().any(steers)) {
        assert!(std::panic::catch_unwind(|| assert_clean(text.as_bytes())).is_err(), "{text:?}");
    }
}
