//! The command line as data. Names and meanings are a contract: scripts depend on them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::domain::event::LookupKey;
use crate::domain::finding::Archived;
use crate::panes::PaneId;

/// What `bartizan` was asked to do.
#[derive(Debug, Parser)]
#[command(name = "bartizan", bin_name = "bartizan", version, about, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Without a subcommand the console opens. `bartizan --demo` needs no account and no network.\n\
    Profiles, SSO, credential_process, AWS_ENDPOINT_URL, AWS_CA_BUNDLE and proxies are read as every AWS tool reads them.")]
pub struct Arguments {
    /// Where the rows come from.
    #[command(flatten)]
    pub connection: ConnectionArguments,
    /// How the console looks.
    #[command(flatten)]
    pub console: ConsoleArguments,
    /// A job without the screen.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Which account, through which door. Valid for the console and for every subcommand.
#[derive(Debug, Clone, Default, Args)]
pub struct ConnectionArguments {
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "PROFILE", global = true)]
    pub profile: Option<String>,
    /// Regions to read, separated by commas; the first one is home
    #[arg(long, value_name = "REGION", value_delimiter = ',', global = true)]
    pub region: Vec<String>,
    /// Send every call to this address instead of AWS
    #[arg(long, value_name = "URL", global = true)]
    pub endpoint_url: Option<String>,
    /// Ask for a code of this MFA device (its ARN, or the number of a hardware device) and make the session with it
    #[arg(long, value_name = "SERIAL", global = true)]
    pub mfa_serial: Option<String>,
    /// Read this file instead of config.toml
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// The embedded AWS instead of an account: quiet, incident (where no scenario follows), huge, denied or flaky
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, default_missing_value = "incident", global = true,
        conflicts_with_all = ["profile", "endpoint_url"])]
    pub demo: Option<String>,
    /// How many times faster than real time the demo's clock runs
    #[arg(long, value_name = "N", requires = "demo", global = true)]
    pub speed: Option<f64>,
    /// Write what happens to this file (mode 0600), never to the screen
    #[arg(long, value_name = "FILE", global = true)]
    pub log: Option<PathBuf>,
    /// Say more in the log; twice for everything
    #[arg(short, long, action = clap::ArgAction::Count, requires = "log", global = true)]
    pub verbose: u8,
}

/// What only the console needs.
#[derive(Debug, Clone, Default, Args)]
pub struct ConsoleArguments {
    /// Pane to open first: users, keys, findings, trail, bastions or activity
    #[arg(long, value_name = "PANE")]
    pub pane: Option<PaneId>,
    /// Filter to start with, in the language of the `/` filter
    #[arg(long, value_name = "QUERY")]
    pub query: Option<String>,
    /// Theme, by name or as a file
    #[arg(long, value_name = "THEME")]
    pub theme: Option<String>,
    /// Keymap file, layered over the built-in keys
    #[arg(long, value_name = "KEYMAP")]
    pub keymap: Option<String>,
    /// Refuse to be armed: nothing can be changed at AWS
    #[arg(long)]
    pub read_only: bool,
    /// Report each time the console has nothing left to do, for programs that drive it
    #[arg(long, hide = true)]
    pub test_idle: bool,
    /// Break on purpose, for the tests of what happens then
    #[cfg(debug_assertions)]
    #[arg(long, hide = true, value_name = "WHERE")]
    pub test_panic: Option<TestPanic>,
    /// A file of two whole numbers: how many seconds the wall clock, and the clock that nobody can set, are ahead of the machine's
    #[cfg(debug_assertions)]
    #[arg(long, hide = true, value_name = "FILE")]
    pub test_clocks: Option<std::path::PathBuf>,
}

/// Where `--test-panic` breaks.
#[cfg(debug_assertions)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TestPanic {
    /// In the first task that reads from AWS.
    Task,
    /// In the thread that draws, at the first key.
    Ui,
}

