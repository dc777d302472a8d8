//! When a web socket that was lost is opened again, and when to believe that it is there.

use std::time::Duration;

use tokio::time::Instant;

use super::pipe::State;

/// A web socket that has lasted so long was a working one, even if nothing came through it.
pub(super) const LASTING: Duration = Duration::from_secs(10);
/// The longest wait after a web socket that worked and lasted for less than a second.
const BREATH: Duration = Duration::from_millis(100);

/// What is known of the web sockets since the last one that worked.
///
/// That one could be opened proves nothing: a service that closes each of them at once would be called hundreds of times a second.
/// Only data that come through, or a lifetime, begin the count anew.
#[derive(Debug, Default)]
pub(super) struct Redial {
    /// Attempts in vain, and web sockets that nothing came through.
    failures: u32,
    /// Of these the web sockets that were open.
    stillborn: u32,
    /// Since when nothing has worked.
    since: Option<Instant>,
    /// What was wrong the last time.
    problem: String,
    /// When the web socket in use was opened.
    opened: Option<Instant>,
    /// Whether the last one lasted for less than a second.
    was_short: bool,
}

impl Redial {
    /// Since when nothing has worked.
    pub(super) fn since(&mut self) -> Instant {
        *self.since.get_or_insert_with(Instant::now)
    }

    /// Why nothing has.
    pub(super) fn problem(&self) -> String {
        self.problem.clone()
    }

    /// There is a web socket.
    pub(super) fn opened(&mut self) {
        self.opened = Some(Instant::now());
    }

    /// Something came through.
    pub(super) fn works(&mut self) {
        (self.failures, self.stillborn, self.since) = (0, 0, None);
    }

    /// Whether there is reason to say that the line is there again.
    pub(super) fn is_credible(&self) -> bool {
        self.stillborn == 0 || self.opened.is_some_and(|opened| opened.elapsed() >= LASTING)
    }

    /// When the web socket in use will have lasted.
    pub(super) fn lasts_at(&self) -> Option<Instant> {
        self.opened.filter(|_| !self.is_credible()).map(|opened| opened + LASTING)
    }

    /// The web socket has gone.
    pub(super) fn lost(&mut self, problem: String, worked: bool) {
        let lifetime = self.opened.take().map_or(Duration::ZERO, |opened| opened.elapsed());
        self.was_short = lifetime < Duration::from_secs(1);
        if worked || lifetime >= LASTING {
            self.works();
        } else {
            self.stillborn = self.stillborn.saturating_add(1);
            self.failures = self.failures.saturating_add(1);
        }
        self.problem = problem;
    }

    /// No web socket could be opened.
    pub(super) fn failed(&mut self, problem: String) {
        self.failures = self.failures.saturating_add(1);
        self.problem = problem;
    }

    /// The longest wait before the next attempt.
    pub(super) fn wait(&self) -> Duration {
        match self.failures {
            0 if self.was_short => BREATH,
            0 => Duration::ZERO,
            failures => Duration::from_millis(200).saturating_mul(1 << failures.min(10)),
        }
    }

    /// It as the session's state.
    pub(super) fn state(&self) -> State {
        State::Reconnecting { attempts: self.failures, problem: self.problem.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(redial: &mut Redial, lifetime: Duration, worked: bool) -> Duration {
        redial.opened();
        redial.opened = Instant::now().checked_sub(lifetime);
        redial.lost("gone".into(), worked);
        redial.wait()
    }

    #[test]
    fn only_data_and_a_lifetime_begin_the_count_anew() {
        let (moment, millis) = (Duration::ZERO, Duration::from_millis);
        let mut redial = Redial::default();
        assert_eq!(redial.wait(), Duration::ZERO, "the first is opened at once");
        let waits = [(); 4].map(|()| after(&mut redial, moment, false));
        assert_eq!(waits, [400, 800, 1600, 3200].map(millis));
        redial.failed("no network".into());
        assert_eq!(redial.wait(), millis(6400), "both kinds count");
        assert_eq!(after(&mut redial, moment, true), BREATH, "it worked, but not for long");
        assert_eq!(after(&mut redial, moment, false), millis(400));
        assert_eq!(after(&mut redial, LASTING - Duration::from_secs(1), false), millis(800), "and told nothing");
        assert_eq!(after(&mut redial, LASTING, false), Duration::ZERO);
        assert_eq!(after(&mut redial, Duration::from_secs(2), true), Duration::ZERO, "as once an hour");
        (0..100).for_each(|_| redial.failed(String::new()));
        assert!(redial.wait() >= Duration::from_mins(1), "the driver has a bound of its own");
    }

    #[test]
    fn a_line_whose_web_sockets_die_at_once_is_not_there_until_something_comes_through() {
        let mut redial = Redial::default();
        redial.failed("no network".into());
        redial.opened();
        assert!(redial.is_credible() && redial.lasts_at().is_none(), "no reason for doubt yet");
        redial.lost("closed 1006".into(), false);
        assert_eq!(redial.state(), State::Reconnecting { attempts: 2, problem: "closed 1006".into() });
        redial.opened();
        assert!(!redial.is_credible() && redial.lasts_at() == redial.opened.map(|opened| opened + LASTING));
        redial.opened = Instant::now().checked_sub(LASTING);
        assert!(redial.is_credible());
        redial.opened();
        redial.works();
        assert!(redial.is_credible());
        redial.lost("closed 1000".into(), true);
        assert_eq!(redial.state(), State::Reconnecting { attempts: 0, problem: "closed 1000".into() });
    }

    #[test]
    fn what_does_not_work_has_not_worked_since_the_first_time() {
        let mut redial = Redial::default();
        let since = redial.since();
        after(&mut redial, Duration::ZERO, false);
        redial.failed("no network".into());
        assert_eq!((redial.since(), redial.problem()), (since, "no network".to_owned()));
        after(&mut redial, Duration::ZERO, true);
        assert!(redial.since() > since);
    }
}
