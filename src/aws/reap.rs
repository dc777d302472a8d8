//! Sessions that programs have left open which were killed, or ended before they could end them: noted down by
//! [`crate::ssm::client::journal`], ended here by whoever starts next, beside whatever that does.

use futures::{Stream, StreamExt as _};

use super::observe::Observer;
use super::session::{self, Connect};
use super::session_audit::Audited;
use super::session_manager::SessionManager;
use super::sts;
use crate::audit::{self, AuditLog};
use crate::ssm::client::gateway::Gateway as _;
use crate::ssm::client::journal::{Entry, Journal, Note};

/// As many are ended at the same time: one whose AWS does not answer holds up none of the others.
const AT_ONCE: usize = 4;

/// Ends what nobody holds any more: a sentence for each session. What cannot be reached now is tried at the next start, in silence.
pub fn orphans(journal: Journal, log: AuditLog) -> impl Stream<Item = String> + Send {
    // Both the folder and the locks may be on another machine.
    let found = tokio::task::spawn_blocking(move || journal.orphans());
    let found = futures::stream::once(async { found.await.unwrap_or_default() }).flat_map(futures::stream::iter);
    let ended = found.map(move |(entry, note)| end(entry, note, log.clone())).buffer_unordered(AT_ONCE);
    ended.filter_map(std::future::ready)
}

/// Ends one under the account that it was opened in.
async fn end(entry: Entry, note: Note, log: AuditLog) -> Option<String> {
    let left = |why: String| Some(format!("session {} of an earlier run is still open: {why}", entry.session_id));
    let wanted = Connect {
        profile: entry.place.profile.clone(),
        regions: vec![entry.place.region.clone()],
        endpoint_url: entry.place.endpoint_url.clone(),
        ..Connect::new(Observer::nobody())
    };
    let session = session::connect(wanted).await.ok()?;
    let account = entry.place.account.clone();
    if let Err(why) = sts::must_be_in(&session, account.as_deref()).await {
        return left(why.to_string());
    }
    let region = entry.place.region.clone();
    let common = audit::Entry { region, account, origin: "reap".to_owned(), ..audit::Entry::default() };
    let manager = Audited::new(SessionManager::ending(&session, &entry.place.region), log, common);
    if let Err(error) = manager.terminate(&entry.session_id).await {
        return left(error.to_string());
    }
    note.erase();
    Some(format!("ended session {} to {}, left open by an earlier run", entry.session_id, entry.target))
}
