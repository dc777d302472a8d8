//! Forwards: local ports that lead through Session Manager to a node, or through it to another host. Plain data.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::text::Untrusted;

/// `[LOCAL:]PORT` or `[LOCAL:]HOST:PORT`: what a forward carries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ports {
    /// The port on this machine; `None`: any free one.
    pub local: Option<u16>,
    /// The host that the node connects to; `None`: the node itself.
    pub host: Option<String>,
    /// Its port, 1 to 65535.
    pub port: u16,
}

impl Ports {
    /// Reads what a person wrote.
    ///
    /// # Errors
    /// The text is neither form; says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text} is no [LOCAL:]PORT and no [LOCAL:]HOST:PORT; an IPv6 address goes in brackets");
        let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
        let (front, port) = match text.rsplit_once(':') {
            Some((front, port)) => (Some(front), number(port).ok_or_else(wrong)?),
            None => (None, number(text).ok_or_else(wrong)?),
        };
        let (local, host) = match front {
            None => (None, None),
            Some(front) if front.parse::<u32>().is_ok() => (Some(number(front).ok_or_else(wrong)?), None),
            Some(front) => match front.split_once(':') {
                Some((local, host)) if number(local).is_some() => (number(local), Some(host)),
                _ => (None, Some(front)),
            },
        };
        let host = host.map(|host| host.trim_matches(['[', ']']).to_owned());
        let is_bracketed = text.contains('[');
        if host.as_ref().is_some_and(|host| host.is_empty() || (host.contains(':') && !is_bracketed)) {
            return Err(wrong());
        }
        Ok(Self { local, host, port })
    }

    /// The far end in words: `db.internal:5432`, or `port 22` of the node itself.
    pub fn remote(&self) -> String {
        match &self.host {
            Some(host) => format!("{host}:{}", self.port),
            None => format!("port {}", self.port),
        }
    }
}

/// A forward as it is asked for: typed, or a preset of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ForwardSpec {
    /// The preset's name; `None`: it was typed.
    pub name: Option<String>,
    /// The node: `i-…`, `mi-…`, a node's name, or `tag:KEY=VALUE`.
    pub target: String,
    /// The region of the node; `None`: the console's first one.
    pub region: Option<String>,
    /// What it carries.
    pub ports: Ports,
    /// Whether a reason has to be given.
    pub asks_reason: bool,
}

impl ForwardSpec {
    /// Reads `TARGET [LOCAL:][HOST:]PORT`, as the command line has it.
    ///
    /// # Errors
    /// The text is something else; says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some(target), Some(ports), None) => {
                Ok(Self { name: None, target: target.to_owned(), region: None, ports: Ports::parse(ports)?, asks_reason: false })
            }
            _ => Err("write TARGET [LOCAL:]PORT or TARGET [LOCAL:]HOST:PORT, for example: i-0123 15432:db.internal:5432".into()),
        }
    }
}

/// How a forward does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ForwardState {
    /// Not started, or stopped by the person.
    Stopped,
    /// The node is looked up, the session is being started.
    Starting,
    /// Connections are carried.
    Open,
    /// The line is lost; what was under way waits, and nothing is lost.
    Reconnecting {
        /// What the last attempt said.
        problem: Untrusted,
    },
    /// Nothing that was sent has been acknowledged for ten seconds or more.
    Silent,
    /// A connection does not read what has arrived for it, and the others wait.
    HeldUp,
    /// The session has ended; a new one is started after a while. Connections that were open are gone.
    Restarting {
        /// Why it ended.
        why: Untrusted,
    },
    /// It could not be started, and will not be by itself.
    Failed {
        /// Why.
        why: Untrusted,
    },
}

impl ForwardState {
    /// Whether it runs or tries to.
    pub fn is_active(&self) -> bool {
        !matches!(self, Self::Stopped | Self::Failed { .. })
    }

    /// It in one or two words.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Open => "open",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Silent => "no answer",
            Self::HeldUp => "held up",
            Self::Restarting { .. } => "restarting",
            Self::Failed { .. } => "failed",
        }
    }

    /// What there is to say beyond that.
    pub fn why(&self) -> Option<&Untrusted> {
        match self {
            Self::Reconnecting { problem: why } | Self::Restarting { why } | Self::Failed { why } => Some(why),
            _ => None,
        }
    }
}

/// A forward of this console. Counters are since its last start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// Its number, counted from 1 in the order in which forwards came up.
    pub number: u64,
    /// What was asked for.
    pub spec: ForwardSpec,
    /// How it does.
    pub state: ForwardState,
    /// Since when it does so; `None`: it was never started.
    pub since: Option<Timestamp>,
    /// The node that the target turned out to be.
    pub node: Option<Untrusted>,
    /// The port on 127.0.0.1 on which it listens.
    pub port: Option<u16>,
    /// Bytes to the far end.
    pub up: u64,
    /// Bytes from the far end.
    pub down: u64,
    /// Connections open now.
    pub open: u64,
    /// Connections so far.
    pub accepted: u64,
    /// Connections that the far end refused.
    pub refused: u64,
    /// Connections that were reset because they did not read while others waited.
    pub reset: u64,
}

