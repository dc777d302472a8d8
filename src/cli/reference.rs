//! What each table can be asked for and what it prints: for `--help`, `docs/filter.md` and `docs/tables.md`.

use std::fmt::Write as _;

use crate::audit::history::Change;
use crate::domain::call::ApiCall;
use crate::domain::event::Event;
use crate::domain::finding::Finding;
use crate::domain::forward::Forward;
use crate::domain::key::AccessKey;
use crate::domain::node::{Node, SsmSession};
use crate::domain::recording::Recorded;
use crate::domain::rotation::Rotation;
use crate::domain::user::User;
use crate::kit::query::field::Spec;
use crate::kit::query::specs;

/// A table.
pub struct Table {
    /// Its name in the documents.
    pub name: &'static str,
    /// The command that prints it; `None`: it is a pane of the console only.
    pub command: Option<&'static str>,
    /// What can be asked for, and the columns of its CSV.
    pub fields: Vec<Spec>,
    /// The members of its JSON objects, and what they are.
    pub members: &'static [(&'static str, &'static str)],
}

/// All tables.
pub fn tables() -> Vec<Table> {
    let made = |name, command, fields, members| Table { name, command, fields, members };
    vec![
        made("users", Some("users"), specs::<User>(), USERS),
        made("keys", Some("keys"), specs::<AccessKey>(), KEYS),
        made("findings", Some("findings"), specs::<Finding>(), FINDINGS),
        made("events", Some("events"), specs::<Event>(), EVENTS),
        made("nodes", Some("nodes"), specs::<Node>(), NODES),
        made("sessions", Some("sessions"), specs::<SsmSession>(), SESSIONS),
        made("recordings", Some("sessions --recordings"), specs::<Recorded>(), RECORDINGS),
        made("changes", Some("audit show"), specs::<Change>(), CHANGES),
        made("calls", None, specs::<ApiCall>(), &[]),
        made("rotations", None, specs::<Rotation>(), &[]),
        made("forwards", None, specs::<Forward>(), &[]),
    ]
}

const USERS: &[(&str, &str)] = &[
    ("name", "`UserName`, or `<root_account>`"),
    ("arn", "`Arn`"),
    ("id", "`UserId`, or null"),
    ("created", "fact: a time"),
    ("password", "fact: `\"none\"`, or `{\"set\": {\"changed\": time or null}}`"),
    ("password_last_used", "fact: a time, or null for never"),
    ("mfa", "fact: `\"off\"`, `\"on\"`, or `{\"devices\": [{\"serial\", \"enabled\"}]}`"),
    ("keys", "fact: a list of `{\"id\", \"active\", \"created\"}`"),
    ("groups", "fact: a list of names"),
];
const KEYS: &[(&str, &str)] = &[
    ("handle", "`{\"user\", \"ordinal\"}`: owner, and 1 or 2, the oldest first"),
    ("id", "fact: `AccessKeyId`"),
    ("status", "fact: `\"active\"`, `\"inactive\"`, `\"expired\"`, or `{\"other\": word}`"),
    ("created", "fact: a time"),
    ("last_used", "fact: `\"never\"`, or `{\"at\": {\"when\", \"service\", \"region\"}}`"),
];
const FINDINGS: &[(&str, &str)] = &[
    ("key", "`{\"account\", \"region\", \"id\"}`"),
    ("severity", "a number, or null"),
    ("kind", "`Type`"),
    ("title", "`Title`"),
    ("resource_type", "`Resource.ResourceType`"),
    ("resource", "what the finding is about, by `resource_type`"),
    ("principal", "the name of the first of `principals`, or null"),
    ("access_key", "the first of `access_keys`, or null"),
    ("instance", "the first of `instances`, or null"),
    ("remote_ip", "the first of `remote_ips`, or null"),
    ("resources", "everything it names, what it is about first: `[{\"kind\", \"name\", \"id\"}]`"),
    (
        "principals",
        "everybody it names: `[{\"name\", \"kind\", \"id\"}]`; `kind` is `\"user\"` for an IAM user, `\"role\"`, `\"root\"`, …, or `{\"other\": word}`",
    ),
    ("access_keys", "every `AccessKeyId`"),
    ("instances", "every `InstanceId`"),
    ("remote_ips", "every remote address"),
    ("domains", "every remote domain"),
    ("count", "`Service.Count`, or null"),
    ("first_seen", "`Service.EventFirstSeen`, or null"),
    ("last_seen", "`Service.EventLastSeen`, or null"),
    ("updated", "`UpdatedAt`, or null"),
    ("archived", "`Service.Archived`"),
    ("sample", "whether it is a sample"),
    ("record", "the finding as AWS sent it"),
];
const EVENTS: &[(&str, &str)] = &[
    ("id", "`eventID`"),
    ("time", "`eventTime`"),
    ("name", "`eventName`"),
    ("source", "`eventSource`"),
    ("region", "`awsRegion`"),
    ("account", "`recipientAccountId`, or the account of the identity"),
    ("actor", "who did it, in one name"),
    ("actor_type", "`userIdentity.type`"),
    ("issuer", "`sessionContext.sessionIssuer.arn`, or null"),
    ("access_key", "`userIdentity.accessKeyId`, or null"),
    ("target", "what it was done to, or null"),
    ("more_targets", "what else it was done to in the same call"),
    ("origin", "`sourceIPAddress`"),
    ("user_agent", "`userAgent`"),
    ("outcome", "`\"done\"`, `\"failed\"`, `\"unknown\"`, or `\"not_a_call\"` of an Insights event"),
    ("error", "where it failed: `errorCode`, or the words that say so, or null"),
    ("read_only", "`readOnly`, or null"),
    ("partial", "whether the record could not be decoded"),
    ("record", "the event as AWS sent it"),
];
const NODES: &[(&str, &str)] = &[
    ("id", "`InstanceId`"),
    ("region", "the region that answered"),
    ("name", "`Name` or `ComputerName`, or null"),
    ("computer_name", "`ComputerName`, or null"),
    ("ping", "`\"online\"`, `\"connection_lost\"`, `\"inactive\"`, or `{\"other\": word}`"),
    ("last_ping", "`LastPingDateTime`, or null"),
    ("agent_version", "`AgentVersion`, or null"),
    ("agent_is_latest", "`IsLatestVersion`, or null"),
    ("platform_type", "`PlatformType`, or null"),
    ("platform", "`PlatformName` and `PlatformVersion`, or null"),
    ("address", "`IPAddress`, or null"),
    ("role", "`IamRole`, or null"),
    ("resource_type", "`ResourceType`, or null"),
    ("record", "the node as AWS sent it"),
];
const SESSIONS: &[(&str, &str)] = &[
    ("id", "`SessionId`"),
    ("region", "the region that answered"),
    ("target", "`Target`"),
    ("owner", "`Owner`"),
    ("status", "`Status`"),
    ("active", "whether it came from `State=Active`"),
    ("started", "`StartDate`, or null"),
    ("ended", "`EndDate`, or null"),
    ("reason", "`Reason`, or null"),
    ("document", "`DocumentName`, or null"),
    ("record", "the session as AWS sent it"),
];
const RECORDINGS: &[(&str, &str)] = &[
    ("file", "the file's name"),
    ("bytes", "its size"),
    ("width", "columns of the terminal"),
    ("height", "lines of the terminal"),
    ("started", "when it began, or null"),
    ("is_ours", "whether this program wrote it"),
    ("account", "the account, or null"),
    ("target", "the node, or null"),
    ("owner", "the ARN of who opened the session, or null"),
    ("reason", "why, or null"),
    ("length", "how long it is, as ISO 8601 writes a duration, or null"),
    ("state", "`\"whole\"`, `\"full\"`, `\"running\"`, `\"cut\"` or `\"damaged\"`; then `why` says in what way"),
];
const CHANGES: &[(&str, &str)] = &[
    ("number", "the number of the record"),
    ("utc", "when it was intended"),
    ("outcome", "`\"done\"`, `\"failed\"` or `\"unknown\"`"),
    ("ended", "when that was known, or null"),
    ("code", "AWS's error code, or null"),
    ("request_id", "AWS's request id, or null"),
    ("call", "`service:Operation`"),
    ("object", "what was changed"),
    ("account", "the account, or null"),
    ("region", "the region"),
    ("caller", "the ARN of who did it, or null"),
    ("origin", "what in this program did it"),
    ("reason", "why, or null"),
];

