//! Which web socket addresses a client goes to: it carries a credential there.

use http::Uri;

/// The domains of AWS's partitions.
const DOMAINS: [&str; 8] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
];

/// An address that a client does not go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the session's address {host} is no Session Manager endpoint of AWS, and no other host was configured")]
pub struct Forbidden {
    host: String,
}

/// Lets Session Manager's endpoints pass, one host that the user named, and unencrypted web sockets on this machine.
pub fn check(url: &str, also: Option<&str>) -> Result<Uri, Forbidden> {
    let forbidden = || Forbidden { host: url.split('?').next().unwrap_or_default().chars().take(200).collect() };
    let uri: Uri = url.parse().map_err(|_| forbidden())?;
    let host = uri.host().ok_or_else(forbidden)?.to_ascii_lowercase();
    let passes = match uri.scheme_str() {
        Some("wss") => also.is_some_and(|also| also.eq_ignore_ascii_case(&host)) || is_session_manager(&host),
        Some("ws") => is_this_machine(&host),
        _ => false,
    };
    if passes { Ok(uri) } else { Err(forbidden()) }
}

fn is_session_manager(host: &str) -> bool {
    let is_aws = DOMAINS.iter().any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')));
    is_aws && host.split('.').any(|label| label == "ssmmessages" || label == "ssmmessages-fips")
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_session_manager_gets_the_token() {
        for good in [
            "wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/x?role=publish_subscribe",
            "wss://ssmmessages.cn-north-1.amazonaws.com.cn/v1",
            "wss://vpce-1-a.ssmmessages.us-east-1.vpce.amazonaws.com/v1",
            "ws://127.0.0.1:4599/v1/data-channel/x",
            "ws://[::1]:4599/v1",
        ] {
            assert!(check(good, None).is_ok(), "{good}");
        }
        for bad in [
            "ws://ssmmessages.eu-west-1.amazonaws.com/v1",
            "wss://ssmmessages.eu-west-1.amazonaws.com.evil.example/v1",
            "wss://evilamazonaws.com/ssmmessages",
            "wss://s3.eu-west-1.amazonaws.com/v1",
            "ws://10.0.0.1/v1",
            "https://ssmmessages.eu-west-1.amazonaws.com/v1",
            "nonsense",
        ] {
            assert!(check(bad, None).is_err(), "{bad}");
        }
        assert!(check("wss://gateway.example/v1", Some("gateway.example")).is_ok());
    }
}
