//! The filter language: what it understands, what it answers, and what it refuses.

mod host;
mod words;

use bartizan::kit::query::Query;
use bartizan::kit::query::tree::{Interval, Network};
use proptest::prelude::*;

use super::table::Lamp;
use host::{Host, ago, host, now};

fn matches(query: &str, row: &Host) -> bool {
    Query::of::<Host>(query).unwrap_or_else(|error| panic!("{query}: {error}")).matches(row, now())
}

fn refused(query: &str) -> String {
    match Query::of::<Host>(query) {
        Ok(_) => panic!("{query} should be refused"),
        Err(error) => error.to_string(),
    }
}

/// The first rows match and the others do not.
fn table(row: &Host, yes: &[&str], no: &[&str]) {
    for query in yes {
        assert!(matches(query, row), "{query} should match");
    }
    for query in no {
        assert!(!matches(query, row), "{query} should not match");
    }
}

#[test]
fn what_was_understood_before_means_the_same() {
    let row = Lamp { id: 1, name: "Desk lamp".into(), watts: 40 };
    let lamp = |query: &str| Query::of::<Lamp>(query).unwrap().matches(&row, now());
    for query in [
        "",
        "  ",
        "desk",
        "DESK lamp",
        "name:desk",
        "watts=40",
        "watts==40",
        "watts>39",
        "watts>=40 watts<=40",
        "watts<41",
        "!ceiling",
        "-ceiling",
        "\"desk lamp\"",
        "name:\"desk lamp\"",
        "!watts>40",
        "name=\"desk lamp\"",
        "name:",
    ] {
        assert!(lamp(query), "{query} should match");
    }
    for query in ["ceiling", "name:40", "watts=4", "watts>40", "!desk", "\"desk  lamp\"", "arn:aws:iam", "desk ceiling", "-", "!"]
    {
        assert!(!lamp(query), "{query} should not match");
    }
}

#[test]
fn not_equal_finds_the_others_and_never_what_nobody_knows() {
    let (known, unknown) = (host(), Host { mfa: None, ..host() });
    table(
        &known,
        &["mfa=no", "mfa!=yes", "!mfa=yes", "mfa = no", "mfa=false", "mfa != yes"],
        &["mfa!=no", "mfa=yes", "mfa=unknown"],
    );
    table(
        &unknown,
        &["mfa=unknown", "mfa=denied", "mfa=?", "!mfa=no", "!mfa=yes", "mfa!=failed"],
        &["mfa=no", "mfa!=no", "mfa=yes", "mfa!=yes", "mfa=failed", "mfa!=unknown"],
    );
    table(&known, &["mfa!=unknown", "region!=us-east-1", "groups!=nobody", "used!=3d", "ip!=203.0.113.67"], &["groups!=admins"]);
}

/// A search by name must not find every row of which something is still on its way.
#[test]
fn a_text_is_not_looked_for_in_the_words_for_not_knowing() {
    let row = Host { mfa: None, status: "Unread".into(), ..host() };
    table(&row, &["mfa=loading", "mfa:loading", "mfa=unknown", "?"], &["loading", "oad", "unknown", "mfa=denied"]);
    assert!(matches("denied", &Host { mfa: None, ..host() }), "what AWS refused is a word on the screen");
}

#[test]
fn lists_are_any_of_their_values() {
    table(
        &host(),
        &[
            "region=us-east-1,eu-west-1",
            "region in (us-east-1, eu-west-1)",
            "region in (us-east-1 eu-west-1)",
            "region in us-east-1,eu-west-1",
            "region IN (\"eu-west-1\")",
            "region not in (us-east-1)",
            "region!=us-east-1,us-west-2",
            "status=(Inactive, active)",
            "count in (1, 3)",
            "count=1..2,3",
            "user=ada+ops=eu,west.1@example-_x",
            "user in (\"ada+ops=eu,west.1@example-_x\", bob)",
            "groups=admins",
            "groups=\"ops, eu\"",
        ],
        &["region not in (us-east-1, eu-west-1)", "region!=eu-west-1,us-east-1", "user in (ada, bob)", "groups=ops"],
    );
}

