//! Which rows on screen want live facts, and when to ask: not for every line that a held key scrolls past.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::moment::Moment;
use crate::domain::text::Untrusted;

/// How long the window has to stand still before its rows are asked about.
const SETTLED: SignedDuration = SignedDuration::from_millis(150);

/// Keeps count of the names that were asked about. One request runs at a time; a new one replaces it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Watch {
    done: BTreeSet<Untrusted>,
    asked: Vec<Untrusted>,
    wanted: Vec<Untrusted>,
    since: Moment,
}

impl Watch {
    /// Looks at the names on screen. Returns whom to ask about now, which replaces what was asked before.
    pub fn look(&mut self, on_screen: impl Iterator<Item = Untrusted>, now: Moment) -> Option<Vec<Untrusted>> {
        let mut wanted: Vec<Untrusted> = on_screen.filter(|name| !self.done.contains(name)).collect();
        wanted.dedup();
        if wanted.iter().all(|name| self.asked.contains(name)) {
            self.wanted.clear();
            return None;
        }
        let quiet = now.since(self.since) >= SETTLED;
        if wanted != self.wanted {
            self.since = now;
            self.wanted = wanted;
            if !(quiet && self.asked.is_empty()) {
                return None;
            }
        } else if !quiet {
            return None;
        }
        self.asked = std::mem::take(&mut self.wanted);
        Some(self.asked.clone())
    }

    /// Whether a request waits for the window to stand still, so that ticks are needed.
    pub fn waits(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// The names of the request under way.
    pub fn asked(&self) -> &[Untrusted] {
        &self.asked
    }

    /// Whether an answer about this name is on its way.
    pub fn is_asked(&self, name: &Untrusted) -> bool {
        self.asked.contains(name) && !self.done.contains(name)
    }

    /// Facts about one name have arrived, good or bad.
    pub fn arrived(&mut self, name: &Untrusted) {
        self.done.insert(name.clone());
    }

    /// The request has ended: what has not arrived by now will not.
    pub fn ended(&mut self) {
        self.done.extend(self.asked.drain(..));
    }

    /// Everything is to be asked again.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<Untrusted> {
        names.iter().map(Untrusted::new).collect()
    }

    fn at(milliseconds: i64) -> Moment {
        Moment::default() + SignedDuration::from_millis(1_700_000 + milliseconds)
    }

    #[test]
    fn a_held_key_asks_once_at_the_start_and_once_at_the_end() {
        let mut watch = Watch::default();
        assert_eq!(watch.look(names(&["a", "b"]).into_iter(), at(0)), Some(names(&["a", "b"])));
        for step in 1..20 {
            assert_eq!(watch.look(names(&["x", &format!("{step}")]).into_iter(), at(step * 30)), None);
        }
        assert!(watch.waits());
        assert_eq!(watch.look(names(&["x", "19"]).into_iter(), at(19 * 30 + 150)), Some(names(&["x", "19"])));
        assert!(!watch.waits());
    }

    #[test]
    fn nobody_is_asked_about_twice() {
        let mut watch = Watch::default();
        assert!(watch.look(names(&["a", "b"]).into_iter(), at(0)).is_some());
        watch.arrived(&"a".into());
        watch.ended();
        assert_eq!(watch.look(names(&["a", "b"]).into_iter(), at(500)), None);
        watch.forget();
        assert!(watch.look(names(&["a", "b"]).into_iter(), at(600)).is_some());
    }
}
