//! The command line of `bartizan rotate`. Names and meanings are a contract: scripts depend on them.

use std::path::PathBuf;

use clap::Args;
use jiff::SignedDuration;

use crate::domain::rotation::{Choice, EscrowKey, OtherKey, parse_wait};

/// Whose keys are rotated, and how.
#[derive(Debug, Clone, Args)]
#[command(group = clap::ArgGroup::new("job").required(true).args(["users", "list", "resume", "abort"]).multiple(false))]
pub struct RotateArguments {
    /// IAM users; several make a campaign
    #[arg(value_name = "USER")]
    pub users: Vec<String>,
    /// The key to retire, where the user has two
    #[arg(long, value_name = "KEY", requires = "users")]
    pub key: Option<String>,
    /// Where the new secret goes: keyring, keyring:PROFILE, credentials:PROFILE, secretsmanager:NAME or file:PATH
    #[arg(long, value_name = "STORE", default_value = "keyring")]
    pub store: String,
    /// How long both keys stay active once the new one is in use; 0s skips the wait
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = parse_wait)]
    pub soak: SignedDuration,
    /// How long the old key stays, inactive, before it is deleted; 0s skips the wait
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = parse_wait)]
    pub observe: SignedDuration,
    /// The key is inactive, because it leaked, and stays so: make a new one, lift the policies of a containment, and delete the old key when told
    #[arg(long)]
    pub renew: bool,
    /// What becomes of a second key that the user has at the start
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    pub other: OtherArgument,
    /// Where the key is kept that encrypts the new secret on its way: keyring, or passphrase on a machine that has none (what --store
    /// file:PATH takes by itself)
    #[arg(long, value_name = "WHERE", value_enum)]
    pub escrow: Option<EscrowArgument>,
    /// How many users at the same time
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=50))]
    pub at_once: u8,
    /// Why, for the audit log
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
    /// Do it without asking
    #[arg(long)]
    pub yes: bool,
    /// List all rotations of this machine
    #[arg(long)]
    pub list: bool,
    /// Take up what was left: this rotation, or all
    #[arg(long, value_name = "ID", num_args = 0..=1)]
    pub resume: Option<Option<String>>,
    /// Answer the rotation that is resumed
    #[arg(long, value_name = "ANSWER", value_parser = choice, requires = "resume")]
    pub choose: Option<Choice>,
    /// Give the new key of this rotation up; the old one stays as it is
    #[arg(long, value_name = "ID")]
    pub abort: Option<String>,
    /// One JSON object for each step
    #[arg(long)]
    pub json: bool,
    /// Write a report to this file at the end: Markdown, or JSON if it ends in .json
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Stay through long waits instead of leaving them to `--resume`
    #[arg(long)]
    pub wait: bool,
    /// End with SIGKILL at the nth edge between two steps
    #[cfg(debug_assertions)]
    #[arg(long, value_name = "N", hide = true)]
    pub crash_at: Option<u64>,
    /// Make all waits and bounds so many times shorter
    #[cfg(debug_assertions)]
    #[arg(long, value_name = "TIMES", hide = true)]
    pub shorten: Option<u32>,
}

/// [`OtherKey`] as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum OtherArgument {
    /// Nothing: the rotation is refused and both keys are shown
    #[default]
    Stop,
    /// It is deactivated, soaked and deleted, if it is inactive or was never used
    Retire,
    /// It is the new key: its secret is in the store already
    Adopt,
}

impl From<OtherArgument> for OtherKey {
    fn from(word: OtherArgument) -> Self {
        match word {
            OtherArgument::Stop => Self::Stop,
            OtherArgument::Retire => Self::Retire,
            OtherArgument::Adopt => Self::Adopt,
        }
    }
}

/// [`EscrowKey`] as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum EscrowArgument {
    /// In the system's keyring
    Keyring,
    /// In a file under a passphrase
    Passphrase,
}

impl From<EscrowArgument> for EscrowKey {
    fn from(word: EscrowArgument) -> Self {
        match word {
            EscrowArgument::Keyring => Self::Keyring,
            EscrowArgument::Passphrase => Self::Passphrase,
        }
    }
}

fn choice(text: &str) -> Result<Choice, String> {
    const ALL: [Choice; 6] =
        [Choice::Continue, Choice::SkipWait, Choice::Reactivate, Choice::RollBack, Choice::DeleteOrphan, Choice::Abort];
    let words = || ALL.map(Choice::word).join(", ");
    ALL.into_iter().find(|choice| choice.word() == text).ok_or_else(|| format!("{text:?} is none of {}", words()))
}