#[test]
fn numbers_bands_sizes_and_durations() {
    table(
        &host(),
        &[
            "severity>=high",
            "severity>=High",
            "severity=high",
            "severity=8",
            "severity=8.0",
            "severity>=7",
            "severity<critical",
            "severity<=high",
            "severity>medium",
            "severity=7..8.9",
            "severity=medium..high",
            "severity=high..",
            "severity!=low,medium",
            "severity:high",
            "count=3",
            "count>2",
            "count=..3",
            "count=3..",
            "size>12kb",
            "size<1mb",
            "size>12kib",
            "took=12ms",
            "took<1s",
            "took>=10ms",
            "groups>=2",
            "groups<3",
        ],
        &["severity>high", "severity>=critical", "severity=low", "severity<high", "count>3", "count=4..", "took>1s", "groups>2"],
    );
}

#[test]
fn ages_and_times() {
    let row = host(); // made on 2026-10-21 at noon, 40 days ago
    table(
        &row,
        &[
            "created>30d",
            "created<6w",
            "created > 30d",
            "created> 30d",
            "created=30d..90d",
            "created=40d",
            "created=39d12h..",
            "created=..1y",
            "created=2026-10-21",
            "created=2026-10",
            "created=2026-10-21T12",
            "created=2026-10-21T12:00Z",
            "created=2026-10-21T14:00+02:00",
            "created>=2026-10-21",
            "created<=2026-10-21",
            "created<2026-10-22",
            "created>2026-10-20",
            "created=2026-10-01..2026-10-21",
            "created:2026-10-21t12",
            "used=never",
            "used=none",
            "!used<90d",
            "!used>90d",
        ],
        &[
            "created>40d",
            "created<40d",
            "created=41d",
            "created>2026-10-21",
            "created<2026-10-21",
            "used<90d",
            "used>0s",
            "created=2026-11",
        ],
    );
    // A week is seven days, an hour 60 minutes, a minute 60 seconds, a year 365 days.
    for (same, age) in
        [("7d", 7 * 24), ("1w", 7 * 24), ("168h", 7 * 24), ("10080min", 7 * 24), ("604800s", 7 * 24), ("1y", 365 * 24)]
    {
        let row = Host { created: ago(age), ..host() };
        assert!(matches(&format!("created>={same}"), &row) && !matches(&format!("created>{same}"), &row), "{same}");
    }
}

#[test]
fn networks_hold_addresses_however_they_are_written() {
    table(
        &host(),
        &[
            "ip=203.0.113.66",
            "ip=203.0.113.0/24",
            "ip=203.0.113.9/24",
            "ip!=198.51.100.0/24",
            "ip=198.51.100.0/24,203.0.113.0/24",
            "ip=0.0.0.0/0",
            "ip=203.0.113.*",
            "ip:203.0.113",
            "ip=::ffff:203.0.113.0/120",
            "203.0.113.0/24",
            "origin=2001:db8::/32",
            "origin=2001:0db8:0:0::5",
            "origin!=iam.amazonaws.com",
            "2001:db8::/32",
            "203.0.113.6",
        ],
        &[
            "ip=203.0.113.0/26",
            "ip=203.0.113.6",
            "ip!=203.0.0.0/16",
            "origin=2001:db9::/32",
            "ip=2001:db8::/32",
            "10.0.0.0/8",
            "origin=::/0 ip=::/0",
        ],
    );
    let service = Host { origin: "cloudtrail.amazonaws.com".into(), ip: None, ..host() };
    table(&service, &["origin=cloudtrail.amazonaws.com", "ip=none", "ip!=203.0.113.0/24"], &["origin=0.0.0.0/0", "ip=0.0.0.0/0"]);
    assert_eq!(Network::parse("10.0.0.0/33"), None);
    assert_eq!(Network::parse("10.0.0.0/"), None);
}

