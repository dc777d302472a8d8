//! Regions read at the same time, and put together.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{BoxFuture, join_all};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::faults::Faults;
use crate::aws::fault::unsent;
use crate::aws::page::{Sink, Stopped};
use crate::aws::session::Session;
use crate::domain::event::{Event, EventPage};
use crate::domain::fault::{Fault, FaultKind};

/// Reads all regions to their ends. A region that fails leaves what it gave, and a fault.
pub(super) async fn gather<T: Send + 'static>(
    session: &Session,
    faults: &mut Faults,
    read: impl Fn(Session, String, Sink<Vec<T>>) -> BoxFuture<'static, Result<(), Fault>>,
) -> Vec<T> {
    let rows: Arc<Mutex<Vec<T>>> = Arc::default();
    let into = Arc::clone(&rows);
    let sink = Sink::new(move |page: Vec<T>| {
        into.lock().unwrap_or_else(PoisonError::into_inner).extend(page);
        Box::pin(std::future::ready(Ok(())))
    });
    let reads = session.regions().iter().map(|region| read(session.clone(), region.clone(), sink.clone()));
    for fault in join_all(reads).await.into_iter().filter_map(Result::err) {
        faults.note(fault);
    }
    std::mem::take(&mut *rows.lock().unwrap_or_else(PoisonError::into_inner))
}

/// One region's pages on their way.
struct Lane {
    pages: mpsc::Receiver<EventPage>,
    events: VecDeque<Event>,
    task: Option<JoinHandle<Result<(), Fault>>>,
}

/// The events of several regions as one stream, newest first. Regions that are ahead wait for the others.
pub(super) struct Merge {
    lanes: Vec<Lane>,
    now: Timestamp,
    /// Records that could not be decoded so far.
    pub(super) undecoded: u32,
}

impl Merge {
    /// Starts to read all regions. It must run inside a tokio runtime.
    pub(super) fn start(
        session: &Session,
        read: impl Fn(Session, String, Sink<EventPage>) -> BoxFuture<'static, Result<(), Fault>>,
    ) -> Self {
        let lane = |region: &String| {
            let (sender, pages) = mpsc::channel(1);
            let sink = Sink::new(move |page| {
                let sender: mpsc::Sender<EventPage> = sender.clone();
                Box::pin(async move { sender.send(page).await.map_err(|_| Stopped) })
            });
            let task = tokio::spawn(read(session.clone(), region.clone(), sink));
            Lane { pages, events: VecDeque::new(), task: Some(task) }
        };
        Self { lanes: session.regions().iter().map(lane).collect(), now: session.now(), undecoded: 0 }
    }

    /// The next event, newest first.
    pub(super) async fn next(&mut self, faults: &mut Faults) -> Option<Event> {
        for lane in &mut self.lanes {
            while lane.events.is_empty() && lane.task.is_some() {
                match lane.pages.recv().await {
                    Some(page) => {
                        self.undecoded = self.undecoded.saturating_add(page.undecoded);
                        lane.events.extend(page.events);
                    }
                    None => match join(lane.task.take()).await {
                        Some(Ok(Err(fault))) => faults.note(fault),
                        Some(Err(broken)) => faults.note(unsent(FaultKind::Internal, broken.to_string(), self.now)),
                        Some(Ok(Ok(()))) | None => {}
                    },
                }
            }
        }
        let newest = self
            .lanes
            .iter_mut()
            .filter(|lane| !lane.events.is_empty())
            .max_by_key(|lane| lane.events.front().map(|event| event.time));
        newest.and_then(|lane| lane.events.pop_front())
    }
}

impl Drop for Merge {
    fn drop(&mut self) {
        self.lanes.iter().filter_map(|lane| lane.task.as_ref()).for_each(JoinHandle::abort);
    }
}

async fn join<T>(task: Option<JoinHandle<T>>) -> Option<Result<T, tokio::task::JoinError>> {
    match task {
        Some(task) => Some(task.await),
        None => None,
    }
}
