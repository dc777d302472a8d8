//! The API of sessions, as far as it reaches the agent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::session::Plan;
use crate::emulator::account::{Account, Principal};
use crate::emulator::ids;
use crate::emulator::svc::Call;
use crate::emulator::svc::ssm::{Session, check};
use crate::emulator::wire::error::ServiceError;

/// The input of `StartSession`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Start {
    target: Option<String>,
    document_name: Option<String>,
    #[serde(default)]
    parameters: Option<BTreeMap<String, Vec<String>>>,
    reason: Option<String>,
}

/// The input of `ResumeSession` and `TerminateSession`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resume {
    session_id: Option<String>,
}

/// The document of a session that names none.
const SHELL: &str = "SSM-SessionManagerRunShell";

/// `StartSession`: checks the request, notes the session down and starts its agent.
pub(in crate::emulator) fn start(account: &mut Account, call: &Call) -> Result<Value, ServiceError> {
    let request: Start = crate::emulator::wire::json::input(call)?;
    let target = check::text(request.target.as_deref(), "target", 400)?;
    if let Some(reason) = &request.reason {
        check::text(Some(reason), "reason", 256)?;
    }
    let region = account.ssm.regions.entry(call.region.clone()).or_default();
    if !region.nodes.iter().any(|node| node.id == target && node.ping == "Online") {
        let message = format!("{target} is not connected.");
        return Err(ServiceError::new(400, "TargetNotConnected", message));
    }
    let document = request.document_name.as_deref().unwrap_or(SHELL);
    let plan = plan(document, request.parameters.unwrap_or_default(), target)?;
    if !account.agent.options().allow {
        let message = "Sessions run programs on this machine. Start the emulator with --sessions to allow them.";
        return Err(ServiceError::new(400, "AccessDeniedException", message));
    }
    let id = session_id(&call.principal, &mut account.rng);
    let token = ids::token(300, &mut account.rng);
    let stream_url = account
        .agent
        .stream_url(&id)
        .ok_or_else(|| ServiceError::internal(call.service, "No web socket is served: sessions need a listening emulator."))?;
    region.sessions.push(Session {
        id: id.clone(),
        target: target.to_owned(),
        owner: call.principal.arn(),
        status: "Connected",
        started: call.now,
        ended: None,
        reason: request.reason,
        document: document.to_owned(),
    });
    account.agent.start(&id, token.clone(), plan);
    Ok(json!({"SessionId": id, "TokenValue": token, "StreamUrl": stream_url}))
}

/// `ResumeSession`: without a token the session is over.
pub(in crate::emulator) fn resume(account: &mut Account, call: &Call) -> Result<Value, ServiceError> {
    let request: Resume = crate::emulator::wire::json::input(call)?;
    let id = check::text(request.session_id.as_deref(), "sessionId", 96)?;
    let region = account.ssm.regions.entry(call.region.clone()).or_default();
    if !region.sessions.iter().any(|session| session.id == id) {
        let message = format!("Session {id} does not exist");
        return Err(ServiceError::new(400, "DoesNotExistException", message));
    }
    let token = ids::token(300, &mut account.rng);
    let is_lost = account.agent.options().faults.forgets_sessions;
    match account.agent.stream_url(id) {
        Some(stream_url) if !is_lost && account.agent.renew(id, token.clone()) => {
            Ok(json!({"SessionId": id, "TokenValue": token, "StreamUrl": stream_url}))
        }
        _ => Ok(json!({"SessionId": id})),
    }
}

/// What `TerminateSession` does to the agent; the service notes the end down.
pub(in crate::emulator) fn terminate(account: &Account, call: &Call) -> Result<(), ServiceError> {
    let request: Resume = crate::emulator::wire::json::input(call)?;
    account.agent.terminate(request.session_id.as_deref().unwrap_or_default());
    Ok(())
}

/// Notes down which sessions of a region have ended since.
pub(in crate::emulator) fn settle(account: &mut Account, call: &Call) {
    let Some(region) = account.ssm.regions.get_mut(&call.region) else { return };
    // Sessions of the scenario's story have no agent: only those that were started here can end by themselves.
    for session in region.sessions.iter_mut().filter(|session| session.ended.is_none()) {
        if account.agent.was_started(&session.id) && !account.agent.is_alive(&session.id) {
            session.status = "Terminated";
            session.ended = Some(call.now);
        }
    }
}

/// The caller's name, a dash and random letters.
fn session_id(principal: &Principal, rng: &mut fastrand::Rng) -> String {
    let arn = principal.arn();
    let name: String = arn.rsplit(['/', ':']).next().unwrap_or("root").chars().take(40).collect();
    let tail: String = (0..26).map(|_| rng.alphanumeric().to_ascii_lowercase()).collect();
    format!("{name}-{tail}")
}

fn plan(document: &str, parameters: BTreeMap<String, Vec<String>>, target: &str) -> Result<Plan, ServiceError> {
    let invalid = |message: String| ServiceError::new(400, "ValidationException", message);
    let get = |name: &str| parameters.get(name).and_then(|values| values.first()).map(String::as_str);
    let command = || get("command").ok_or_else(|| invalid("Parameters: command is required".to_owned()));
    let target = target.to_owned();
    let known: &[&str] = match document {
        SHELL => &[],
        "AWS-StartInteractiveCommand" => &["command"],
        "AWS-StartNonInteractiveCommand" => {
            &["command", "separateOutputStream", "stdOutSeparatorPrefix", "stdErrSeparatorPrefix"]
        }
        "AWS-StartPortForwardingSession" => &["portNumber", "localPortNumber"],
        "AWS-StartPortForwardingSessionToRemoteHost" => &["host", "portNumber", "localPortNumber"],
        "AWS-StartSSHSession" => &["portNumber"],
        _ => {
            let message = format!("Document with name {document} does not exist.");
            return Err(ServiceError::new(400, "InvalidDocument", message));
        }
    };
    if let Some(unknown) = parameters.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(invalid(format!("Parameters: {unknown} is not defined in {document}")));
    }
    let properties = |kind: Option<&str>, default_port: &str| -> BTreeMap<String, String> {
        let own = parameters.iter().filter_map(|(name, values)| Some((name.clone(), values.first()?.clone())));
        let mut properties: BTreeMap<String, String> = own.collect();
        properties.entry("portNumber".to_owned()).or_insert_with(|| default_port.to_owned());
        properties.extend(kind.map(|kind| ("type".to_owned(), kind.to_owned())));
        properties
    };
    Ok(match document {
        "AWS-StartInteractiveCommand" => Plan::Terminal { command: Some(command()?.to_owned()), target },
        "AWS-StartNonInteractiveCommand" => Plan::Command {
            command: command()?.to_owned(),
            is_separate: get("separateOutputStream") == Some("true"),
            prefixes: (
                get("stdOutSeparatorPrefix").unwrap_or_default().to_owned(),
                get("stdErrSeparatorPrefix").unwrap_or_default().to_owned(),
            ),
            target,
        },
        "AWS-StartPortForwardingSession" | "AWS-StartPortForwardingSessionToRemoteHost" => {
            Plan::Port { properties: properties(Some("LocalPortForwarding"), "80"), target }
        }
        "AWS-StartSSHSession" => Plan::Port { properties: properties(None, "22"), target },
        _ => Plan::Terminal { command: None, target },
    })
}