/// The jobs without the screen.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// IAM users and root, as a table
    #[command(after_long_help = super::reference::help("users"))]
    Users(TableArguments),
    /// Access keys, as a table
    #[command(after_long_help = super::reference::help("keys"))]
    Keys(TableArguments),
    /// GuardDuty findings, as a table
    #[command(after_long_help = super::reference::help("findings"))]
    Findings(FindingArguments),
    /// CloudTrail event history, as a table
    #[command(after_long_help = super::reference::help("events"))]
    Events(EventArguments),
    /// Systems Manager nodes, as a table
    #[command(after_long_help = super::reference::help("nodes"))]
    Nodes(TableArguments),
    /// Session Manager sessions, active and past, or recordings of shells on this machine, as a table
    #[command(after_long_help = super::reference::help("sessions"))]
    Sessions(SessionArguments),
    /// Serve the embedded AWS on this machine to any AWS client
    Emulate(EmulateArguments),
    /// Rotate access keys: make a new one, prove it, retire the old one
    Rotate(Box<super::rotate::arguments::RotateArguments>),
    /// Open a Session Manager shell on a node in this terminal, or run a command there
    Shell(ShellArguments),
    /// Lead a local port to a node, or through it to another host
    Forward(ForwardArguments),
    /// What this console changed: show it, and verify that the record of it is whole
    Audit {
        /// What to do with it
        #[command(subcommand)]
        what: AuditCommand,
    },
    /// Print the key that the keyring serves for --profile, for `credential_process` of the AWS configuration
    #[command(
        after_help = "In ~/.aws/config:\n\n    [profile prod]\n    credential_process = bartizan credential-process --profile prod\n\n\
        The secret goes to standard output and nowhere else."
    )]
    CredentialProcess,
    /// Check terminal, configuration, keyring, audit log, credentials, clock, regions and permissions
    Doctor,
    /// Print the smallest IAM policy that the panes need
    IamPolicy {
        /// Only what this pane needs; may be repeated
        #[arg(long, value_name = "PANE")]
        for_pane: Vec<PaneId>,
        /// Also what the panes' changes need, for sessions with a second factor
        #[arg(long)]
        changes: bool,
    },
    /// Show or check keys
    Keymap {
        /// Print the keys in effect (what happens without --check)
        #[arg(long)]
        effective: bool,
        /// Check this file against the built-in keys
        #[arg(long, value_name = "FILE", conflicts_with = "effective")]
        check: Option<PathBuf>,
    },
    /// List, print or check themes
    #[command(group = clap::ArgGroup::new("what").required(true))]
    Theme {
        /// Name the themes
        #[arg(long, group = "what")]
        list: bool,
        /// Print a theme's file, to start one's own from
        #[arg(long, value_name = "NAME", group = "what")]
        print: Option<String>,
        /// Check a theme file
        #[arg(long, value_name = "FILE", group = "what")]
        check: Option<PathBuf>,
    },
    /// Where the configuration is, whether it is right, and what is in effect
    Config {
        /// What to do with it
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// Print a completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
}

/// What `bartizan config` does.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ConfigCommand {
    /// Print the path of the configuration file
    Path,
    /// Check the configuration file
    Check,
    /// Print every setting in effect and where it comes from
    Print,
    /// Set, change or remove the passphrase that a locked console wants; it is asked for at the terminal
    LockPassphrase {
        /// Remove it: then a locked console asks AWS alone who is there
        #[arg(long)]
        remove: bool,
    },
}

/// What `bartizan audit` does.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// Print the changes with their outcomes, newest first
    #[command(after_long_help = super::reference::help("changes"))]
    Show(AuditShowArguments),
    /// Look whether a record was changed, removed or reordered; status 1 and the first bad one if so
    Verify,
    /// After verify has found something wrong: keep the log as evidence under another name, and begin a new one
    SetAside {
        /// Why, for the first record of the new log
        #[arg(long, value_name = "REASON")]
        reason: String,
    },
}

