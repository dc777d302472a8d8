//! What rotations need of AWS: reads by a session, changes through the audited door.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sts::error::ProvideErrorMetadata as _;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::SignedDuration;

use super::change::Changer;
use super::clearance::Cleared;
use super::page::Sink;
use super::session::Session;
use super::time::timestamp;
use super::{call, cloudtrail, fault, iam, sts};
use crate::audit::AuditLog;
use crate::domain::change::Change;
use crate::domain::event::{EventPage, Lookup, LookupKey};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::key::{KeyStatus, LastUsed};
use crate::domain::key_use::OUR_AGENT;
use crate::domain::rotation::Command;
use crate::domain::text::Untrusted;
use crate::kit::confirm::Approved;
use crate::rotation::service::{
    Answer, Caller, Changes, CheckFailed, CreateFailed, KeyFacts, NewKey, Service, Simulated, Trace, UserFacts,
};
use crate::rotation::stores::KeyPair;

/// How long the event history is searched for the making of a key: it only confirms what is known.
const TRACE: Duration = Duration::from_secs(10);

/// An account as rotations see it.
#[derive(Debug, Clone)]
pub struct Account {
    cleared: Cleared,
    log: AuditLog,
    origin: String,
}

impl Account {
    /// An account that may be changed; its changes are written down in `log` as asked for by `origin`.
    pub fn new(cleared: &Cleared, log: &AuditLog, origin: impl Into<String>) -> Self {
        Self { cleared: cleared.clone(), log: log.clone(), origin: origin.into() }
    }

    fn session(&self) -> &Session {
        self.cleared.session()
    }

    /// The session, signed by another key where one is given.
    fn signed(&self, key: Option<&KeyPair>) -> Session {
        key.map_or_else(|| self.session().clone(), |pair| self.session().signed_by(pair))
    }

    async fn check_in(&self, session: &Session, region: &str, account: &str, user_id: &str) -> Result<(), CheckFailed> {
        let mut code = None;
        let send = session.sts_in(region).get_caller_identity().send().inspect(|result| {
            code = result.as_ref().err().and_then(|error| error.code()).map(str::to_owned);
        });
        match call::make(session, ("sts", "GetCallerIdentity"), region, send).await {
            Ok(answer) if answer.account() == Some(account) && answer.user_id() == Some(user_id) => Ok(()),
            Ok(answer) => {
                let arn = Untrusted::new(answer.arn().unwrap_or_default());
                Err(CheckFailed::WrongUser(format!("AWS takes the new key for one of {}", arn.shown_within(200))))
            }
            Err(fault) => Err(failed(fault, code.as_deref())),
        }
    }
}

/// What the failure of `GetCallerIdentity` says of the key.
fn failed(fault: Fault, code: Option<&str>) -> CheckFailed {
    let is_signature = matches!(code, Some("SignatureDoesNotMatch" | "InvalidSignatureException"));
    match fault.kind {
        FaultKind::UnknownIdentity if is_signature => CheckFailed::WrongSecret(Box::new(fault)),
        // A region that knows no key at all looks like one in which this key has not arrived.
        FaultKind::UnknownIdentity | FaultKind::RegionDisabled => CheckFailed::Unknown(Box::new(fault)),
        FaultKind::ClockSkew => CheckFailed::Clock(Box::new(fault)),
        _ => CheckFailed::Call(Box::new(fault)),
    }
}

impl Service for Account {
    fn account(&self) -> &str {
        self.cleared.account()
    }

