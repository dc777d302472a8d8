//! The names that the stories share: accounts, people, addresses, keys. All addresses are of documentation ranges.

use jiff::{SignedDuration, Timestamp};

use crate::emulator::svc::guardduty::build::Remote;

/// The account.
pub(super) const ACCOUNT: &str = "123456789012";
/// Two member accounts of its GuardDuty.
pub(super) const MEMBERS: [(&str, &str); 2] =
    [("210987654321", "aws-staging@example.com"), ("345678901234", "aws-data@example.com")];
/// The region in which most of it happens.
pub(super) const HOME: &str = "us-east-1";
/// The other region.
pub(super) const AWAY: &str = "eu-west-1";
/// The detectors of the two regions.
pub(super) const DETECTORS: [(&str, &str); 2] = [(HOME, DETECTOR), (AWAY, DETECTOR_AWAY)];
/// The detector of [`HOME`].
pub(super) const DETECTOR: &str = "12abc34d567e8fa901bc2d34e56789f0";
/// The detector of [`AWAY`].
pub(super) const DETECTOR_AWAY: &str = "98fed76c543b2a1098fe7d65c43b21a0";

/// The developer whose key leaked.
pub(super) const VICTIM: &str = "marta.keller";
/// Her unique id.
pub(super) const VICTIM_ID: &str = "AIDACKCEVSQ6C2EXAMPLE";
/// The key that leaked.
pub(super) const LEAKED_KEY: &str = "AKIAT7LEAKEDEXAMPLE7";
/// The user that the intruder made.
pub(super) const INTRUDER: &str = "backup-svc";
/// Its unique id.
pub(super) const INTRUDER_ID: &str = "AIDAJQABLZS4A3EXAMPLE";
/// Its key: not the one of the documentation's first example, with which newcomers try out `bartizan emulate`.
pub(super) const INTRUDER_KEY: &str = "AKIAQX4EXAMPLEBACKUP";
/// The temporary key of its console session.
pub(super) const INTRUDER_CONSOLE_KEY: &str = "ASIAJEXAMPLEXEG2JICE";
/// The administrator on call, who looks at all this.
pub(super) const ON_CALL: &str = "olivia.brandt";
/// The bucket that was read.
pub(super) const BUCKET: &str = "acme-customer-exports";
/// The bastion on which the intruder opened a session.
pub(super) const BASTION: &str = "i-0b22a22eec53b9321";
/// An instance in the other region.
pub(super) const MINER: &str = "i-0f3c1d2e4b5a69788";

/// The office.
pub(super) const OFFICE: &str = "192.0.2.10";
/// The build machines.
pub(super) const BUILDERS: [&str; 3] = ["192.0.2.77", "192.0.2.78", "192.0.2.91"];

/// A Tor exit.
pub(super) const TOR: Remote = Remote {
    address: "203.0.113.66",
    country: ("NL", "Netherlands"),
    city: "Amsterdam",
    network: ("64496", "Example Onion Hosting"),
    at: (52.374, 4.8897),
};
/// The intruder's rented server.
pub(super) const RENTED: Remote = Remote {
    address: "198.51.100.23",
    country: ("MD", "Moldova"),
    city: "Chisinau",
    network: ("64511", "Example Bulletproof VPS"),
    at: (47.0056, 28.8575),
};
/// Somebody who scans the whole internet.
pub(super) const SCANNER: Remote = Remote {
    address: "198.51.100.200",
    country: ("US", "United States"),
    city: "Ann Arbor",
    network: ("64500", "Example Research Scanner"),
    at: (42.2808, -83.743),
};

/// What the intruder's tool calls itself.
pub(super) const TOOL: &str = "aws-cli/2.15.30 Python/3.11.8 Linux/6.6.9-amd64 exe/x86_64.kali.2024 prompt/off";
/// A framework for attacks.
pub(super) const FRAMEWORK: &str = "Boto3/1.34.51 md/Botocore#1.34.51 ua/2.0 os/linux#6.6.9-amd64 lang/python#3.11.8 Pacu/1.5.3";
/// A user agent that sets the title of, and clears, whatever terminal shows it unchanged.
pub(super) const BOOBY_TRAP: &str =
    "aws-cli/2.15.30 \u{1b}]0;all quiet\u{7}\u{1b}[2J\u{1b}[32mno findings\u{1b}[0m Python/3.11.8";
/// The bidirectional override that makes `nimda-kcab` read `back-admin`.
pub(super) const BIDI: &str = "\u{202e}nimda-kcab\u{202c}";
/// The reason of the intruder's session, with characters that nobody sees.
pub(super) const REASON: &str = "CHG-00412\u{200b} routine\u{2060} backup\u{feff} check";

/// A time before another, in minutes.
pub(super) fn ago(now: Timestamp, minutes: i64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_mins(minutes)).unwrap_or(now)
}

/// A time before another, in days.
pub(super) fn days(now: Timestamp, days: i64) -> Timestamp {
    ago(now, days * 24 * 60)
}
