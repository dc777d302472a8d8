//! Systems Manager: managed nodes and Session Manager's sessions of one region.

use aws_sdk_ssm::types::{DocumentFormat, InstanceInformationStringFilter, SessionState};
use serde_json::Value;

use super::call;
use super::capture::Capture;
use super::fault::malformed;
use super::page::Sink;
use super::pages::Pages;
use super::session::Session;
use crate::domain::evidence::Evidence;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::node::{Node, Ping, SsmSession};
use crate::domain::preferences::Preferences;

/// Nodes on a page: the most that AWS gives.
const NODES: i32 = 50;
/// Sessions on a page: the most that AWS gives.
const SESSIONS: i32 = 200;

/// All managed nodes of a region.
pub async fn nodes(session: &Session, region: &str, to: &Sink<Vec<Node>>) -> Result<(), Fault> {
    let mut pages = Pages::new(session, ("ssm", "DescribeInstanceInformation"), region);
    loop {
        let capture = Capture::default();
        let ask = session.ssm(region).describe_instance_information().max_results(NODES).set_next_token(pages.token());
        let send = ask.customize().interceptor(capture.clone()).send();
        let answer = call::make(session, ("ssm", "DescribeInstanceInformation"), region, send).await?;
        let texts = capture.records("InstanceInformationList", answer.instance_information_list().len());
        let texts = texts.map_err(|why| malformed("ssm:DescribeInstanceInformation", region, why, session.now()))?;
        let page = decode(&texts, |value, raw| Node::decode(value, region, raw));
        if to.send(page).await.is_err() || !pages.turn(answer.next_token(), texts.len())? {
            return Ok(());
        }
    }
}

/// The nodes of a region that have this tag, online ones first: at most a page of them, as one is wanted.
pub async fn tagged(session: &Session, region: &str, key: &str, value: &str) -> Result<Vec<Node>, Fault> {
    let filter = InstanceInformationStringFilter::builder().key(format!("tag:{key}")).values(value).build();
    let filter =
        filter.map_err(|error| malformed("ssm:DescribeInstanceInformation", region, error.to_string(), session.now()))?;
    let capture = Capture::default();
    let ask = session.ssm(region).describe_instance_information().max_results(NODES).filters(filter);
    let send = ask.customize().interceptor(capture.clone()).send();
    let answer = call::make(session, ("ssm", "DescribeInstanceInformation"), region, send).await?;
    let texts = capture.records("InstanceInformationList", answer.instance_information_list().len());
    let texts = texts.map_err(|why| malformed("ssm:DescribeInstanceInformation", region, why, session.now()))?;
    let mut nodes = decode(&texts, |value, raw| Node::decode(value, region, raw));
    nodes.sort_by_key(|node| node.ping != Ping::Online);
    Ok(nodes)
}

/// The node that a person's word means: an id is taken as it is, `tag:KEY=VALUE` and either name of a node are looked up. Of several nodes
/// of one name the only online one is meant; where that is not clear either, none is. The error is in words.
pub async fn find(session: &Session, region: &str, target: &str) -> Result<String, String> {
    if is_id(target) {
        return Ok(target.to_owned());
    }
    if let Some(tag) = target.strip_prefix("tag:") {
        let (key, value) = tag.split_once('=').ok_or_else(|| format!("{target} is no tag: write tag:KEY=VALUE"))?;
        let nodes = tagged(session, region, key, value).await.map_err(|fault| fault.to_string())?;
        return online(nodes.first().ok_or_else(|| format!("no node in {region} has the tag {key}={value}"))?);
    }
    let (found, mut pages) = tokio::sync::mpsc::unbounded_channel::<Vec<Node>>();
    let sink = Sink::new(move |page| {
        let _receiver_is_here = found.send(page);
        Box::pin(async { Ok(()) })
    });
    let listed = nodes(session, region, &sink).await;
    drop(sink);
    // A part of the list does not tell whether there is another one of the name.
    listed.map_err(|fault| fault.to_string())?;
    let mut named = Vec::new();
    while let Some(page) = pages.recv().await {
        named.extend(page.into_iter().filter(|node| node.names().any(|name| name.raw() == target)));
    }
    the_one(&named, region, target)
}

/// Whether a target is written as Session Manager wants it: a node's id, or that of a container (`ecs:CLUSTER_TASK_RUNTIME`).
fn is_id(target: &str) -> bool {
    let number = target.strip_prefix("i-").or_else(|| target.strip_prefix("mi-"));
    let is_hex = |number: &str| number.len() >= 8 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    number.is_some_and(is_hex) || target.starts_with("ecs:")
}

/// Of the nodes of one name the one that is meant.
fn the_one(named: &[Node], region: &str, target: &str) -> Result<String, String> {
    let up: Vec<&Node> = named.iter().filter(|node| node.ping == Ping::Online).collect();
    match (up.as_slice(), named) {
        ([node], _) => online(node),
        ([], [node]) => online(node),
        ([], []) => Err(format!("no node in {region} is called {target}; write its id, its name or tag:KEY=VALUE")),
        ([], several) => Err(format!("{}, and none is online", ambiguous(several.iter(), region, target))),
        (several, _) => {
            Err(format!("{}: write the id of the one that you mean", ambiguous(several.iter().copied(), region, target)))
        }
    }
}