    fn caller(&self) -> BoxFuture<'_, Answer<Caller>> {
        Box::pin(async {
            // Who a session is does not change while it lasts.
            let identity = sts::known(self.session()).await?;
            let credentials = self.session().signing_credentials().await?;
            let key = credentials.filter(|credentials| credentials.session_token().is_none());
            Ok(Caller {
                account: identity.account,
                arn: identity.arn.raw().to_owned(),
                user_id: identity.user_id.raw().to_owned(),
                key: key.map(|credentials| credentials.access_key_id().to_owned()),
            })
        })
    }

    fn user<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Answer<UserFacts>> {
        Box::pin(async move {
            let session = self.session();
            let send = session.iam().get_user().user_name(user).send();
            let answer = call::make(session, ("iam", "GetUser"), session.home(), send).await?;
            let found = answer.user().map(|user| UserFacts {
                name: user.user_name().to_owned(),
                id: user.user_id().to_owned(),
                arn: user.arn().to_owned(),
            });
            let nobody = || fault::malformed("iam:GetUser", session.home(), "an answer without a user", session.now());
            Ok(found.ok_or_else(nobody)?)
        })
    }

    fn keys<'a>(&'a self, user: &'a str, as_key: Option<&'a KeyPair>) -> BoxFuture<'a, Answer<Vec<KeyFacts>>> {
        Box::pin(async move {
            let listed = iam::list_keys(&self.signed(as_key), &Untrusted::new(user)).await?;
            let facts = listed.iter().filter_map(|key| {
                let status = key.status().map_or("", |status| status.as_str());
                let created = key.create_date().and_then(timestamp);
                Some(KeyFacts { id: key.access_key_id()?.to_owned(), status: KeyStatus::from_word(status), created })
            });
            Ok(facts.collect())
        })
    }

    fn last_used<'a>(&'a self, key: &'a str, as_key: Option<&'a KeyPair>) -> BoxFuture<'a, Answer<LastUsed>> {
        Box::pin(async move { Ok(iam::key_last_used(&self.signed(as_key), &Untrusted::new(key)).await?) })
    }

    fn check<'a>(&'a self, key: &'a KeyPair, account: &'a str, user_id: &'a str) -> BoxFuture<'a, Result<(), CheckFailed>> {
        Box::pin(async move {
            let session = self.session().signed_by(key);
            let (regional, home) = (session.first_region().to_owned(), session.home());
            self.check_in(&session, &regional, account, user_id).await?;
            if regional == home { Ok(()) } else { self.check_in(&session, home, account, user_id).await }
        })
    }

    fn trace<'a>(&'a self, _: &'a str, key: &'a str) -> BoxFuture<'a, Answer<Trace>> {
        Box::pin(async move {
            let now = self.session().now();
            let from = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now);
            let wanted = Lookup { from, to: now, attribute: Some((LookupKey::ResourceName, key.to_owned())) };
            let agents: Arc<Mutex<Vec<String>>> = Arc::default();
            let heard = Arc::clone(&agents);
            let sink = Sink::new(move |page: EventPage| {
                let made = page.events.iter().filter(|event| event.name.raw() == "CreateAccessKey");
                let named = made.map(|event| event.user_agent.raw().to_owned());
                heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(named);
                Box::pin(std::future::ready(Ok(())))
            });
            let search = cloudtrail::lookup(self.session(), self.session().home(), &wanted, &sink);
            if let Ok(result) = tokio::time::timeout(TRACE, search).await {
                result?;
            }
            let agents = agents.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            Ok(match agents.first() {
                None => Trace::Unseen,
                Some(agent) if agent.contains(OUR_AGENT) => Trace::Ours,
                Some(_) => Trace::Foreign,
            })
        })
    }

    fn may<'a>(&'a self, caller: &'a Caller, actions: &'a [String], resources: &'a [String]) -> BoxFuture<'a, Answer<Simulated>> {
        Box::pin(async move { Ok(iam::simulate(self.session(), &caller.arn, actions, resources).await?) })
    }

    fn changes<'a>(
        &'a self,
        approved: &'a Approved<Command>,
        as_key: Option<&'a KeyPair>,
    ) -> BoxFuture<'a, Answer<Box<dyn Changes>>> {
        let cleared = as_key.map_or_else(|| self.cleared.clone(), |pair| self.cleared.signed_by(pair));
        let changer = Changer::for_approved(&cleared, &self.log, approved, &self.origin);
        Box::pin(std::future::ready(Ok(Box::new(Audited(changer)) as Box<dyn Changes>)))
    }
}

/// Changes through the door.
struct Audited(Changer);

impl Changes for Audited {
    fn create<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Result<NewKey, CreateFailed>> {
        Box::pin(async move { self.0.create_access_key(&Untrusted::new(user)).await })
    }

    fn set_status<'a>(&'a self, user: &'a str, key: &'a str, active: bool) -> BoxFuture<'a, Answer<()>> {
        let change = Change::SetKeyStatus { user: user.into(), key: key.into(), active };
        Box::pin(async move { Ok(self.0.make(&change).await.map(|_| ())?) })
    }

    fn lift<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Answer<()>> {
        Box::pin(async move { Ok(self.0.lift(&Untrusted::new(user)).await?) })
    }

    fn delete<'a>(&'a self, user: &'a str, key: &'a str) -> BoxFuture<'a, Answer<()>> {
        let change = Change::DeleteKey { user: user.into(), key: key.into() };
        Box::pin(async move { Ok(self.0.make(&change).await.map(|_| ())?) })
    }
}