/// The end of a command's `--help`: fields and members.
pub fn help(name: &str) -> String {
    let Some(table) = tables().into_iter().find(|table| table.name == name) else { return String::new() };
    let width = table.fields.iter().map(|field| field.id.len()).max().unwrap_or(0);
    let mut text = "Fields of the filter, which are also the columns of --csv:\n".to_owned();
    for field in &table.fields {
        let values = field.values();
        let _ = writeln!(
            text,
            "  {:width$}  {}{}",
            field.id,
            field.type_name(),
            if values.is_empty() { values } else { format!(": {values}") }
        );
    }
    text.push_str("\nMembers of the objects of --json and --jsonl:\n");
    let width = table.members.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, what) in table.members {
        let _ = writeln!(text, "  {name:width$}  {}", what.replace('`', ""));
    }
    text.push_str("\nThe filter: docs/filter.md. The forms: docs/tables.md.");
    text
}

/// The fields of all tables, for `docs/filter.md`.
pub fn fields_markdown() -> String {
    let mut page = String::new();
    for table in tables() {
        let of = table.command.map_or_else(|| "a pane of the console".to_owned(), |command| format!("`bartizan {command}`"));
        let _ = write!(
            page,
            "\n### {}: {of}\n\n| field | also called | type | values | reads |\n|---|---|---|---|---|\n",
            table.name
        );
        for field in &table.fields {
            let aliases: Vec<String> = field.aliases.iter().map(|alias| format!("`{alias}`")).collect();
            let list = if field.list { ", several" } else { "" };
            let _ = writeln!(
                page,
                "| `{}` | {} | {}{list} | {} | {} |",
                field.id,
                aliases.join(" "),
                field.type_name(),
                field.values(),
                field.path
            );
        }
    }
    page
}

/// The members of all tables, for `docs/tables.md`.
pub fn members_markdown() -> String {
    let mut page = String::new();
    for table in tables().iter().filter(|table| !table.members.is_empty()) {
        let command = table.command.unwrap_or_default();
        let _ = write!(page, "\n### {}: `bartizan {command} --json`\n\n| member | what |\n|---|---|\n", table.name);
        for (name, what) in table.members {
            let _ = writeln!(page, "| `{name}` | {what} |");
        }
    }
    page
}
