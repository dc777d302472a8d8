//! How far a list may go. A list of AWS is as long as AWS says, page by page; one that never ends fills the memory before anybody notices.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::fault::malformed;
use super::session::Session;
use crate::domain::fault::Fault;

/// The most rows of one list: more than any account has users, findings or nodes, and a month of a busy account's events.
const MOST_ROWS: usize = 1_000_000;
/// The most pages of one list: as many as the rows would be in pages of fifty, and some that are empty.
const MOST_PAGES: usize = 25_000;

/// A list on its way: the only maker of the tokens by which it goes on.
#[derive(Debug)]
pub(crate) struct Pages {
    session: Session,
    call: (&'static str, &'static str),
    region: String,
    token: Option<String>,
    /// Digests of the tokens that came: a token may have two kilobytes.
    seen: BTreeSet<[u8; 32]>,
    pages: usize,
    rows: usize,
}

impl Pages {
    /// Before the first page of this call.
    pub(crate) fn new(session: &Session, call: (&'static str, &'static str), region: &str) -> Self {
        let (session, region) = (session.clone(), region.to_owned());
        Self { session, call, region, token: None, seen: BTreeSet::new(), pages: 0, rows: 0 }
    }

    /// The token of the page to ask for; `None`: the first one.
    pub(crate) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// A page of so many rows has come, with this token for the next one; some services write the end as an empty one. Says whether there
    /// is a next one.
    ///
    /// # Errors
    /// The list would not end: a token that came before, or more pages or rows than are taken. What has come by then stands.
    pub(crate) fn turn(&mut self, next: Option<&str>, rows: usize) -> Result<bool, Fault> {
        self.pages += 1;
        self.rows = self.rows.saturating_add(rows);
        if self.rows > MOST_ROWS {
            return Err(
                self.endless(format!("more than {MOST_ROWS} rows came, and no more are taken: narrow the filter or the time"))
            );
        }
        let Some(token) = next.filter(|token| !token.is_empty()) else { return Ok(false) };
        if !self.seen.insert(Sha256::digest(token.as_bytes()).into()) {
            let page = self.pages;
            return Err(self.endless(format!("the token for the page after page {page} came before: the list would never end")));
        }
        if self.pages >= MOST_PAGES {
            return Err(self.endless(format!("more than {MOST_PAGES} pages came, and no more are taken")));
        }
        self.token = Some(token.to_owned());
        Ok(true)
    }

    fn endless(&self, why: String) -> Fault {
        let (service, operation) = self.call;
        malformed(&format!("{service}:{operation}"), &self.region, why, self.session.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::observe::Observer;
    use crate::aws::session::{Connect, connect};
    use crate::emulator::{Options, World, in_process};

    async fn pages() -> Pages {
        let world = std::sync::Arc::new(World::from_scenario("quiet", Options::default()).unwrap());
        let wanted = Connect { http: Some(in_process::client(world)), ..Connect::new(Observer::nobody()) };
        let wanted = Connect { regions: vec!["eu-west-1".into()], ..wanted };
        Pages::new(&connect(wanted).await.unwrap(), ("iam", "ListUsers"), "eu-west-1")
    }

    fn words(result: Result<bool, Fault>) -> String {
        let fault = result.unwrap_err();
        assert_eq!((fault.call.as_str(), fault.region.as_str()), ("iam:ListUsers", "eu-west-1"));
        fault.message.raw().to_owned()
    }

    #[tokio::test]
    async fn a_list_goes_on_until_its_end() {
        let mut pages = pages().await;
        assert_eq!(pages.token(), None);
        assert_eq!(pages.turn(Some("a"), 50), Ok(true));
        assert_eq!(pages.token().as_deref(), Some("a"));
        assert_eq!(pages.turn(Some("b"), 0), Ok(true), "a page may be empty");
        assert_eq!(pages.turn(Some(""), 3), Ok(false));
        assert_eq!(self::pages().await.turn(None, 0), Ok(false));
    }

    #[tokio::test]
    async fn a_token_that_comes_again_ends_it_whether_at_once_or_later() {
        for tokens in [["a", "a", "b"], ["a", "b", "a"]] {
            let mut pages = pages().await;
            let results = tokens.map(|token| pages.turn(Some(token), 1));
            let refused = results.into_iter().find(Result::is_err).unwrap();
            assert!(words(refused).contains("never end"), "{tokens:?}");
        }
    }

    #[tokio::test]
    async fn the_bounds_are_named() {
        let mut rows = pages().await;
        assert_eq!(rows.turn(Some("a"), MOST_ROWS), Ok(true));
        assert!(words(rows.turn(Some("b"), 1)).contains("1000000 rows"));
        let mut many = pages().await;
        let refused = (1..).map(|number| many.turn(Some(&format!("{number}")), 0)).find(Result::is_err).unwrap();
        assert!(words(refused).contains("25000 pages"));
        assert_eq!(many.pages, MOST_PAGES);
    }
}
