//! The command line: one file per subcommand, and the only place where runtime, AWS and the embedded AWS meet.

pub mod arguments;
mod config;
mod emulate;
mod failure;
mod manual;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};
pub use failure::Failure;

/// Parses the arguments, does the job, and answers with the exit status.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and version are errors to clap: it prints them and knows their status.
        Err(error) => error.exit(),
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let text = failure.to_string();
            if !text.is_empty() {
                let _ = writeln!(std::io::stderr(), "bartizan: {text}");
            }
            failure.status()
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { connection, console, command } = arguments;
    match command {
        Some(Command::Config { what }) => config::run(what, &connection, &console),
        Some(Command::Emulate(arguments)) => emulate::run(&arguments, &connection),
        Some(Command::Completions { shell }) => manual::completions(shell),
        Some(Command::Man) => manual::man(),
        _ => Err(Failure::Job("not built in this version".into())),
    }
}
