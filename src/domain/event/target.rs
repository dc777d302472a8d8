//! What an event was done to.
//!
//! AWS names an operation `VerbNoun` (`ModifyDBSnapshotAttribute`) and the member that says which one after the noun
//! (`dBSnapshotIdentifier`). So the rule compares names instead of keeping a list of operations: it also answers for the ones that AWS
//! adds next week. Where several members could be meant and none stands out, there is no target: a wrong one is worse than none.
//!
//! Shapes: the CloudTrail user guide, "CloudTrail record contents", and botocore's models, whose member names CloudTrail
//! writes with a small first letter.

use serde_json::Value;

use super::member::{Kind, Member, members, singular};
use crate::domain::json::{at, text};

/// What an event acted upon, as one event names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Target {
    /// The names, ids or ARNs, in the order of the record; more than one where the request had a list. Never empty.
    pub(super) values: Vec<String>,
}

impl Target {
    fn one(value: String) -> Self {
        Self { values: vec![value] }
    }

    fn of(member: &Member) -> Self {
        Self { values: member.values.clone() }
    }
}

/// The target of a record; `None` where it names none, or none that can be told from the others.
pub(super) fn target(record: &Value) -> Option<Target> {
    let service = text(record, "eventSource").unwrap_or_default();
    let service = service.split('.').next().unwrap_or_default();
    let operation = Operation::named(&text(record, "eventName").unwrap_or_default(), service);
    let request = at(record, "requestParameters").unwrap_or(&Value::Null);
    if let Some(target) = object_of_s3(request).or_else(|| owner_in_iam(request, service)) {
        return Some(target);
    }
    let asked = members(request);
    let answered = || members(at(record, "responseElements").unwrap_or(&Value::Null));
    let named = operation.pick(&asked, Match::Prefix).or_else(|| {
        // What is made has its name in the request (`name`) or its id in the answer alone (`vpc.vpcId`).
        let created = || operation.pick(&answered(), Match::Exact);
        operation.creates().then(|| own_name(&asked).or_else(created)).flatten()
    });
    named
        .or_else(|| operation.pick(&asked, Match::Bare))
        .or_else(|| operation.container(&asked))
        .or_else(|| operation.only_one(&asked))
        .or_else(|| operation.of_service_event(record, &asked))
        .or_else(|| first_resource(record))
        .or_else(|| operation.pick(&answered(), Match::Exact))
        .or_else(|| operation.creates().then(|| operation.only_one_made(&answered())).flatten())
}

/// `bucket/key`, or the bucket: S3 names them alike in each of its operations.
fn object_of_s3(request: &Value) -> Option<Target> {
    let bucket = text(request, "bucketName")?;
    Some(Target::one(match text(request, "key") {
        Some(key) => format!("{bucket}/{key}"),
        None => bucket,
    }))
}

/// In IAM whose it is matters more than which key, policy or device it was.
fn owner_in_iam(request: &Value, service: &str) -> Option<Target> {
    let owner = || ["userName", "roleName", "groupName"].iter().find_map(|member| text(request, member));
    if service == "iam" { owner().map(Target::one) } else { None }
}

/// The request's own `name`: what a new thing will be called.
fn own_name(asked: &[Member]) -> Option<Target> {
    asked.iter().find(|member| member.depth == 0 && member.base.is_empty() && member.kind == Kind::Name).map(Target::of)
}

fn first_resource(record: &Value) -> Option<Target> {
    let Some(Value::Array(resources)) = at(record, "resources") else { return None };
    let named = |resource| ["ARN", "resourceName"].iter().find_map(|member| text(resource, member));
    resources.iter().find_map(named).map(Target::one)
}

/// The target where there is just one member to choose from.
fn only<'a>(mut members: impl Iterator<Item = &'a Member>) -> Option<Target> {
    let first = members.next()?;
    members.all(|other| other.name == first.name).then(|| Target::of(first))
}

/// How well a member's name fits an operation's noun, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    /// `DeleteVolume`, `volumeId`.
    Exact,
    /// `PutSecretValue`, `secretId`.
    Prefix,
    /// `StartSession`, `target`; `CreateTags`, `resourceId`.
    Generic,
    /// `AuthorizeSecurityGroupIngress`, `groupId`.
    Within,
    /// `CreateRoute`, `routeTableId`.
    Around,
    /// `StopLogging`, `name`.
    Bare,
}

/// The verbs of operations that make something.
const CREATING: &[&str] = &[
    "create",
    "allocate",
    "run",
    "register",
    "import",
    "copy",
    "request",
    "purchase",
    "start",
    "restore",
    "publish",
    "put",
    "provision",
    "upload",
    "generate",
];

/// Words before the verb that say how, not what: `AdminDeleteUser`, `BatchDeleteImage`.
const ADVERBS: &[&str] = &["admin", "batch", "bulk", "force"];

