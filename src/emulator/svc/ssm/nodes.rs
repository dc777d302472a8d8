//! Managed nodes: EC2 instances (`i-…`) and machines registered by activation (`mi-…`).

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Region, check};
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;

/// One node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// `i-` or `mi-` and 17 letters.
    pub id: String,
    /// `Online`, `ConnectionLost`, `Inactive`.
    pub ping: &'static str,
    /// When the agent was heard last; an online one was heard within the last minutes, whatever stands here.
    pub last_ping: Timestamp,
    /// Such as `3.3.1611.0`.
    pub agent: String,
    /// Whether that is the latest.
    pub is_latest: bool,
    /// `Linux`, `Windows`, `MacOS`.
    pub platform: &'static str,
    /// `PlatformName` and `PlatformVersion`.
    pub system: (String, String),
    /// `IPAddress`.
    pub address: String,
    /// `ComputerName`.
    pub computer: String,
    /// `Name`, the activation and `IamRole` of a node outside EC2.
    pub hybrid: Option<Hybrid>,
    /// When it was registered.
    pub registered: Timestamp,
    /// `AssociationStatus`.
    pub association: Option<&'static str>,
    /// Tags, for filters.
    pub tags: Vec<(String, String)>,
}

/// What a node outside EC2 has besides.
#[derive(Debug, Clone, PartialEq)]
pub struct Hybrid {
    /// `Name`.
    pub name: String,
    /// `ActivationId`, a UUID.
    pub activation: String,
    /// `IamRole`.
    pub role: String,
}

/// The input of `DescribeInstanceInformation`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Describe {
    instance_information_filter_list: Option<Vec<OldFilter>>,
    filters: Option<Vec<Filter>>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldFilter {
    key: String,
    value_set: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    key: String,
    values: Vec<String>,
}

/// The input of `GetConnectionStatus`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Connection {
    target: Option<String>,
}

/// The filter keys of both lists.
const KEYS: [&str; 8] = [
    "InstanceIds",
    "AgentVersion",
    "PingStatus",
    "PlatformTypes",
    "ActivationIds",
    "IamRole",
    "ResourceType",
    "AssociationStatus",
];

/// `DescribeInstanceInformation`: 5 to 50 a page, 10 where nothing is said.
pub(super) fn describe(region: &Region, call: &Call, request: &Describe) -> Result<Value, ServiceError> {
    let most = check::max_results(request.max_results, 5, 50, 10)?;
    let filters = filters(request)?;
    let wanted = |node: &&Node| filters.iter().all(|filter| node.meets(filter));
    let nodes: Vec<Value> = region.nodes.iter().filter(wanted).map(|node| node.describe(call.now)).collect();
    let bound_to = format!("DescribeInstanceInformation|{}|{filters:?}", call.region);
    let (page, next) = check::page(nodes, request.next_token.as_deref(), most, &bound_to)?;
    Ok(match next {
        Some(next) => json!({"InstanceInformationList": page, "NextToken": next}),
        None => json!({"InstanceInformationList": page}),
    })
}

fn filters(request: &Describe) -> Result<Vec<Filter>, ServiceError> {
    let old = request.instance_information_filter_list.as_deref().unwrap_or_default();
    let new = request.filters.as_deref().unwrap_or_default();
    if !old.is_empty() && !new.is_empty() {
        let message = "Filters and InstanceInformationFilterList are mutually exclusive.";
        return Err(ServiceError::new(400, "ValidationException", message));
    }
    let old = old.iter().map(|filter| {
        check::word(&filter.key, "instanceInformationFilterList.1.member.key", &KEYS)?;
        Ok(Filter { key: filter.key.clone(), values: filter.value_set.clone() })
    });
    let new = new.iter().map(|filter| {
        let known = KEYS.contains(&filter.key.as_str()) || filter.key == "tag-key" || filter.key.starts_with("tag:");
        let known = known || matches!(filter.key.as_str(), "SourceIds" | "SourceTypes");
        if known {
            Ok(filter.clone())
        } else {
            Err(ServiceError::new(400, "InvalidFilterKey", "The specified key is not valid."))
        }
    });
    let filters: Vec<Filter> = old.chain(new).collect::<Result<_, _>>()?;
    if let Some(wrong) = filters.iter().find(|filter| !(1..=100).contains(&filter.values.len())) {
        let message = format!("The values of the filter {} must be 1 to 100.", wrong.key);
        return Err(ServiceError::new(400, "InvalidInstanceInformationFilterValue", message));
    }
    Ok(filters)
}

impl Node {
    fn resource_type(&self) -> &'static str {
        if self.hybrid.is_some() { "ManagedInstance" } else { "EC2Instance" }
    }

    fn meets(&self, filter: &Filter) -> bool {
        let any = |value: &str| filter.values.iter().any(|wanted| wanted == value);
        match filter.key.as_str() {
            "InstanceIds" => any(&self.id),
            "AgentVersion" => any(&self.agent),
            "PingStatus" => any(self.ping),
            "PlatformTypes" => any(self.platform),
            "ActivationIds" => self.hybrid.as_ref().is_some_and(|hybrid| any(&hybrid.activation)),
            "IamRole" => self.hybrid.as_ref().is_some_and(|hybrid| any(&hybrid.role)),
            "ResourceType" => any(self.resource_type()),
            "AssociationStatus" => self.association.is_some_and(any),
            "tag-key" => self.tags.iter().any(|(key, _)| any(key)),
            key => key.strip_prefix("tag:").is_some_and(|name| self.tags.iter().any(|(key, value)| key == name && any(value))),
        }
    }

    fn describe(&self, now: Timestamp) -> Value {
        // The agent reports every five minutes.
        let ago = SignedDuration::from_secs(self.id.bytes().map(i64::from).sum::<i64>() % 290);
        let heard = if self.ping == "Online" { now.saturating_sub(ago).unwrap_or(now) } else { self.last_ping };
        let mut node = Map::new();
        let mut set = |name: &str, value: Value| {
            if !value.is_null() {
                node.insert(name.to_owned(), value);
            }
        };
        set("InstanceId", json!(self.id));
        set("PingStatus", json!(self.ping));
        set("LastPingDateTime", json!(heard.as_second()));
        set("AgentVersion", json!(self.agent));
        set("IsLatestVersion", json!(self.is_latest));
        set("PlatformType", json!(self.platform));
        set("PlatformName", json!(self.system.0));
        set("PlatformVersion", json!(self.system.1));
        set("ResourceType", json!(self.resource_type()));
        set("IPAddress", json!(self.address));
        set("ComputerName", json!(self.computer));
        set("SourceId", json!(self.id));
        set("SourceType", json!(if self.hybrid.is_some() { "AWS::SSM::ManagedInstance" } else { "AWS::EC2::Instance" }));
        set("AssociationStatus", json!(self.association));
        if let Some(hybrid) = &self.hybrid {
            set("Name", json!(hybrid.name));
            set("ActivationId", json!(hybrid.activation));
            set("IamRole", json!(hybrid.role));
            set("RegistrationDate", json!(self.registered.as_second()));
        }
        Value::Object(node)
    }
}

/// `GetConnectionStatus`: what is not there is not connected.
pub(super) fn connection(region: &Region, request: &Connection) -> Result<Value, ServiceError> {
    let target = check::text(request.target.as_deref(), "target", 400)?;
    let is_online = region.nodes.iter().any(|node| node.id == target && node.ping == "Online");
    Ok(json!({"Target": target, "Status": if is_online { "connected" } else { "notconnected" }}))
}
