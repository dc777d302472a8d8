//! What a user can sign in with, and the SSM sessions that the user has open: for a containment, and to see whether it holds.

use futures::future::join_all;

use super::page::Sink;
use super::session::Session;
use super::{iam, ssm};
use crate::domain::containment::{Access, OpenSession, Sessions};
use crate::domain::fault::Fault;
use crate::domain::node::SsmSession;
use crate::domain::text::Untrusted;

/// [`iam::access`], and the open SSM sessions in all regions of the session. A region that does not answer is named, and fails nothing: most
/// containments are about keys.
///
/// # Errors
/// IAM refuses, or does not answer.
pub async fn access(session: &Session, user: &Untrusted) -> Result<Access, Fault> {
    let (access, sessions) = futures::join!(iam::access(session, user), open_sessions(session, user));
    Ok(Access { sessions: Some(sessions), ..access? })
}

async fn open_sessions(session: &Session, user: &Untrusted) -> Sessions {
    let each = session.regions().iter().map(|region| async move { (region.clone(), in_region(session, region).await) });
    let mut found = Sessions::default();
    for (region, listed) in join_all(each).await {
        match listed {
            Ok(sessions) => {
                let of_user = sessions.into_iter().filter(|open| is_of(open, user));
                found.open.extend(of_user.map(|open| OpenSession { region: open.region, id: open.id, node: open.target }));
                found.listed.push(region);
            }
            Err(fault) => drop(found.unlisted.insert(region, fault.title())),
        }
    }
    found
}

async fn in_region(session: &Session, region: &str) -> Result<Vec<SsmSession>, Fault> {
    let (found, mut pages) = tokio::sync::mpsc::unbounded_channel::<Vec<SsmSession>>();
    let sink = Sink::new(move |page| {
        let _receiver_is_here = found.send(page);
        Box::pin(async { Ok(()) })
    });
    let listed = ssm::sessions(session, region, true, &sink).await;
    drop(sink);
    let mut all = Vec::new();
    while let Some(page) = pages.recv().await {
        all.extend(page);
    }
    listed.map(|()| all)
}

/// Whether a session is one of the user's own, and goes on. The owner is the ARN of the user, `arn:aws:iam::ACCOUNT:user/PATH/NAME`, also
/// where a session token of the user opened it. User names are unique in an account whatever the path.
fn is_of(open: &SsmSession, user: &Untrusted) -> bool {
    let mut parts = open.owner.raw().splitn(6, ':').skip(2);
    let (service, resource) = (parts.next(), parts.nth(2));
    let name = resource.and_then(|resource| resource.strip_prefix("user/")).and_then(|path| path.rsplit('/').next());
    let is_ending = matches!(open.status.as_str(), "Terminated" | "Terminating" | "Failed");
    service == Some("iam") && name == Some(user.raw()) && !is_ending
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::Evidence;

    #[test]
    fn sessions_of_a_user_are_told_by_their_owner() {
        let open = |owner: &str, status: &str| {
            let value = serde_json::json!({ "SessionId": "x-1", "Owner": owner, "Status": status });
            SsmSession::decode(&value, "us-east-1", true, Evidence::one(&value.to_string()))
        };
        let is_eves = |owner: &str, status: &str| is_of(&open(owner, status), &"eve".into());
        assert!(is_eves("arn:aws:iam::123456789012:user/eve", "Connected"));
        assert!(is_eves("arn:aws-cn:iam::123456789012:user/ops/night/eve", "Disconnected"));
        for owner in [
            "arn:aws:iam::123456789012:user/adam/eve2",
            "arn:aws:iam::123456789012:user/eve/adam",
            "arn:aws:sts::123456789012:assumed-role/Admin/eve",
            "arn:aws:sts::123456789012:federated-user/eve",
            "eve",
            "",
        ] {
            assert!(!is_eves(owner, "Connected"), "{owner}");
        }
        assert!(!is_eves("arn:aws:iam::123456789012:user/eve", "Terminating"));
    }
}