/// What a service is about: such a member is the target even where the operation does not name it (`kms:Encrypt` and `keyId`).
const OWN: &[(&str, &[&str])] = &[
    ("cloudtrail", &["trail"]),
    ("iam", &["policy", "role"]),
    ("kms", &["key"]),
    ("logs", &["loggroup"]),
    ("s3", &["bucket"]),
    ("sns", &["topic"]),
];

/// What contains other things, the more telling first: the target of operations on nouns that have no name of their own.
const CONTAINERS: &[&str] = &[
    "instance",
    "rule",
    "function",
    "bucket",
    "cluster",
    "trail",
    "dbinstance",
    "dbcluster",
    "table",
    "queue",
    "topic",
    "loadbalancer",
    "stack",
    "detector",
    "filesystem",
    "secret",
    "vpc",
    "project",
    "repository",
    "service",
    "domain",
    "api",
    "restapi",
    "userpool",
    "identitystore",
    "organization",
];

/// Containers that services write without an ending: `cluster`, not `clusterName`.
const PLAIN: &[&str] = &["cluster", "service", "rule", "task", "bucket", "topic", "queue", "repository", "emailaddress", "email"];

/// Endings of members that say with what or for whom, not to what; they count only where the operation's noun names them.
const BESIDE: &[&str] = &[
    "role",
    "kmskey",
    "kmsmasterkey",
    "encryptionkey",
    "vpcendpoint",
    "subnet",
    "subnetgroup",
    "securitygroup",
    "availabilityzone",
    "request",
    "version",
    "owner",
    "account",
    "principal",
    "session",
    "policy",
    "topic",
    "document",
    "token",
    "external",
    "source",
    "type",
    "attribute",
    "device",
    "host",
    "os",
    "user",
    "image",
    "key",
    "parametergroup",
    "optiongroup",
    "domain",
    "bucket",
    "prefix",
    "loggroup",
    "catalog",
    "transaction",
    "statement",
    "detail",
    "trace",
    "correlation",
    "execution",
    "action",
    "zone",
    "region",
    "registry",
    "engine",
    "product",
    "caller",
    "snapshotcopygrant",
];

/// Endings of what is no object at all, however lonely it stands.
const NEVER: &[&str] = &[
    "role",
    "account",
    "token",
    "document",
    "engine",
    "version",
    "action",
    "session",
    "principal",
    "external",
    "owner",
    "type",
    "request",
];

/// An operation's name, taken apart.
struct Operation<'a> {
    service: &'a str,
    verb: String,
    /// What the verb is done to, the more telling first: `DBCluster`, `Role` for `RemoveRoleFromDBCluster`. Lower case.
    nouns: Vec<String>,
}

impl<'a> Operation<'a> {
    fn named(name: &str, service: &'a str) -> Self {
        let words = words(without_version(name));
        let skipped = words.iter().take_while(|word| ADVERBS.contains(&word.as_str())).count();
        let skipped = if words.len() > skipped + 1 { skipped } else { 0 };
        let mut words = words.into_iter().skip(skipped);
        let verb = words.next().unwrap_or_default();
        let noun: Vec<String> = words.collect();
        let mut nouns = Vec::with_capacity(2);
        if let Some(turn) = noun.iter().position(|word| matches!(word.as_str(), "to" | "from" | "with" | "into")) {
            let (before, after) = noun.split_at(turn);
            nouns.push(after.iter().skip(1).map(String::as_str).collect());
            nouns.push(before.concat());
        }
        nouns.push(noun.concat());
        nouns.retain(|noun: &String| !noun.is_empty());
        Self { service, verb, nouns }
    }

    fn creates(&self) -> bool {
        CREATING.contains(&self.verb.as_str())
    }