#[test]
fn and_or_not_and_parentheses() {
    table(
        &host(),
        &[
            "mfa=yes or count=3",
            "mfa=yes OR count=3",
            "mfa=no and count=3",
            "mfa=yes count=9 or count=3",
            "count=3 or mfa=yes count=9",
            "(mfa=yes or mfa=no) count=3",
            "( mfa=yes or mfa=no ) count=3",
            "not mfa=yes",
            "not (mfa=yes or count=4)",
            "!(mfa=yes or count=4)",
            "-(mfa=yes)",
            "not not mfa=no",
            "not mfa=yes and count=3",
            "! mfa=yes",
        ],
        &["(mfa=yes or count=3) count=4", "mfa=yes and count=3 or count=4", "not (mfa=no)", "mfa=no and not count=3"],
    );
    // The words themselves, and parentheses, are texts in quotation marks, and a parenthesis may stand in a word.
    let row = Host { name: "rock and roll (live)".into(), ..host() };
    table(
        &row,
        &["\"and\"", "\"(live)\"", "user:\"(live\"", "roll (live)", "user=\"rock and roll (live)\""],
        &["\"or\"", "\"(dead)\""],
    );
    let row = Host { name: "python(3.9)".into(), ..host() };
    table(&row, &["python(3.9)", "(user:python(3.9))", "(python(3.9) or x)"], &[]);
}

#[test]
fn texts_are_found_in_values_whole_quoted_or_by_a_star() {
    let row = Host { name: "the \"best\" user\u{202e} of all".into(), ..host() };
    table(
        &row,
        &[
            "user:\"the \"\"best\"\"\"",
            "user=\"the \"\"best\"\" user\u{202e} of all\"",
            "user=the*all",
            "user=*best*",
            "user:⟨U+202E⟩",
            "admins",
            "ADMINS",
            "eu-west",
        ],
        &["user=best*", "user=best", "user=\"the*all\"", "user=*the"],
    );
    assert!(matches("user=<root_account>", &Host { name: "<root_account>".into(), ..host() }));
    assert!(!matches("user <root_account>", &host()), "two texts, and not a comparison");
    assert!(matches("2026-10-21", &host()), "a date is a piece of a value");
    assert!(
        !matches("7", &Host { severity: 1.0, bytes: 0.0, took: 0.0, count: 0, ip: None, ..host() }),
        "a digit is a piece of every time"
    );
}

#[test]
fn what_no_row_can_match_is_refused_with_what_there_is() {
    for (query, words) in [
        ("colour>3", "there is no field \"colour\"; there are user, region, mfa"),
        ("colour=red", "no field"),
        ("colour!=red", "no field"),
        ("usr=ada", "did you mean \"user\"?"),
        ("mfaa:no", "no field"),
        ("mfa=maybe", "mfa is never \"maybe\"; it takes yes, no, unknown"),
        ("mfa!=maybe", "never \"maybe\""),
        ("mfa:maybe", "never \"maybe\""),
        ("mfa in (yes, perhaps)", "never \"perhaps\""),
        ("status=Activ", "did you mean"),
        ("count=many", "never \"many\"; it takes numbers"),
        ("count>90d", "never \"90d\""),
        ("count<0", "no row can match: count is never below 0"),
        ("severity>10", "no row can match: severity goes from 0 to 10"),
        ("severity>critical", "goes from 0 to 10"),
        ("severity=urgent", "it takes low, medium, high, critical"),
        ("severity=9..7", "nothing lies in the range 9..7"),
        ("severity=critical..low", "nothing lies in the range"),
        ("created=90d..30d", "nothing lies in the range"),
        ("created=2026-11-01..2026-10-01", "nothing lies in the range"),
        ("created>90d created<30d", "no row can match all of created>90d and created<30d"),
        ("created>=2026-11-01 and created<2026-10-01", "no row can match all of"),
        ("count>3 count<3", "no row can match all of"),
        ("created>90", "90 of what? created takes ages such as 90d"),
        ("created=yesterday", "ages such as 90d, 12h, 30min, times such as 2026-11-21"),
        ("created=2026-13-01", "never"),
        ("took>5", "5 of what?"),
        ("user>5", "user is no number and no time"),
        ("mfa>=no", "cannot be compared by >="),
        ("ip=203.0.113.0/33", "no address and no network"),
        ("ip=300.1.1.1", "no address and no network"),
        ("origin=300.1.1.1", "no address and no network"),
        ("203.0.113.0/99", "no address and no network"),
        ("ip=example.com", "no address and no network"),
        ("user=", "a value is missing after user="),
        ("count>", "a value is missing after count>; it takes numbers"),
        ("region in ()", "a value is missing for region"),
        ("region in (a, b", "not closed"),
        ("(mfa=no", "a parenthesis is not closed"),
        ("()", "nothing between the parentheses"),
        ("\"open", "a quotation mark is not closed"),
        ("or", "a term is missing"),
        ("mfa=no or", "a term is missing after \"or\""),
        ("and mfa=no", "a term is missing before \"and\""),
        ("mfa=no and", "a term is missing after \"and\""),
        ("mfa=no and or count=3", "a term is missing after \"and\""),
        ("not", "a term is missing after \"not\""),
    ] {
        let error = refused(query);
        assert!(error.contains(words), "{query}: {error}");
        assert!(!error.contains('\n') && !error.ends_with('.'), "{query}: {error}");
    }
    // AWS may add words of its own: in quotation marks they are taken as they are.
    assert!(!matches("status=\"Quarantined\"", &host()));
    assert!(refused(&"(".repeat(5_000)).contains("no deeper than 64"));
    assert!(refused(&"not ".repeat(5_000)).contains("no deeper than 64"));
}

