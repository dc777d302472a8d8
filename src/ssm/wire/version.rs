//! Version strings of agents and clients, and what may be expected of a version.

use std::fmt;
use std::str::FromStr;

/// The version that we claim. From 1.2.764.0 the client signs its upgrade, which we do; below 1.2.331.1 an agent would switch its
/// keep-alive on and end idle forwards after 30 s.
pub const OURS: &str = "1.2.764.0";

/// Four numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u32; 4]);

impl Version {
    /// A version.
    #[must_use]
    pub const fn new(major: u32, minor: u32, build: u32, revision: u32) -> Self {
        Self([major, minor, build, revision])
    }

    /// As an agent: many connections share one session.
    #[must_use]
    pub fn agent_multiplexes(self) -> bool {
        self > Self::new(3, 0, 196, 0)
    }

    /// As an agent: it expects no keep-alive frames, and sends none.
    #[must_use]
    pub fn agent_needs_no_keep_alive(self) -> bool {
        self > Self::new(3, 1, 1511, 0)
    }

    /// As an agent: it understands `TerminateSession` in basic port sessions.
    #[must_use]
    pub fn agent_understands_terminate(self) -> bool {
        self > Self::new(2, 3, 722, 0)
    }

    /// As a client: many connections share one session.
    #[must_use]
    pub fn client_multiplexes(self) -> bool {
        self >= Self::new(1, 1, 70, 0)
    }

    /// As a client: it wants no keep-alive frames.
    #[must_use]
    pub fn client_needs_no_keep_alive(self) -> bool {
        self > Self::new(1, 2, 331, 0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, build, revision] = self.0;
        write!(f, "{major}.{minor}.{build}.{revision}")
    }
}

/// Text that is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a version is four numbers with dots between them")]
pub struct InvalidVersion;

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<u32> = text.trim().split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| InvalidVersion)?;
        Ok(Self(parts.try_into().map_err(|_| InvalidVersion)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(version("3.0.1000.0") > version("3.0.196.0"));
        assert!(!version("3.0.196.0").agent_multiplexes());
        assert!(version("3.3.1142.0").agent_multiplexes());
        assert!(version(OURS).client_multiplexes() && version(OURS).client_needs_no_keep_alive());
        assert!(!version("1.2.331.0").client_needs_no_keep_alive());
    }

    #[test]
    fn four_parts_are_asked_for() {
        assert!("3.1.1".parse::<Version>().is_err());
        assert!("3.1.1.x".parse::<Version>().is_err());
        assert_eq!(version("3.3.1142.0").to_string(), "3.3.1142.0");
    }
}