/// Which changes.
#[derive(Debug, Clone, Default, Args)]
pub struct AuditShowArguments {
    /// How they are printed.
    #[command(flatten)]
    pub table: TableArguments,
    /// From when: an age such as 24h or 7d, or a time such as 2026-11-21T03:00:00Z (everything where not given)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
}

/// How a table is printed.
#[derive(Debug, Clone, Default, Args)]
pub struct TableArguments {
    /// Filter, in the language of the console's `/` filter: docs/filter.md
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// An array of JSON objects, a row each, with the whole record; docs/tables.md lists the members
    #[arg(long, group = "format")]
    pub json: bool,
    /// The same objects as JSON lines: one a line, with nothing around them
    #[arg(long, group = "format")]
    pub jsonl: bool,
    /// Comma-separated machine values with a header line, safe for spreadsheets
    #[arg(long, group = "format")]
    pub csv: bool,
    /// Aligned columns of plain text (what happens without --json, --jsonl and --csv)
    #[arg(long, group = "format")]
    pub plain: bool,
    /// At most this many rows
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// Which sessions.
#[derive(Debug, Clone, Default, Args)]
pub struct SessionArguments {
    /// How they are printed.
    #[command(flatten)]
    pub table: TableArguments,
    /// The recordings of shells on this machine, in place of AWS's sessions
    #[arg(long)]
    pub recordings: bool,
}

/// Which findings.
#[derive(Debug, Clone, Default, Args)]
pub struct FindingArguments {
    /// How they are printed.
    #[command(flatten)]
    pub table: TableArguments,
    /// Current findings, archived ones, or all
    #[arg(long, value_name = "WHICH", value_enum, default_value_t)]
    pub archived: ArchivedArgument,
}

/// [`Archived`] as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ArchivedArgument {
    /// Those that are not archived
    #[default]
    Current,
    /// Those that are
    Archived,
    /// Both
    All,
}

impl From<ArchivedArgument> for Archived {
    fn from(word: ArchivedArgument) -> Self {
        match word {
            ArchivedArgument::Current => Self::Current,
            ArchivedArgument::Archived => Self::Archived,
            ArchivedArgument::All => Self::All,
        }
    }
}

/// Which events.
#[derive(Debug, Clone, Default, Args)]
pub struct EventArguments {
    /// How they are printed.
    #[command(flatten)]
    pub table: TableArguments,
    /// From when: an age such as 24h or 7d, or a time such as 2026-11-21T03:00:00Z (24 hours ago where not given)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Until when, in the same forms (now where not given)
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// Let AWS search by one attribute: AccessKeyId, EventId, EventName, EventSource, ReadOnly, ResourceName, ResourceType or Username
    #[arg(long, value_name = "KEY=VALUE", value_parser = attribute)]
    pub attribute: Option<(LookupKey, String)>,
}

/// A time, or how long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So long before now.
    Ago(SignedDuration),
    /// At this time.
    At(Timestamp),
}

impl When {
    /// The time it is, seen from `now`.
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(age) => now.checked_sub(age).unwrap_or(Timestamp::MIN),
            Self::At(time) => time,
        }
    }
}

impl std::str::FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self::At(time));
        }
        if let Ok(day) = text.parse::<jiff::civil::Date>() {
            return day.to_zoned(jiff::tz::TimeZone::UTC).map(|day| Self::At(day.timestamp())).map_err(|error| error.to_string());
        }
        let span = text.trim_end_matches("ago").trim().parse::<Span>().ok();
        let age = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        age.map(|age| Self::Ago(age.abs()))
            .ok_or_else(|| "neither an age such as 90m, 24h or 7d nor a time such as 2026-11-21T03:00:00Z".into())
    }
}

fn attribute(text: &str) -> Result<(LookupKey, String), String> {
    let (word, value) = text.split_once('=').ok_or("it must be KEY=VALUE")?;
    let key = LookupKey::ALL.into_iter().find(|key| key.word().eq_ignore_ascii_case(word.trim()));
    let words = || LookupKey::ALL.map(LookupKey::word).join(", ");
    key.map(|key| (key, value.to_owned())).ok_or_else(|| format!("CloudTrail searches by {}", words()))
}