    fn own(&self) -> &'static [&'static str] {
        OWN.iter().find(|(service, _)| *service == self.service).map_or(&[], |(_, own)| own)
    }

    /// The member whose name fits best, if it fits at least so well.
    fn pick(&self, members: &[Member], at_least: Match) -> Option<Target> {
        let fitting = members.iter().enumerate().filter_map(|(place, member)| {
            let (fit, noun) = self.fit(member).filter(|(fit, _)| *fit <= at_least)?;
            let length = member.base.len();
            // Of two prefixes the longer one says more; of two names around the noun the shorter one.
            let length = if matches!(fit, Match::Prefix | Match::Within) { usize::MAX - length } else { length };
            let nested = member.depth > 0 && fit != Match::Exact;
            Some(((nested, fit, noun, member.base.starts_with("source"), length, member.depth, member.kind, place), member))
        });
        fitting.min_by_key(|(rank, _)| *rank).map(|(_, member)| Target::of(member))
    }

    /// How a member's name fits, and which of the nouns.
    fn fit(&self, member: &Member) -> Option<(Match, usize)> {
        let base = member.base.as_str();
        if base.is_empty() {
            return (member.kind != Kind::Plain).then_some((Match::Bare, 0));
        }
        let fits = || self.nouns.iter().enumerate().filter_map(|(place, noun)| Some((fit(noun, base)?, place)));
        let (fit, noun) = match base {
            "target" | "resource" => (Match::Generic, 0),
            _ => fits().find(|(fit, _)| *fit <= Match::Prefix).or_else(|| fits().min())?,
        };
        let is_plain = member.kind == Kind::Plain && (fit > Match::Generic || is_setting(base));
        let says_how = fit > Match::Generic && self.is_beside(member) && !self.ends_with(base);
        (!is_plain && !says_how).then_some((fit, noun))
    }

    /// Whether the noun ends with a member's name, and it is one of a thing: `DeleteWorkspaceImage`, `imageId`.
    fn ends_with(&self, base: &str) -> bool {
        !matches!(base, "policy" | "version") && self.nouns.iter().any(|noun| singular(noun).ends_with(&*singular(base)))
    }

    /// Whether a member says with what or for whom, and is not what the service is about.
    fn is_beside(&self, member: &Member) -> bool {
        !self.own().contains(&member.base.as_str()) && BESIDE.iter().any(|ending| member.base.ends_with(ending))
    }

    /// What the noun is a part of, where the noun has no name itself: `cloudtrail:PutEventSelectors` and `trailName`.
    fn container(&self, asked: &[Member]) -> Option<Target> {
        let candidates: Vec<&Member> = asked
            .iter()
            .filter(|member| member.depth == 0)
            .filter(|member| match member.kind {
                Kind::Plain => PLAIN.contains(&member.base.as_str()),
                _ => !self.is_beside(member),
            })
            .collect();
        let known = self.own().iter().chain(CONTAINERS);
        let telling = known.flat_map(|name| candidates.iter().find(|member| singular(&member.base) == *name)).next();
        telling.map(|member| Target::of(member)).or_else(|| only(candidates.into_iter()))
    }

    /// The only thing that a request names: what else could be meant?
    fn only_one(&self, asked: &[Member]) -> Option<Target> {
        let is_thing = |member: &&Member| {
            member.depth == 0 && member.kind != Kind::Plain && !NEVER.iter().any(|ending| member.base.ends_with(ending))
        };
        if self.creates() { None } else { only(asked.iter().filter(is_thing)) }
    }

    /// The only thing that an answer names: `allocationId` for `AllocateAddress`.
    fn only_one_made(&self, answered: &[Member]) -> Option<Target> {
        let is_thing = |member: &&Member| member.depth == 0 && member.kind != Kind::Plain && !self.is_beside(member);
        only(answered.iter().filter(is_thing))
    }

    /// What services do by themselves has no request; they say what it was about beside it.
    fn of_service_event(&self, record: &Value, asked: &[Member]) -> Option<Target> {
        if !asked.is_empty() {
            return None;
        }
        let is_of_sign_in = |member: &Member| ["mfa", "loginto", "vpcendpoint"].iter().any(|word| member.base.contains(word));
        ["serviceEventDetails", "additionalEventData"].iter().find_map(|place| {
            let mut told = members(at(record, place)?);
            told.retain(|member| !is_of_sign_in(member));
            self.pick(&told, Match::Bare)
        })
    }
}

/// How a member's name fits a noun.
fn fit(noun: &str, base: &str) -> Option<Match> {
    let (one, of) = (singular(base), singular(noun));
    if one == of {
        Some(Match::Exact)
    } else if one.len() > 1 && noun.starts_with(&*one) {
        Some(Match::Prefix)
    } else if one.len() > 2 && noun.contains(&*one) {
        Some(Match::Within)
    } else if one.starts_with(&*of) || one.ends_with(&*of) {
        Some(Match::Around)
    } else {
        None
    }
}

/// Members that hold a setting or content, whatever the operation's noun: `ipAddressType` of `SetIpAddressType`, `sSHPublicKey` of
/// `SendSSHPublicKey`.
fn is_setting(base: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "type",
        "mode",
        "status",
        "state",
        "version",
        "setting",
        "settings",
        "policy",
        "document",
        "key",
        "material",
        "certificate",
        "body",
        "message",
        "description",
        "data",
        "content",
        "code",
    ];
    ENDINGS.iter().any(|ending| base.ends_with(ending))
}

/// The name without the version of the API that some services put behind it: `CreateFunction20150331`, `ListTags2017_03_31v2`.
fn without_version(name: &str) -> &str {
    let version = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        digits == 8 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
    };
    let body = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let body = match body.strip_suffix('v') {
        Some(body) if body.len() + 1 < name.len() && body.ends_with(|c: char| c.is_ascii_digit()) => body,
        _ => name,
    };
    let stem = body.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    match body.get(stem.len()..) {
        Some(end) if version(end) => stem,
        _ => name,
    }
}

/// The words of a name in lower case: `ModifyDBSnapshotAttribute` is modify, db, snapshot, attribute.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| letters.get(place));
        let after = letters.get(place + 1);
        let begins = letter.is_uppercase()
            && (before.is_none_or(|before| !before.is_uppercase()) || after.is_some_and(|after| after.is_lowercase()));
        match words.last_mut() {
            Some(word) if !begins => word.extend(letter.to_lowercase()),
            _ => words.push(letter.to_lowercase().collect()),
        }
    }
    words
}
