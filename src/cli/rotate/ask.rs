//! The door on the command line: the plan is printed, and the name typed; or `--yes`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::arguments::RotateArguments;
use crate::aws::clearance::Cleared;
use crate::cli::{Failure, output};
use crate::domain::rotation::{Command, Rotation};
use crate::kit::action::Danger;
use crate::kit::confirm::{Approved, DEBOUNCE, NotYet, Pending, Plan};
use crate::rotation::desk::PlanFor;
use crate::runtime::Steady;

/// One plan of all.
pub(super) fn together(plans: &[PlanFor]) -> Plan {
    match plans {
        [only] => only.plan.clone(),
        many => {
            let mut plan = Plan::of(format!("Rotate the keys of {} users", many.len()), Danger::TypeName, []);
            plan.calls = many.iter().flat_map(|one| one.plan.calls.clone()).collect();
            plan.typing(format!("{} users", many.len()))
        }
    }
}

/// The plan of taking rotations up again.
pub(super) fn resuming(rows: &[&Rotation]) -> Plan {
    let mut plan = Plan::of(format!("Resume {} rotation(s)", rows.len()), Danger::TypeName, []);
    for row in rows {
        plan = plan.fact(row.id.0.clone(), format!("{}: {} ({})", row.user.shown(), row.phase.word(), row.meaning(row.phase)));
    }
    let name = match rows {
        [only] => only.user.shown().into_string(),
        many => format!("{} rotations", many.len()),
    };
    plan.typing(name)
}

/// The plan of giving a rotation up.
pub(super) fn aborting(row: &Rotation) -> Plan {
    let new = row.new_key.as_ref().map_or_else(|| "there is none yet".to_owned(), |key| key.shown().into_string());
    Plan::of(format!("Give up the new key of {}", row.user.shown()), Danger::TypeName, [])
        .fact("new key, to be deleted", new)
        .fact("old key, stays", row.old_key.shown().into_string())
        .typing(row.user.shown().into_string())
}

/// Asks for the yes.
pub(super) fn approve(
    command: Command,
    mut plan: Plan,
    cleared: &Cleared,
    arguments: &RotateArguments,
) -> Result<Approved<Command>, Failure> {
    plan.wants_reason |= cleared.asks_reason();
    plan = plan.fact("account", cleared.account());
    let reason = reason(&plan, arguments)?;
    let steady = Steady::system();
    let shown = steady.now();
    let opened = if arguments.yes { shown - DEBOUNCE } else { shown };
    let must_type = plan.must_type.clone().unwrap_or_default();
    let mut pending = Pending::new(command, plan, cleared.account(), opened);
    pending.reason = reason;
    pending.typed = if arguments.yes { must_type } else { typed(&pending.plan, &must_type)? };
    pending.confirm(steady.now()).map_err(|refused| {
        let (_, why) = *refused;
        Failure::Policy(match why {
            NotYet::TooSoon => "not confirmed: the answer came before the question could be read".into(),
            NotYet::NotTyped => "not confirmed: nothing was changed".into(),
            NotYet::NoReason => NO_REASON.into(),
        })
    })
}

const NO_REASON: &str = "not confirmed: this account wants a reason, give one with --reason";

/// The reason for the audit log: that of the command line, else, where there has to be one, what is typed.
fn reason(plan: &Plan, arguments: &RotateArguments) -> Result<String, Failure> {
    let given = arguments.reason.clone().unwrap_or_default();
    if !plan.wants_reason || !given.trim().is_empty() {
        return Ok(given);
    }
    if arguments.yes || !std::io::stdin().is_terminal() {
        return Err(Failure::Policy(NO_REASON.into()));
    }
    line("This account wants a reason: ")
}

/// What the person types. Nobody at a terminal is no yes.
fn typed(plan: &Plan, must_type: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Policy("not confirmed: there is no terminal to ask on; --yes does it without asking".into()));
    }
    let mut err = output::err();
    for (name, value) in &plan.facts {
        writeln!(err, "  {name}: {value}")?;
    }
    drop(err);
    line(&format!("{}. Type {must_type} to do it: ", plan.title))
}

/// Asks for a line.
fn line(question: &str) -> Result<String, Failure> {
    let mut err = output::err();
    write!(err, "{question}")?;
    err.flush()?;
    drop(err);
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
