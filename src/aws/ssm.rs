//! Systems Manager: managed nodes and Session Manager's sessions of one region.

use aws_sdk_ssm::types::SessionState;
use serde_json::Value;

use super::call;
use super::capture::Capture;
use super::fault::malformed;
use super::page::Sink;
use super::session::Session;
use crate::domain::evidence::Evidence;
use crate::domain::fault::Fault;
use crate::domain::node::{Node, SsmSession};

/// Nodes on a page: the most that AWS gives.
const NODES: i32 = 50;
/// Sessions on a page: the most that AWS gives.
const SESSIONS: i32 = 200;

/// All managed nodes of a region.
pub async fn nodes(session: &Session, region: &str, to: &Sink<Vec<Node>>) -> Result<(), Fault> {
    let mut token = None;
    loop {
        let capture = Capture::default();
        let ask = session.ssm(region).describe_instance_information().max_results(NODES).set_next_token(token);
        let send = ask.customize().interceptor(capture.clone()).send();
        let answer = call::make(session, ("ssm", "DescribeInstanceInformation"), region, send).await?;
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        let texts = capture.records("InstanceInformationList", answer.instance_information_list().len());
        let texts = texts.map_err(|why| malformed("ssm:DescribeInstanceInformation", region, why, session.now()))?;
        let page = decode(&texts, |value, raw| Node::decode(value, region, raw));
        if to.send(page).await.is_err() || token.is_none() {
            return Ok(());
        }
    }
}

/// The sessions of a region that are open (`active`), or those of the last thirty days that are not.
pub async fn sessions(session: &Session, region: &str, active: bool, to: &Sink<Vec<SsmSession>>) -> Result<(), Fault> {
    let state = if active { SessionState::Active } else { SessionState::History };
    let mut token = None;
    loop {
        let capture = Capture::default();
        let ask = session.ssm(region).describe_sessions().state(state.clone()).max_results(SESSIONS).set_next_token(token);
        let send = ask.customize().interceptor(capture.clone()).send();
        let answer = call::make(session, ("ssm", "DescribeSessions"), region, send).await?;
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        let texts = capture.records("Sessions", answer.sessions().len());
        let texts = texts.map_err(|why| malformed("ssm:DescribeSessions", region, why, session.now()))?;
        let page = decode(&texts, |value, raw| SsmSession::decode(value, region, active, raw));
        if to.send(page).await.is_err() || token.is_none() {
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
