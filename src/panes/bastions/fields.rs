//! What can be asked of nodes, sessions and recordings.

use super::row::owner;
use crate::domain::node::{Node, Ping, SsmSession};
use crate::domain::recording::Recorded;
use crate::domain::text::Untrusted;
use crate::kit::query::field::{Field, Kind, Value, YES_NO};

type OfNode = Field<Node>;
type OfSession = Field<SsmSession>;
type OfRecording = Field<Recorded>;

pub(super) const NODE: &[Field<Node>] = &[
    OfNode::new("name", "ssm DescribeInstanceInformation: Name, ComputerName", Kind::Text, |node| Value::texts(node.names()))
        .list(),
    OfNode::new("node", "ssm DescribeInstanceInformation: InstanceId", Kind::Id, |node| Value::text(Some(&node.id)))
        .or(&["id", "instance"]),
    OfNode::new(
        "ping",
        "ssm DescribeInstanceInformation: PingStatus",
        Kind::OpenWords(&["Online", "ConnectionLost", "Inactive"]),
        |node| match &node.ping {
            Ping::Other(word) if word.is_empty() => Value::or_unknown(None),
            ping => Value::word(ping.word()),
        },
    )
    .or(&["status"])
    .fact(),
    OfNode::new("agent", "ssm DescribeInstanceInformation: AgentVersion", Kind::Text, |node| {
        let Some(version) = &node.agent_version else { return Value::Absent("–") };
        match node.agent_is_latest {
            Some(true) => Value::shown(version, format!("{} latest", version.raw())),
            Some(false) => Value::shown(version, format!("{} old", version.raw())),
            None => Value::text(Some(version)),
        }
    })
    .optional(),
    OfNode::new("platform", "ssm DescribeInstanceInformation: PlatformName, PlatformVersion", Kind::Text, |node| {
        Value::text(node.platform.as_ref())
    })
    .optional(),
    OfNode::new("address", "ssm DescribeInstanceInformation: IPAddress", Kind::Address { names: false }, |node| {
        Value::text(node.address.as_ref())
    })
    .or(&["ip"])
    .optional(),
    OfNode::new("region", "the region that answered", Kind::Id, |node| Value::raw(Some(&node.region))),
    OfNode::new("last_ping", "ssm DescribeInstanceInformation: LastPingDateTime", Kind::Time, |node| Value::time(node.last_ping))
        .optional(),
    OfNode::new("kind", "ssm DescribeInstanceInformation: InstanceId, mi-… or i-…", Kind::Words(&["hybrid", "EC2"]), |node| {
        Value::word(if node.is_hybrid() { "hybrid" } else { "EC2" })
    }),
    OfNode::new("role", "ssm DescribeInstanceInformation: IamRole", Kind::Text, |node| Value::text(node.role.as_ref()))
        .optional(),
    OfNode::new("platform_type", "ssm DescribeInstanceInformation: PlatformType", Kind::Id, |node| {
        Value::raw(node.platform_type.as_deref())
    })
    .optional(),
    OfNode::new("latest", "ssm DescribeInstanceInformation: IsLatestVersion", YES_NO, |node| {
        Value::or_unknown(node.agent_is_latest.map(Value::yes_no))
    })
    .fact()
    .unsearched(),
];

/// The words for the status of a session that AWS has.
const STATUS: Kind = Kind::OpenWords(&["Connected", "Connecting", "Disconnected", "Terminated", "Terminating", "Failed"]);

pub(super) const SESSION: &[Field<SsmSession>] = &[
    OfSession::new("status", "ssm DescribeSessions: Status", STATUS, |session| {
        Value::or_unknown((!session.status.is_empty()).then(|| Value::word(&session.status)))
    })
    .fact(),
    OfSession::new("owner", "ssm DescribeSessions: Owner", Kind::Text, |session| owned(Some(&session.owner)))
        .or(&["user"])
        .optional(),
    OfSession::new("target", "ssm DescribeSessions: Target", Kind::Id, |session| Value::text(Some(&session.target)))
        .or(&["node"])
        .optional(),
    OfSession::new("started", "ssm DescribeSessions: StartDate", Kind::Time, |session| Value::time(session.started)).optional(),
    OfSession::new("ended", "ssm DescribeSessions: EndDate", Kind::Time, |session| {
        Value::time(session.ended.filter(|_| !session.active))
    })
    .optional(),
    OfSession::new("reason", "ssm DescribeSessions: Reason", Kind::Text, |session| Value::text(session.reason.as_ref()))
        .optional(),
    OfSession::new("region", "the region that answered", Kind::Id, |session| Value::raw(Some(&session.region))),
    OfSession::new("session", "ssm DescribeSessions: SessionId", Kind::Text, |session| Value::text(Some(&session.id)))
        .or(&["id"]),
    OfSession::new("document", "ssm DescribeSessions: DocumentName", Kind::Id, |session| Value::text(session.document.as_ref()))
        .optional(),
    OfSession::new("active", "ssm DescribeSessions: asked for with State=Active", YES_NO, |session| {
        Value::yes_no(session.active)
    })
    .unsearched(),
];

/// The words of [`crate::domain::recording::Wholeness`].
const WHOLENESS: Kind = Kind::Words(&["whole", "full", "recording", "cut short", "damaged"]);

pub(super) const RECORDING: &[Field<Recorded>] = &[
    OfRecording::new("recorded", "the file's header: timestamp", Kind::Time, |recorded| Value::time(recorded.header.started))
        .optional(),
    OfRecording::new("target", "the file's header: target, or title", Kind::Text, |recorded| {
        Value::text(recorded.header.target.as_ref())
    })
    .or(&["node"])
    .optional(),
    OfRecording::new("owner", "the file's header: owner", Kind::Text, |recorded| owned(recorded.header.owner.as_ref()))
        .or(&["user"])
        .optional(),
    OfRecording::new("length", "the file's last event", Kind::Duration, |recorded| {
        Value::or_unknown(recorded.length.map(|length| Value::number(length.as_secs_f64())))
    })
    .fact(),
    OfRecording::new("size", "the file", Kind::Bytes, |recorded| {
        Value::count(usize::try_from(recorded.bytes).unwrap_or(usize::MAX))
    }),
    OfRecording::new("state", "the file's end", WHOLENESS, |recorded| Value::word(recorded.wholeness.words())),
    OfRecording::new("reason", "the file's header: reason", Kind::Text, |recorded| Value::text(recorded.header.reason.as_ref()))
        .optional(),
    OfRecording::new("account", "the file's header: account", Kind::Id, |recorded| Value::text(recorded.header.account.as_ref()))
        .optional(),
    OfRecording::new("file", "the file's name", Kind::Text, |recorded| Value::text(Some(&recorded.file))),
];

/// The ARN of an owner, who is shown by a part of it.
fn owned(owner_arn: Option<&Untrusted>) -> Value<'_> {
    match owner_arn {
        Some(arn) if !arn.is_empty() => Value::shown(arn, owner(arn).text),
        _ => Value::Absent("–"),
    }
}
