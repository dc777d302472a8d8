//! A session that is made with an MFA code.

use std::sync::{Arc, Mutex};

use bartizan::aws::observe::Observer;
use bartizan::aws::second_factor::{CodeWanted, SecondFactor};
use bartizan::aws::session::{Connect, Session, connect};
use bartizan::aws::{iam, sts};
use bartizan::domain::account::MFA_SESSION;
use bartizan::domain::fault::{Fault, FaultKind, Own};
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

/// Gives these codes, one after the other, and notes what was said about the one before.
fn factor(codes: &[&str], said: &Arc<Mutex<Vec<Option<String>>>>) -> SecondFactor {
    let codes = Mutex::new(codes.iter().rev().map(|code| (*code).to_owned()).collect::<Vec<_>>());
    let said = Arc::clone(said);
    let ask = move |wanted: CodeWanted| {
        assert_eq!((wanted.serial.as_str(), wanted.profile), (SERIAL, None));
        said.lock().unwrap().push(wanted.problem);
        let code = codes.lock().unwrap().pop();
        Box::pin(std::future::ready(code.map(Into::into).ok_or_else(|| "no code".to_owned()))) as _
    };
    SecondFactor::new(Some(SERIAL), Box::new(ask))
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

    let said = Arc::default();
    let fault = enter(&world, Some(factor(&["000000"], &said)), &observer).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Own { own: Own::WrongCode }, "{fault}");
    assert_eq!(asked(), 1);
    let fault = enter(&world, Some(factor(&[], &said)), &observer).await.unwrap_err();
    assert_eq!((fault.kind, asked()), (FaultKind::NoCode, 1));

    let right = factor(&["000000", "271828", "314159"], &said);
    let with = enter(&world, Some(right.clone()), &observer).await.unwrap();
    assert!(iam::user_facts(&with, &user).await.keys.value().is_some());
    assert!(sts::identity(&with).await.unwrap().arn.raw().ends_with("user/olivia.brandt"));
    let source = with.credentials().await.unwrap();
    assert_eq!(source.provider, MFA_SESSION);
    assert!(source.expires.unwrap() > world.now() + SignedDuration::from_hours(11));
    let problems: Vec<bool> = said.lock().unwrap().iter().map(Option::is_some).collect();
    assert_eq!(problems, [false, true, false, false, true], "the one that was wrong is said");
    // The console that connects anew finds the same session.
    assert!(enter(&world, Some(right.clone()), &observer).await.is_ok());
    assert_eq!(asked(), 3);
    right.forget();
    assert!(enter(&world, Some(right.clone()), &observer).await.is_ok());
    assert_eq!(asked(), 4, "what was forgotten is made anew, with another code");
    assert!(!format!("{right:?}").contains("314159"));
}
