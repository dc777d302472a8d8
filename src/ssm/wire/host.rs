//! Hosts as people and agents write them: names, and addresses in any of their forms.

use std::net::{IpAddr, Ipv4Addr};

/// The host that a node has to reach beyond itself; `None` where it is the node.
///
/// Agents from 3.3.4851.0 on refuse to connect to themselves as to another host. The document for the node's own ports does it.
#[must_use]
pub fn beyond(host: Option<&str>) -> Option<&str> {
    host.filter(|host| !is_loopback(host))
}

/// Whether a host is the machine that resolves it, as far as the text alone tells.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    match address(host) {
        Some(address) => address.is_loopback(),
        None => {
            let name = host.trim_end_matches('.').to_ascii_lowercase();
            let names = ["localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"];
            names.contains(&name.as_str()) || name.ends_with(".localhost")
        }
    }
}

/// The address that a text is, in one form: brackets, zones, IPv4 within IPv6, and what `inet_aton` takes for IPv4 (`127.1`,
/// `0x7f000001`). `None` for a name.
#[must_use]
pub fn address(host: &str) -> Option<IpAddr> {
    let bare = host.trim().trim_start_matches('[').trim_end_matches(']');
    let bare = bare.split('%').next().unwrap_or_default();
    match bare.parse::<IpAddr>() {
        Ok(address) => Some(address.to_canonical()),
        Err(_) => ipv4(bare.trim_end_matches('.')).map(IpAddr::V4),
    }
}

/// One to four numbers; the last one fills what is left.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let numbers = text.split('.').map(number).collect::<Option<Vec<u32>>>()?;
    let (last, front) = numbers.split_last()?;
    if front.len() > 3 || front.iter().any(|number| *number > 255) {
        return None;
    }
    let bits = 32 - 8 * u32::try_from(front.len()).ok()?;
    if bits < 32 && *last >> bits != 0 {
        return None;
    }
    let high = front.iter().fold(0_u32, |bits, number| bits << 8 | number);
    Some(Ipv4Addr::from(high.checked_shl(bits).unwrap_or_default() | last))
}

fn number(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    match (lower.strip_prefix("0x"), lower.strip_prefix('0')) {
        (Some(digits), _) => u32::from_str_radix(digits, 16).ok(),
        (None, Some("")) => Some(0),
        (None, Some(digits)) => u32::from_str_radix(digits, 8).ok(),
        (None, None) => lower.parse().ok(),
    }
    .filter(|_| !lower.contains('+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_known_under_all_its_names() {
        for itself in [
            "localhost",
            "LocalHost.",
            "db.localhost",
            "localhost.localdomain",
            "ip6-localhost",
            "127.0.0.1",
            "127.255.0.9",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "::1",
            "[::1]",
            "0:0:0:0:0:0:0:1",
            "::ffff:127.0.0.1",
            "::ffff:7f00:1",
            "::1%lo",
        ] {
            assert!(is_loopback(itself), "{itself}");
            assert_eq!(beyond(Some(itself)), None);
        }
        for other in [
            "db.internal",
            "localhost.example",
            "notlocalhost",
            "10.0.0.1",
            "128.0.0.1",
            "126.255.255.255",
            "169.254.169.254",
            "::2",
            "fd00::1",
            "127.0.0.1.example",
            "127.0.0.256",
            "127.0.0.0.1",
            "127.",
            "12.7.1",
            "",
        ] {
            assert!(!is_loopback(other), "{other}");
            assert_eq!(beyond(Some(other)), Some(other));
        }
        assert_eq!(beyond(None), None);
    }

    #[test]
    fn an_address_has_one_form() {
        for (text, expected) in [
            ("169.254.169.254", "169.254.169.254"),
            ("::ffff:169.254.169.254", "169.254.169.254"),
            ("0xa9fea9fe", "169.254.169.254"),
            ("2852039166", "169.254.169.254"),
            ("169.254.43518", "169.254.169.254"),
            ("0", "0.0.0.0"),
            ("FD00:EC2::254", "fd00:ec2::254"),
        ] {
            assert_eq!(address(text), Some(expected.parse().unwrap()), "{text}");
        }
        assert_eq!(["db.internal", "+1", "1.+2", "256.1.1", "0x", "08", "4294967296"].map(address), [None; 7]);
    }
}
