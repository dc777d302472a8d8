//! The one place where an approved change becomes calls to AWS.

use crate::aws::fault;
use crate::aws::session::Session;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::text::Untrusted;
use crate::kit::confirm::Approved;
use crate::panes::{Done, Mutation};

/// Does what was approved.
pub(super) async fn run(aws: &Session, _approved: Approved<Mutation>) -> Result<Done, Fault> {
    Err(read_only(aws))
}

/// Nothing may be changed.
pub(super) fn read_only(aws: &Session) -> Fault {
    Fault {
        kind: FaultKind::Refused { code: fault::READ_ONLY.to_owned() },
        call: String::new(),
        region: String::new(),
        message: Untrusted::new("the console is read-only: nothing was sent"),
        request_id: None,
        at: aws.now(),
    }
}