impl Forward {
    /// One that was not started yet.
    pub fn new(number: u64, spec: ForwardSpec) -> Self {
        let state = ForwardState::Stopped;
        Self {
            number,
            spec,
            state,
            since: None,
            node: None,
            port: None,
            up: 0,
            down: 0,
            open: 0,
            accepted: 0,
            refused: 0,
            reset: 0,
        }
    }

    /// Where a program on this machine connects to, once it is known.
    pub fn address(&self) -> Option<String> {
        self.port.map(|port| format!("127.0.0.1:{port}"))
    }
}

/// A session that was open for so long was a working one, even if it carried nothing.
const LASTING: Duration = Duration::from_secs(30);

/// How long to wait before a forward is opened again: 1 s, 2 s, … at most 30 s.
///
/// That a session could be opened proves nothing: one that ends at once would be opened again every second for ever. So only one
/// that has carried something, or has lasted, begins the count anew.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reopening {
    failures: u32,
}

impl Reopening {
    /// The session has ended after so long; whether anything came through it.
    pub fn lost(&mut self, lasted: Duration, has_carried: bool) -> Duration {
        if has_carried || lasted >= LASTING {
            self.failures = 0;
            return pause_after(0);
        }
        self.failed()
    }

    /// No session could be opened.
    pub fn failed(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        pause_after(self.failures)
    }
}

fn pause_after(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.min(5)).min(Duration::from_secs(30))
}

/// What to add where a session has ended under so many connections; nothing for none.
pub fn cut(open: u64) -> String {
    match open {
        0 => String::new(),
        1 => "; 1 open connection was reset".to_owned(),
        open => format!("; {open} open connections were reset"),
    }
}

/// That a node could not connect to the far end. Why not is never said: refused, no route, no such name.
pub fn refused(target: &str, remote: &str, times: u64) -> String {
    let connections = if times == 1 { "the connection was reset".to_owned() } else { format!("{times} connections were reset") };
    format!("{target} could not connect to {remote}; {connections}")
}

/// A count of bytes in at most seven characters: `950 B`, `12.3 kB`, `4.5 GB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let (mut value, mut unit) = (count as f64 / 1000.0, "kB");
    for larger in UNITS.into_iter().skip(1) {
        if value < 999.95 {
            break;
        }
        (value, unit) = (value / 1000.0, larger);
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_hosts_are_told_apart() {
        let ports = |text: &str| Ports::parse(text).map(|ports| (ports.local, ports.host, ports.port));
        let host = |host: &str| Some(host.to_owned());
        assert_eq!(ports("5432"), Ok((None, None, 5432)));
        assert_eq!(ports("15432:5432"), Ok((Some(15432), None, 5432)));
        assert_eq!(ports("db.internal:5432"), Ok((None, host("db.internal"), 5432)));
        assert_eq!(ports("15432:db.internal:5432"), Ok((Some(15432), host("db.internal"), 5432)));
        assert_eq!(ports("15432:[::1]:80"), Ok((Some(15432), host("::1"), 80)));
        assert_eq!(ports("[fd00::1]:80"), Ok((None, host("fd00::1"), 80)));
        for wrong in ["", "x", "0", "70000", "70000:80", ":80", "80:", "fd00::1:80", "1:2:3:4"] {
            assert!(ports(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_forward_is_a_target_and_ports() {
        let spec = ForwardSpec::parse("  tag:Role=bastion 15432:db:5432 ").unwrap();
        assert_eq!((spec.target.as_str(), spec.ports.remote().as_str()), ("tag:Role=bastion", "db:5432"));
        for wrong in ["", "i-1", "i-1 0", "i-1 80 81"] {
            assert!(ForwardSpec::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_session_that_ends_as_soon_as_it_is_open_is_opened_less_and_less_often() {
        let mut reopening = Reopening::default();
        let mut pauses = |lasted, has_carried| reopening.lost(Duration::from_secs(lasted), has_carried).as_secs();
        assert_eq!([(); 7].map(|()| pauses(0, false)), [2, 4, 8, 16, 30, 30, 30]);
        assert_eq!((pauses(0, true), pauses(29, false)), (1, 2), "data begin anew");
        assert_eq!((pauses(0, false), pauses(30, false), pauses(0, false)), (4, 1, 2), "and so does a lifetime");
        assert_eq!((reopening.failed().as_secs(), reopening.failed().as_secs()), (4, 8));
    }

    #[test]
    fn what_was_cut_and_refused_is_counted() {
        assert_eq!([0, 1, 2].map(cut), ["", "; 1 open connection was reset", "; 2 open connections were reset"]);
        assert_eq!(refused("i-1", "db:5432", 1), "i-1 could not connect to db:5432; the connection was reset");
        assert_eq!(refused("i-1", "port 22", 3), "i-1 could not connect to port 22; 3 connections were reset");
    }

    #[test]
    fn bytes_are_short() {
        let shown = [0, 999, 1000, 999_949, 999_951, 12_345_678, 4_500_000_000, u64::MAX].map(bytes);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "12.3 MB", "4.5 GB", "18446.7 PB"]);
    }
}
