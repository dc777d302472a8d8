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

/// The node that a person's word means: an id is taken as it is, `tag:KEY=VALUE` and a node's name are looked up. The error is in words.
pub async fn find(session: &Session, region: &str, target: &str) -> Result<String, String> {
    if target.starts_with("i-") || target.starts_with("mi-") {
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
    let mut named = Vec::new();
    while let Some(page) = pages.recv().await {
        named.extend(page.into_iter().filter(|node| node.name.as_ref().is_some_and(|name| name.raw() == target)));
    }
    named.sort_by_key(|node| node.ping != Ping::Online);
    match (named.first(), listed) {
        (Some(node), _) => online(node),
        (None, Err(fault)) => Err(fault.to_string()),
        (None, Ok(())) => Err(format!("no node in {region} is called {target}; write its id, its name or tag:KEY=VALUE")),
    }
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
