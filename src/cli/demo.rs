//! `--demo` with or without a scenario: what follows it is one only if it names one.
//!
//! clap takes any word behind an option whose value may be left out. `bartizan users --demo 'mfa=no'` has a filter there, and
//! `bartizan --demo users` a command.

use std::ffi::OsString;

use clap::CommandFactory as _;

use super::arguments::Arguments;
use crate::emulator::scenario;

/// Commands that take words of their own.
const WITH_WORDS: [&str; 11] =
    ["users", "keys", "findings", "events", "nodes", "sessions", "audit", "config", "rotate", "shell", "forward"];

/// The command line with each `--demo` bound to its scenario: the one behind it, or the first one.
pub(super) fn bound(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let clap = Arguments::command();
    let commands: Vec<String> = clap.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let takes_value = |option: &str| {
        let found = clap.get_arguments().find(|argument| argument.get_long() == option.strip_prefix("--"));
        found.is_some_and(|argument| argument.get_action().takes_values())
    };
    let mut arguments = arguments.into_iter().peekable();
    let (mut out, mut command) = (Vec::new(), None::<String>);
    while let Some(argument) = arguments.next() {
        let word = argument.to_str().unwrap_or_default();
        match word {
            "--" => {
                out.push(argument);
                out.extend(arguments);
                break;
            }
            "--demo" => {
                let name = arguments.peek().and_then(|next| next.to_str()).map(ToOwned::to_owned);
                let name = name.filter(|next| is_scenario(next, command.as_deref(), &commands));
                if name.is_some() {
                    arguments.next();
                }
                out.push(format!("--demo={}", name.as_deref().unwrap_or(scenario::NAMES[0])).into());
            }
            option if takes_value(option) => {
                out.push(argument);
                out.extend(arguments.next());
            }
            word => {
                if command.is_none() && commands.iter().any(|known| known == word) {
                    command = Some(word.to_owned());
                }
                out.push(argument);
            }
        }
    }
    out
}

/// Whether a word behind `--demo` is meant as a scenario: it is one, or almost, or nothing else could stand there.
fn is_scenario(word: &str, command: Option<&str>, commands: &[String]) -> bool {
    if word.starts_with('-') {
        return false;
    }
    let small = word.to_lowercase();
    let near = |name: &&str| strsim::damerau_levenshtein(name, &small) <= if name.len() > 5 { 2 } else { 1 };
    let is_command = command.is_none() && commands.iter().any(|known| known == word);
    let has_other_meaning = is_command || command.is_some_and(|command| WITH_WORDS.contains(&command));
    scenario::NAMES.contains(&word) || (!is_command && scenario::NAMES.iter().any(near)) || !has_other_meaning
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn read(line: &str) -> Result<(Option<String>, Vec<String>), String> {
        let words = shlex::split(line).unwrap().into_iter().map(OsString::from);
        let arguments = Arguments::try_parse_from(bound(words)).map_err(|error| error.to_string())?;
        let query = match arguments.command {
            Some(super::super::arguments::Command::Users(table)) => table.query,
            _ => Vec::new(),
        };
        Ok((arguments.connection.demo, query))
    }

    #[test]
    fn a_word_behind_demo_is_a_scenario_only_if_it_names_one() {
        for (line, demo, query) in [
            ("bartizan users --demo mfa=no", "incident", vec!["mfa=no"]),
            ("bartizan users mfa=no --demo", "incident", vec!["mfa=no"]),
            ("bartizan users --demo quiet mfa=no", "quiet", vec!["mfa=no"]),
            ("bartizan users --demo=quiet mfa=no", "quiet", vec!["mfa=no"]),
            ("bartizan users --demo ada --json", "incident", vec!["ada"]),
            ("bartizan users --demo -- --demo", "incident", vec!["--demo"]),
            ("bartizan --demo users mfa=no", "incident", vec!["mfa=no"]),
            ("bartizan --demo huge users mfa=no", "huge", vec!["mfa=no"]),
            ("bartizan --demo", "incident", vec![]),
            ("bartizan --pane users --demo flaky", "flaky", vec![]),
            ("bartizan --demo --pane users", "incident", vec![]),
            ("bartizan rotate --demo ada", "incident", vec![]),
            ("bartizan audit --demo show", "incident", vec![]),
            ("bartizan doctor --demo denied", "denied", vec![]),
        ] {
            let query = query.into_iter().map(str::to_owned).collect();
            assert_eq!(read(line), Ok((Some(demo.to_owned()), query)), "{line}");
        }
    }

    #[test]
    fn a_misspelt_scenario_stays_one_and_is_refused_later_by_its_name() {
        for line in [
            "bartizan --demo incidnet",
            "bartizan users --demo incidnet",
            "bartizan users --demo Quiet",
            "bartizan users --demo hgue",
            "bartizan --demo nonsense",
            "bartizan --pane users --demo nonsense",
            "bartizan doctor --demo nonsense",
        ] {
            let demo = read(line).unwrap().0.unwrap();
            assert!(!scenario::NAMES.contains(&demo.as_str()) && line.ends_with(&demo), "{line}: {demo}");
        }
    }
}
