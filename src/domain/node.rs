//! Systems Manager nodes and Session Manager sessions, as the bastions pane shows them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::evidence::Evidence;
use super::json;
use super::text::Untrusted;

/// `PingStatus` of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ping {
    /// The agent answered lately.
    Online,
    /// The agent has not answered for more than five minutes.
    ConnectionLost,
    /// The agent is registered and silent for long.
    Inactive,
    /// A word AWS added after this was written, or none.
    Other(String),
}

impl Ping {
    /// Reads AWS's word.
    pub fn from_word(word: &str) -> Self {
        match word {
            "Online" => Self::Online,
            "ConnectionLost" => Self::ConnectionLost,
            "Inactive" => Self::Inactive,
            other => Self::Other(other.into()),
        }
    }

    /// AWS's word.
    pub fn word(&self) -> &str {
        match self {
            Self::Online => "Online",
            Self::ConnectionLost => "ConnectionLost",
            Self::Inactive => "Inactive",
            Self::Other(word) => word,
        }
    }
}

/// One managed node, from SSM `DescribeInstanceInformation`. Every optional member is one that AWS may leave out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// `i-…` or `mi-…`.
    pub id: Untrusted,
    /// The region that answered.
    pub region: String,
    /// `Name` (hybrid nodes) or `ComputerName`.
    pub name: Option<Untrusted>,
    /// `ComputerName`: a hybrid node that also has a `Name` is known by both.
    pub computer_name: Option<Untrusted>,
    /// `PingStatus`.
    pub ping: Ping,
    /// `LastPingDateTime`.
    pub last_ping: Option<Timestamp>,
    /// `AgentVersion`.
    pub agent_version: Option<Untrusted>,
    /// `IsLatestVersion`.
    pub agent_is_latest: Option<bool>,
    /// `PlatformType`: `Linux`, `Windows`, `MacOS`.
    pub platform_type: Option<String>,
    /// `PlatformName` and `PlatformVersion`.
    pub platform: Option<Untrusted>,
    /// `IPAddress`.
    pub address: Option<Untrusted>,
    /// `IamRole` of a hybrid node.
    pub role: Option<Untrusted>,
    /// `ResourceType`: `EC2Instance`, `ManagedInstance`, …
    pub resource_type: Option<String>,
    /// The whole record.
    pub raw: Evidence,
}

impl Node {
    /// All names that people know the node by, each once.
    pub fn names(&self) -> impl Iterator<Item = &Untrusted> {
        let other = self.computer_name.as_ref().filter(|other| Some(*other) != self.name.as_ref());
        self.name.iter().chain(other)
    }

    /// Whether the node is outside EC2 (registered by activation).
    pub fn is_hybrid(&self) -> bool {
        self.id.raw().starts_with("mi-")
    }
}

/// One session, from SSM `DescribeSessions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SsmSession {
    /// `SessionId`: `<caller's name>-<random>`.
    pub id: Untrusted,
    /// The region that answered.
    pub region: String,
    /// `Target`: the node.
    pub target: Untrusted,
    /// `Owner`: ARN of who started it.
    pub owner: Untrusted,
    /// `Status`: `Connected`, `Connecting`, `Disconnected`, `Terminated`, `Terminating`, `Failed`.
    pub status: String,
    /// Whether it came from `State=Active` (else from `State=History`, which AWS keeps 30 days).
    pub active: bool,
    /// `StartDate`.
    pub started: Option<Timestamp>,
    /// `EndDate`.
    pub ended: Option<Timestamp>,
    /// `Reason`.
    pub reason: Option<Untrusted>,
    /// `DocumentName`.
    pub document: Option<Untrusted>,
    /// The whole record.
    pub raw: Evidence,
}

impl Node {
    /// Reads an element of `InstanceInformationList`.
    pub fn decode(value: &Value, region: &str, raw: Evidence) -> Self {
        let platform: Vec<String> =
            ["PlatformName", "PlatformVersion"].iter().filter_map(|name| json::text(value, name)).collect();
        Self {
            id: json::untrusted(value, "InstanceId").unwrap_or_else(|| raw.stand_in()),
            region: region.to_owned(),
            name: json::first(value, &["Name", "ComputerName"]),
            computer_name: json::untrusted(value, "ComputerName"),
            ping: Ping::from_word(&json::text(value, "PingStatus").unwrap_or_default()),
            last_ping: json::time(value, "LastPingDateTime"),
            agent_version: json::untrusted(value, "AgentVersion"),
            agent_is_latest: json::truth(value, "IsLatestVersion"),
            platform_type: json::text(value, "PlatformType"),
            platform: (!platform.is_empty()).then(|| Untrusted::new(platform.join(" "))),
            address: json::untrusted(value, "IPAddress"),
            role: json::untrusted(value, "IamRole"),
            resource_type: json::text(value, "ResourceType"),
            raw,
        }
    }
}

impl SsmSession {
    /// Reads an element of `Sessions`.
    pub fn decode(value: &Value, region: &str, active: bool, raw: Evidence) -> Self {
        let or_empty = |name: &str| json::untrusted(value, name).unwrap_or_else(|| Untrusted::new(""));
        Self {
            id: json::untrusted(value, "SessionId").unwrap_or_else(|| raw.stand_in()),
            region: region.to_owned(),
            target: or_empty("Target"),
            owner: or_empty("Owner"),
            status: json::text(value, "Status").unwrap_or_default(),
            active,
            started: json::time(value, "StartDate"),
            ended: json::time(value, "EndDate"),
            reason: json::untrusted(value, "Reason"),
            document: json::untrusted(value, "DocumentName"),
            raw,
        }
    }
}
