//! A stream that waits for its reader.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

/// Nobody wants further pages: the pane was closed, the output pipe broke, the limit is reached. Not a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

type Deliver<T> = dyn Fn(T) -> BoxFuture<'static, Result<(), Stopped>> + Send + Sync;

/// Where a reader puts its pages. A paginator asks AWS for the next page only after `send` has returned, so a slow taker slows AWS down.
pub struct Sink<T>(Arc<Deliver<T>>);

impl<T> Clone for Sink<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Sink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}

impl<T: Send + 'static> Sink<T> {
    /// A sink that hands each page to `deliver` and waits for it.
    pub fn new(deliver: impl Fn(T) -> BoxFuture<'static, Result<(), Stopped>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(deliver))
    }

    /// Hands over one page and waits until it is taken.
    pub async fn send(&self, page: T) -> Result<(), Stopped> {
        (self.0)(page).await
    }

    /// A sink for another type of page, which is turned into this one's on the way.
    pub fn contramap<U: Send + 'static>(&self, turn: impl Fn(U) -> T + Send + Sync + 'static) -> Sink<U> {
        let deliver = Arc::clone(&self.0);
        Sink(Arc::new(move |page| deliver(turn(page))))
    }
}