/// What the embedded AWS is and where it listens.
#[derive(Debug, Clone, Args)]
pub struct EmulateArguments {
    /// Loopback address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4599")]
    pub listen: std::net::SocketAddr,
    /// The made-up account: quiet, incident, huge, denied or flaky
    #[arg(long, value_name = "SCENARIO", default_value = "incident")]
    pub scenario: String,
    /// Serve the CloudTrail events in this file or below this folder, however they were saved
    #[arg(long, value_name = "DIR")]
    pub events: Option<PathBuf>,
    /// Serve the GuardDuty findings in this file or below this folder, however they were saved
    #[arg(long, value_name = "DIR")]
    pub findings: Option<PathBuf>,
    /// Wait this many milliseconds before each answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency: u64,
    /// Let sessions run shells and commands and reach ports of this machine, as the user who starts this
    #[arg(long)]
    pub sessions: bool,
    /// Make sessions misbehave, such as `drop=20,close=500`; may be repeated
    #[arg(long, value_name = "SPEC", requires = "sessions")]
    pub session_fault: Vec<String>,
    /// Encrypt shells and commands with this region's own KMS key
    #[arg(long, value_name = "REGION", requires = "sessions")]
    pub session_kms: Option<String>,
    /// Send sessions to wss://HOST instead of here, for clients that go to AWS's hosts only; a proxy leads them back
    #[arg(long, value_name = "HOST", requires = "sessions")]
    pub session_host: Option<String>,
    /// The version that the agent claims
    #[arg(long, value_name = "VERSION", requires = "sessions", hide = true)]
    pub agent_version: Option<String>,
    /// Let a change to keys and policies take up to this many seconds until it is in force everywhere
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub propagation: u32,
    /// How many replicas learn of a change, each after its own time
    #[arg(long, value_name = "N", default_value_t = 3, requires = "propagation", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub replicas: u32,
    /// Send every request to any replica, so that a key which has worked may be refused again
    #[arg(long, requires = "propagation")]
    pub flapping: bool,
    /// Let an attacker who has this user's credentials undo, after four seconds, what is done against the user
    #[arg(long, value_name = "USER")]
    pub attacker: Option<String>,
    /// Seed of everything made up and of every chance
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Make an operation fail, such as `iam:ListUsers=throttle,every=3`; may be repeated
    #[arg(long, value_name = "SPEC")]
    pub fault: Vec<String>,
}

/// Where a shell is opened.
#[derive(Debug, Clone, Args)]
pub struct ShellArguments {
    /// The node: i-…, mi-…, its name, or tag:KEY=VALUE
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Why, for the account's records
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
    /// Run this program instead of a shell, and end with its status. No shell reads it: for pipes and variables write sh -c '…'
    #[arg(long, value_name = "CMD")]
    pub command: Option<String>,
    /// Who carries the session: this program itself, or the installed session-manager-plugin
    #[arg(long, value_enum, value_name = "WHO", default_value_t)]
    pub via: Via,
}

/// Who carries a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Via {
    /// This program.
    #[default]
    Native,
    /// The official session-manager-plugin, where it is installed.
    Plugin,
}

/// Where a port leads.
#[derive(Debug, Clone, Args)]
pub struct ForwardArguments {
    /// The node: i-…, mi-…, its name, or tag:KEY=VALUE. Alone: the name of a forward of the configuration file
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// A port of the node, or a host and port that the node reaches; before it the local port, else a free one is taken
    #[arg(value_name = "[LOCAL:][HOST:]PORT")]
    pub ports: Option<String>,
    /// Why, for the account's records
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
    /// Carry one connection over standard input and output, as a ProxyCommand of ssh
    #[arg(long)]
    pub stdio: bool,
    /// Who carries the session: this program itself, or the installed session-manager-plugin
    #[arg(long, value_enum, value_name = "WHO", default_value_t)]
    pub via: Via,
}