fn ambiguous<'a>(nodes: impl Iterator<Item = &'a Node>, region: &str, target: &str) -> String {
    let ids: Vec<String> = nodes.map(|node| node.id.shown_within(64).into_string()).collect();
    format!("{} nodes in {region} are called {target}: {}", ids.len(), ids.join(", "))
}

fn online(node: &Node) -> Result<String, String> {
    match node.ping {
        Ping::Online => Ok(node.id.raw().to_owned()),
        _ => Err(format!("{} is not online: {}", node.id.shown_within(64), node.ping.word())),
    }
}

/// The preferences of Session Manager in a region; `None`: nobody has saved any there, so its shells follow what AWS has built in.
pub async fn preferences(session: &Session, region: &str) -> Result<Option<Preferences>, Fault> {
    let ask = session.ssm(region).get_document().name("SSM-SessionManagerRunShell").document_format(DocumentFormat::Json);
    match call::make(session, ("ssm", "GetDocument"), region, ask.send()).await {
        Ok(answer) => {
            let content = serde_json::from_str(answer.content().unwrap_or_default()).unwrap_or(Value::Null);
            let why = "the preferences of Session Manager have no inputs";
            let read = Preferences::decode(&content).ok_or_else(|| malformed("ssm:GetDocument", region, why, session.now()))?;
            Ok(Some(read))
        }
        Err(Fault { kind: FaultKind::Refused { code }, .. }) if code == "InvalidDocument" => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The sessions of a region that are open (`active`), or those of the last thirty days that are not.
pub async fn sessions(session: &Session, region: &str, active: bool, to: &Sink<Vec<SsmSession>>) -> Result<(), Fault> {
    let state = if active { SessionState::Active } else { SessionState::History };
    let mut pages = Pages::new(session, ("ssm", "DescribeSessions"), region);
    loop {
        let capture = Capture::default();
        let ask = session.ssm(region).describe_sessions().state(state.clone()).max_results(SESSIONS);
        let ask = ask.set_next_token(pages.token());
        let send = ask.customize().interceptor(capture.clone()).send();
        let answer = call::make(session, ("ssm", "DescribeSessions"), region, send).await?;
        let texts = capture.records("Sessions", answer.sessions().len());
        let texts = texts.map_err(|why| malformed("ssm:DescribeSessions", region, why, session.now()))?;
        let page = decode(&texts, |value, raw| SsmSession::decode(value, region, active, raw));
        if to.send(page).await.is_err() || !pages.turn(answer.next_token(), texts.len())? {
            return Ok(());
        }
    }
}

fn decode<T>(texts: &[String], one: impl Fn(&Value, Evidence) -> T) -> Vec<T> {
    texts
        .iter()
        .zip(Evidence::page(texts))
        .map(|(text, raw)| one(&serde_json::from_str(text).unwrap_or(Value::Null), raw))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Untrusted;

    fn node(id: &str, ping: &str) -> Node {
        let value = serde_json::json!({"InstanceId": id, "PingStatus": ping, "Name": "rack 7", "ComputerName": "srv.example"});
        Node::decode(&value, "eu-west-1", Evidence::one(&value.to_string()))
    }

    #[test]
    fn of_several_nodes_of_a_name_the_only_online_one_is_meant_and_else_none() {
        let (up, down) = (node("mi-00000000000000001", "Online"), node("mi-00000000000000002", "ConnectionLost"));
        let other = node("mi-00000000000000003", "Online");
        assert_eq!(the_one(&[down.clone(), up.clone()], "eu-west-1", "rack 7").as_deref(), Ok("mi-00000000000000001"));
        let why = the_one(&[up, other, down.clone()], "eu-west-1", "rack 7").unwrap_err();
        assert!(why.contains("2 nodes") && why.contains("0001, mi-00000000000000003") && why.contains("write the id"), "{why}");
        let lost = node("mi-00000000000000004", "ConnectionLost");
        let why = the_one(&[down.clone(), lost], "eu-west-1", "rack 7").unwrap_err();
        assert!(why.contains("0002") && why.contains("0004") && why.contains("none is online"), "{why}");
        assert!(the_one(&[down], "eu-west-1", "rack 7").unwrap_err().contains("not online: ConnectionLost"));
        assert!(the_one(&[], "eu-west-1", "rack 7").unwrap_err().contains("no node"));
    }

    #[test]
    fn a_node_is_known_by_both_of_its_names_and_an_id_is_no_name() {
        assert_eq!(node("mi-1", "Online").names().map(Untrusted::raw).collect::<Vec<_>>(), ["rack 7", "srv.example"]);
        for (target, is) in [("i-0abc123456789def0", true), ("mi-0abc123456789def0", true), ("i-frame", false), ("web", false)] {
            assert_eq!(is_id(target), is, "{target}");
        }
    }
}
