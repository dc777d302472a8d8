//! A user is contained: whoever has the user's key or a session made from it can do nothing more, and a release does not change that for the key.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_iam::error::ProvideErrorMetadata as _;
use bartizan::audit::AuditLog;
use bartizan::aws::change::Changer;
use bartizan::aws::clearance::Rules;
use bartizan::aws::iam::access;
use bartizan::aws::observe::Observer;
use bartizan::aws::session::{Clock as SessionClock, Connect, connect};
use bartizan::domain::containment::Containment;
use bartizan::domain::rotation::Command;
use bartizan::emulator::clock::Clock;
use bartizan::emulator::{Options, World, in_process};
use jiff::SignedDuration;

use crate::emulated::{account, iam_by, noon, sts};
use crate::rotation::approved;

const EVE: &str = "user-00000";

/// `None`: the call is answered.
async fn refused(world: &Arc<World>, credentials: &Credentials) -> Option<String> {
    let config = iam_by(in_process::client(Arc::clone(world)), credentials.clone()).build();
    let iam = aws_sdk_iam::Client::from_conf(config);
    let took_back = iam.delete_user_policy().user_name(EVE).policy_name("BartizanDenyAll").send().await;
    let listed = iam.list_access_keys().user_name(EVE).send().await;
    match (took_back.err(), listed.err()) {
        (Some(error), _) if error.code() != Some("NoSuchEntity") => error.code().map(str::to_owned),
        (_, Some(error)) => error.code().map(str::to_owned),
        _ => None,
    }
}

#[tokio::test]
async fn neither_the_key_nor_its_sessions_open_anything_and_a_release_does_not_bring_the_key_back() {
    let world = Arc::new(World::new(account(1), Vec::new(), Clock::new(Some(noon()), 0.0), Options::default()));
    let (id, secret) = {
        let mut account = world.account();
        let key = &account.iam.user(EVE).unwrap().keys[0];
        (key.id.clone(), key.secret.clone())
    };
    let key = Credentials::new(id, secret, None, None, "test");
    let made = sts(&world, key.clone()).get_session_token().send().await.unwrap().credentials.unwrap();
    let session = Credentials::new(made.access_key_id, made.secret_access_key, Some(made.session_token), None, "test");
    assert_eq!((refused(&world, &key).await, refused(&world, &session).await), (None, None));
    world.clock.advance(SignedDuration::from_secs(60));

    let clock = {
        let world = Arc::clone(&world);
        SessionClock::new(move || world.now())
    };
    let http = Some(in_process::client(Arc::clone(&world)));
    let aws = connect(Connect { http, clock, ..Connect::new(Observer::nobody()) }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path(), None).unwrap();
    let cleared = Rules::default().clear(&aws).await.unwrap();
    let changer = Changer::for_approved(&cleared, &log, &approved(Command::Resume { id: None }), "test");
    let before = access(&aws, &EVE.into()).await.unwrap();
    let containment = Containment::of(before.clone(), aws.now());
    for step in containment.steps() {
        changer.make(&step).await.unwrap();
    }
    assert_eq!(containment.reverted(&access(&aws, &EVE.into()).await.unwrap()), Vec::<String>::new());
    assert_eq!(refused(&world, &key).await.as_deref(), Some("InvalidClientTokenId"));
    assert_eq!(refused(&world, &session).await.as_deref(), Some("AccessDenied"));
    let fresh = sts(&world, key.clone()).get_session_token().send().await;
    assert!(fresh.is_err(), "no session is made from the key any more");

    // Revocation alone, once the denial of everything is taken away, still ends the session that there was.
    world.account().iam.user_mut(EVE).unwrap().inline.remove("BartizanDenyAll");
    assert_eq!(refused(&world, &session).await.as_deref(), Some("AccessDenied"));
    let gone = containment.reverted(&access(&aws, &EVE.into()).await.unwrap());
    assert_eq!(gone, ["the policy BartizanDenyAll is gone"]);
    for step in containment.steps().iter().chain(&containment.undo().steps()) {
        changer.make(step).await.unwrap();
    }
    // The policies are gone. Whoever has the key's secret has it still, so the key stays inactive.
    let after = access(&aws, &EVE.into()).await.unwrap();
    assert!(after.ours.is_empty() && after.keys.values().all(|active| !active), "{after:?}");
    assert_eq!(refused(&world, &key).await.as_deref(), Some("InvalidClientTokenId"));
}
