//! Which proxy leads to a host, and which hosts need none.
//!
//! `hyper-util` reads `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY`. Its reading of `NO_PROXY` knows no ports, no `*.` and no `*` for an
//! address, and every one of them is written by people; so the exceptions are read here, as the AWS CLI and curl read them together.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// The proxies of the environment. Cheap to clone.
#[derive(Clone)]
pub struct Proxies {
    matcher: Arc<Matcher>,
    without: Arc<Without>,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's URL may hold a password.
        f.debug_struct("Proxies").field("without", &self.without).finish_non_exhaustive()
    }
}

impl Proxies {
    /// As the environment has them now: `no_proxy` goes before `NO_PROXY`.
    #[expect(clippy::disallowed_methods, reason = "the edge at which the environment is read")]
    pub fn from_env() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|list| !list.trim().is_empty());
        let list = set("no_proxy").or_else(|| set("NO_PROXY")).unwrap_or_default();
        Self { matcher: Arc::new(Matcher::from_env()), without: Arc::new(Without::read(&list)) }
    }

    /// Whether a host is reached without a proxy, whatever is set.
    pub fn pass_by(&self, host: &str, port: Option<u16>) -> bool {
        self.without.has(host, port)
    }

    /// The proxy that leads to a destination.
    pub(super) fn intercept(&self, destination: &http::Uri) -> Option<Intercept> {
        let port = destination.port_u16().or_else(|| usual_port(destination.scheme_str()));
        if self.pass_by(destination.host().unwrap_or_default(), port) {
            return None;
        }
        self.matcher.intercept(destination)
    }
}

/// The port of a URL that names none.
pub fn usual_port(scheme: Option<&str>) -> Option<u16> {
    match scheme {
        Some("https" | "wss") => Some(443),
        Some("http" | "ws") => Some(80),
        _ => None,
    }
}

/// The list of `NO_PROXY`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Without(Vec<Rule>);

/// One entry; the port only where one is written.
#[derive(Debug, PartialEq, Eq)]
enum Rule {
    /// `*`
    All,
    /// `10.0.0.0/8`, `::1`: an address and how many of its bits count.
    Net(IpAddr, u8, Option<u16>),
    /// `example.com`, `.example.com`, `*.example.com`: the name and all below it.
    Name(String, Option<u16>),
}

impl Without {
    fn read(list: &str) -> Self {
        let entries = list.split(|letter: char| letter == ',' || letter.is_whitespace());
        Self(entries.filter(|entry| !entry.is_empty()).filter_map(Rule::read).collect())
    }

    fn has(&self, host: &str, port: Option<u16>) -> bool {
        let host = bare(host);
        let address = host.parse::<IpAddr>().ok();
        let at = |wanted: &Option<u16>| wanted.is_none() || *wanted == port;
        self.0.iter().any(|rule| match rule {
            Rule::All => true,
            Rule::Net(net, bits, wanted) => at(wanted) && address.is_some_and(|address| lies_in(address, *net, *bits)),
            Rule::Name(name, wanted) => {
                let above = host.strip_suffix(name.as_str());
                at(wanted) && address.is_none() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
        })
    }
}

impl Rule {
    fn read(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::All);
        }
        if let Some(net) = net(entry) {
            return Some(Self::Net(net.0, net.1, None));
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                // What is no port is no exception for all ports.
                (host, Some(port.parse().ok()?))
            }
            _ => (entry, None),
        };
        if let Some(net) = net(host) {
            return Some(Self::Net(net.0, net.1, port));
        }
        let name = bare(host.trim_start_matches('*').trim_start_matches('.'));
        (!name.is_empty()).then_some(Self::Name(name, port))
    }
}

/// An address, alone or with the number of bits that count.
fn net(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok().filter(|bits| *bits <= most))?;
    Some((address, bits))
}

fn lies_in(address: IpAddr, net: IpAddr, bits: u8) -> bool {
    let same = |one: u128, other: u128, width: u32| {
        let rest = width.saturating_sub(u32::from(bits));
        one.checked_shr(rest).unwrap_or_default() == other.checked_shr(rest).unwrap_or_default()
    };
    match (address, net) {
        (IpAddr::V4(one), IpAddr::V4(other)) => same(u32::from(one).into(), u32::from(other).into(), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => same(one.into(), other.into(), 128),
        _ => false,
    }
}

/// A host's name in small letters, without the brackets of an address and the dot of the root.
fn bare(host: &str) -> String {
    host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_excepted_in_every_form_that_people_write() {
        for (list, host, port, wanted) in [
            ("*", "127.0.0.1", 80, true),
            ("foo, *", "iam.amazonaws.com", 443, true),
            ("127.0.0.1", "127.0.0.1", 4566, true),
            (" 127.0.0.1 , .internal", "127.0.0.1", 80, true),
            ("127.0.0.1:4566", "127.0.0.1", 4566, true),
            ("127.0.0.1:4566", "127.0.0.1", 4567, false),
            ("127.0.0.1:145660", "127.0.0.1", 4566, false),
            ("localhost:99999", "localhost", 80, false),
            ("127.0.0.0/8", "127.9.9.9", 80, true),
            ("10.0.0.0/8:443", "10.1.1.1", 443, true),
            ("10.0.0.0/8:443", "10.1.1.1", 80, false),
            ("10.0.0.0/8", "11.0.0.1", 80, false),
            ("0.0.0.0/0", "8.8.8.8", 80, true),
            ("::1", "[::1]", 80, true),
            ("[::1]:8080", "::1", 8080, true),
            ("[::1]:8080", "::1", 8081, false),
            ("fe80::/10", "fe80::1", 80, true),
            ("fe80::/10", "10.0.0.1", 80, false),
            ("localhost", "LOCALHOST", 80, true),
            ("LOCALHOST", "localhost", 80, true),
            ("localhost:4566", "localhost", 4566, true),
            ("localhost:4566", "localhost", 443, false),
            (".example.com", "example.com", 443, true),
            (".example.com", "a.b.example.com.", 443, true),
            ("example.com", "a.example.com", 443, true),
            ("*.example.com", "a.example.com", 443, true),
            ("example.com", "notexample.com", 443, false),
            (".amazonaws.com:443", "iam.amazonaws.com", 443, true),
            ("amazonaws.com", "iam.amazonaws.com.evil.test", 443, false),
            ("a b\tc", "b", 443, true),
            ("1", "10.0.0.1", 443, false),
            (",,", "a", 443, false),
            ("", "a", 443, false),
        ] {
            assert_eq!(Without::read(list).has(host, Some(port)), wanted, "NO_PROXY={list:?} for {host}:{port}");
        }
    }
}