/// A query that is understood whatever the row is.
fn term() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("mfa=no"),
        Just("mfa!=yes"),
        Just("mfa=unknown"),
        Just("count>2"),
        Just("severity>=high"),
        Just("created>30d"),
        Just("region in (a, eu-west-1)"),
        Just("admins"),
        Just("ip=203.0.113.0/24"),
        Just("used=never"),
    ]
    .prop_map(str::to_owned)
}

fn some_host() -> impl Strategy<Value = Host> {
    (proptest::option::of(any::<bool>()), 0_u32..5, 0.0..10.0, 0_i64..2000, any::<bool>()).prop_map(
        |(mfa, count, severity, age, has_ip)| Host {
            mfa,
            count,
            severity,
            created: ago(age),
            ip: has_ip.then(|| "203.0.113.7".to_owned()),
            ..host()
        },
    )
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "[ -~é()\"!=<>:,.]{0,40}|.*") {
        if let Ok(query) = Query::of::<Host>(&text) {
            query.matches(&host(), now());
            prop_assert_eq!(query.text(), text.as_str());
            let written = serde_json::to_string(&query).unwrap();
            prop_assert_eq!(serde_json::from_str::<Query>(&written).unwrap(), query);
        }
    }

    #[test]
    fn the_laws_of_logic_hold((a, b) in (term(), term()), row in some_host()) {
        let is = |query: String| matches(&query, &row);
        prop_assert_eq!(is(format!("!({a})")), !is(a.clone()));
        prop_assert_eq!(is(format!("{a} or {b}")), is(a.clone()) || is(b.clone()));
        prop_assert_eq!(is(format!("not ({a} or {b})")), is(format!("!{a} and !{b}")));
        if let Ok(both) = Query::of::<Host>(&format!("{a} {b}")) {
            prop_assert_eq!(both.matches(&row, now()), is(a) && is(b));
        }
    }

    #[test]
    fn of_equal_and_not_equal_one_holds_where_the_value_is_known(row in some_host()) {
        for (field, value) in [("mfa", "no"), ("count", "3"), ("region", "eu-west-1"), ("severity", "high"), ("ip", "203.0.113.0/24"), ("created", "40d")] {
            let (equal, other) = (matches(&format!("{field}={value}"), &row), matches(&format!("{field}!={value}"), &row));
            let known = field != "mfa" || row.mfa.is_some();
            prop_assert!(!(equal && other));
            prop_assert_eq!(equal || other, known, "{}", field);
        }
    }

    #[test]
    fn what_two_ranges_share_lies_in_both(ends in proptest::array::uniform4(-5_i8..5), at in -6_i8..6, closed in any::<[bool; 4]>()) {
        use bartizan::kit::query::tree::End;
        let end = |n: usize| Some(End { at: ends[n].into(), included: closed[n] });
        let (a, b) = (Interval { from: end(0), to: end(1) }, Interval { from: end(2), to: end(3) });
        let at = f64::from(at);
        prop_assert_eq!(a.and(&b).holds(at), a.holds(at) && b.holds(at));
        prop_assert!(!(a.is_empty() && a.holds(at)));
    }
}
