//! `bartizan completions` and `bartizan man`: made from the same types that parse the arguments.

use std::io::Write as _;

use clap::CommandFactory as _;

use super::arguments::Arguments;
use super::{Failure, output};

/// Prints the completion script of a shell.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "bartizan", &mut script);
    Ok(output::machine().lock().write_all(&script)?)
}

/// Prints the manual page: the program, then each subcommand.
pub(super) fn man() -> Result<(), Failure> {
    let mut command = Arguments::command();
    // Gives every subcommand its global options and its full name, `bartizan-users`.
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for subcommand in command.get_subcommands() {
        clap_mangen::Man::new(subcommand.clone()).render(&mut page)?;
    }
    Ok(output::machine().lock().write_all(&page)?)
}
