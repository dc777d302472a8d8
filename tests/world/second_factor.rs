//! A session that is made with an MFA code.

use std::sync::{Arc, Mutex};

use bartizan::aws::observe::Observer;
use bartizan::aws::second_factor::SecondFactor;
use bartizan::aws::session::{Connect, Session, connect};
use bartizan::aws::{iam, sts};
use bartizan::domain::fault::{Fault, FaultKind};
use bartizan::domain::text::Untrusted;
use bartizan::emulator::{Options, World, in_process};
use jiff::SignedDuration;

const SERIAL: &str = "arn:aws:iam::123456789012:mfa/olivia.brandt";
const NEEDS_MFA: &str = r#"{"Statement":{"Effect":"Deny","NotAction":"sts:GetSessionToken","Resource":"*",
    "Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}}"#;

fn world() -> Arc<World> {
    let world = World::from_scenario("quiet", Options::default()).unwrap();
    let mut account = world.account();
    let user = account.iam.user_mut("olivia.brandt").unwrap();
    user.inline.insert("second-factor".into(), NEEDS_MFA.into());
    drop(account);
    Arc::new(world)
}

fn factor(code: &str) -> SecondFactor {
    SecondFactor::new(SERIAL, code.to_owned().into())
}

async fn enter(world: &Arc<World>, factor: Option<SecondFactor>, observer: &Observer) -> Result<Session, Fault> {
    let http = Some(in_process::client(Arc::clone(world)));
    let clock = {
        let world = Arc::clone(world);
        bartizan::aws::session::Clock::new(move || world.now())
    };
    connect(Connect { http, factor, clock, ..Connect::new(observer.clone()) }).await
}

#[tokio::test]
async fn a_policy_that_asks_for_a_second_factor_gets_one_and_each_code_goes_out_once() {
    let world = world();
    let sent: Arc<Mutex<Vec<(u64, String)>>> = Arc::default();
    let seen = Arc::clone(&sent);
    let observer =
        Observer::new(move |call| seen.lock().unwrap().push((call.number, format!("{}:{}", call.service, call.operation))));
    let asked = || {
        let mut calls = sent.lock().unwrap().clone();
        calls.retain(|(_, call)| call == "sts:GetSessionToken");
        calls.dedup();
        calls.len()
    };
    let user = Untrusted::new("olivia.brandt");

    let without = enter(&world, None, &observer).await.unwrap();
    assert!(iam::user_facts(&without, &user).await.keys.fault().is_some_and(Fault::is_denied));

    let wrong = factor("000000");
    let fault = enter(&world, Some(wrong.clone()), &observer).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Refused { code: "MFA code".into() }, "{fault}");
    let fault = enter(&world, Some(wrong), &observer).await.unwrap_err();
    assert!(fault.kind == FaultKind::Expired && fault.to_string().contains("sent before"), "{fault}");
    assert_eq!(asked(), 1);

    let right = factor("271828");
    let with = enter(&world, Some(right.clone()), &observer).await.unwrap();
    assert!(iam::user_facts(&with, &user).await.keys.value().is_some());
    assert!(sts::identity(&with).await.unwrap().arn.raw().ends_with("user/olivia.brandt"));
    let source = with.credentials().await.unwrap();
    assert_eq!(source.provider, "MFA session");
    assert!(source.expires.unwrap() > world.now() + SignedDuration::from_hours(11));
    // The console that connects anew finds the same session.
    assert!(enter(&world, Some(right.clone()), &observer).await.is_ok());
    assert_eq!(asked(), 2);
    assert!(!format!("{right:?}").contains("271828"));
}
