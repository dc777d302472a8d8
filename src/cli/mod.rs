//! The command line: one file per subcommand, and the only place where runtime, AWS and the embedded AWS meet.

pub mod arguments;
mod audit;
mod config;
mod connection;
mod console;
mod credential_process;
mod demo;
mod desk;
mod doctor;
mod emulate;
mod failure;
mod forward;
mod host;
pub mod iam_policy;
mod keymap;
mod manual;
mod output;
pub mod passphrase;
mod plugin;
pub mod reference;
pub mod rotate;
mod second_factor;
mod session;
mod shell;
pub mod tables;
mod theme;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command, SessionArguments};
pub use failure::Failure;
use tables::Ask;

use crate::runtime::{ending, log, protect};

/// Parses the arguments, does the job, and answers with the exit status.
pub fn main() -> ExitCode {
    // Before anything secret is read: every command may hold credentials.
    protect::no_core_dumps();
    protect::survive_full_files();
    if let Err(error) = ending::listen() {
        let failure = Failure::Job(format!("could not watch for signals: {error}"));
        output::say(&failure.to_string());
        return failure.status();
    }
    let arguments = match Arguments::try_parse_from(demo::bound(std::env::args_os())) {
        Ok(arguments) => arguments,
        // Help and version are errors to clap: it prints them and knows their status. Errors quote the arguments.
        Err(error) if error.use_stderr() => {
            let _unless_gone = write!(output::err(), "{}", error.render());
            return Failure::Usage(String::new()).status();
        }
        Err(help) => help.exit(),
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let text = failure.to_string();
            if !text.is_empty() {
                output::say(&text);
            }
            failure.status()
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { connection, console, command } = arguments;
    if let Some(path) = &connection.log {
        log::start(path, connection.verbose)
            .map_err(|error| Failure::Usage(format!("could not write the log {}: {error}", path.display())))?;
    }
    second_factor::refuse(&connection, command.as_ref())?;
    match command {
        None => console::run(&connection, &console),
        Some(Command::Audit { what }) => audit::run(&what, &connection),
        Some(Command::CredentialProcess) => credential_process::run(&connection),
        Some(Command::Doctor) => doctor::run(&connection, &console),
        Some(Command::IamPolicy { for_pane, changes }) => iam_policy::run(&for_pane, changes),
        Some(Command::Keymap { check: Some(path), .. }) => keymap::check(&path),
        Some(Command::Keymap { .. }) => keymap::print(&config::load(&connection, &console)?),
        Some(Command::Theme { check: Some(path), .. }) => theme::check(&path),
        Some(Command::Theme { print: Some(name), .. }) => theme::print(&name),
        Some(Command::Theme { .. }) => theme::list(),
        Some(Command::Config { what }) => config::run(what, &connection, &console),
        Some(Command::Emulate(arguments)) => emulate::run(&arguments, &connection),
        Some(Command::Completions { shell }) => manual::completions(shell),
        Some(Command::Man) => manual::man(),
        Some(Command::Users(arguments)) => tables::print(&Ask::Users(arguments), &connection, &console),
        Some(Command::Keys(arguments)) => tables::print(&Ask::Keys(arguments), &connection, &console),
        Some(Command::Findings(arguments)) => tables::print(&Ask::Findings(arguments), &connection, &console),
        Some(Command::Events(arguments)) => tables::print(&Ask::Events(arguments), &connection, &console),
        Some(Command::Nodes(arguments)) => tables::print(&Ask::Nodes(arguments), &connection, &console),
        Some(Command::Sessions(SessionArguments { table, recordings: true })) => tables::recordings(&table),
        Some(Command::Sessions(SessionArguments { table: arguments, .. })) => {
            tables::print(&Ask::Sessions(arguments), &connection, &console)
        }
        Some(Command::Rotate(arguments)) => rotate::run(&arguments, &connection, &console),
        Some(Command::Shell(arguments)) => shell::run(&arguments, &connection, &console),
        Some(Command::Forward(arguments)) => forward::run(&arguments, &connection, &console),
    }
}

/// Runs a job without the screen to its end. What still waits then (a thread for a key, a keyring, a call) goes with the process.
fn run_job<T>(job: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Job(format!("could not start: {error}")))?;
    let result = runtime.block_on(job);
    runtime.shutdown_background();
    result
}
