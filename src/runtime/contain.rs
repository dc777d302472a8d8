//! Shuts what a user can sign in with, step by step, tells how each step went, and looks again later whether it holds.

use std::time::Duration;

use tokio::sync::mpsc;

use super::runner::Reply;
use crate::app::Msg;
use crate::aws::change::Changer;
use crate::aws::iam;
use crate::aws::session::Session;
use crate::domain::containment::{CHECKS_S, Containment};
use crate::domain::fault::Fault;
use crate::kit::effect::SessionId;
use crate::panes::Done;
use crate::panes::keys::Contained;

/// Makes the steps in order. One that fails does not keep the others from being made: each shuts a way of its own. The first failure is
/// the answer.
pub(super) async fn run(
    changer: &Changer,
    aws: &Session,
    session: SessionId,
    containment: Containment,
    to: &mpsc::Sender<Reply>,
) -> Result<Done, Fault> {
    let mut outcome = Ok(Done::default());
    for (step, change) in containment.steps().into_iter().enumerate() {
        let result = changer.make(&change).await;
        if outcome.is_ok()
            && let Err(fault) = &result
        {
            outcome = Err(fault.clone());
        }
        tell(to, session, &containment, Contained::Step { step, at: aws.now(), result: result.map(|_| ()) }).await;
    }
    if !containment.release {
        tokio::spawn(watch(aws.clone(), session, containment, to.clone()));
    }
    outcome
}

/// Reads the facts again, each time later after the last step, and tells what is not as it was left.
async fn watch(aws: Session, session: SessionId, containment: Containment, to: mpsc::Sender<Reply>) {
    let mut before = 0;
    for after_s in CHECKS_S {
        aws.lanes().pause(Duration::from_secs(after_s - before)).await;
        before = after_s;
        let result = iam::access(&aws, containment.user()).await.map(|now| containment.reverted(&now));
        tell(&to, session, &containment, Contained::Check { after_s, at: aws.now(), result }).await;
    }
}

async fn tell(to: &mpsc::Sender<Reply>, session: SessionId, containment: &Containment, news: Contained) {
    let user = containment.user().clone();
    let _loop_has_ended = to.send(Reply::Tell(Box::new(Msg::Contained { session, user, news }))).await;
}
