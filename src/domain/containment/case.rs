//! A containment, or its undoing, as far as it has come. It is kept on disk: what earlier versions wrote must still be read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Access, Containment};
use crate::domain::change::Change;
use crate::domain::fault::{Fault, FaultKind, Own};
use crate::domain::text::{Untrusted, clean};

/// A containment, or its undoing, as far as it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// What is done.
    pub containment: Containment,
    /// When it was approved.
    pub begun: Timestamp,
    /// How each step went; `None`: not made yet.
    pub steps: Vec<Option<(Timestamp, Result<(), Fault>)>>,
    /// What was seen later.
    pub checks: Vec<(u64, Timestamp, Result<Vec<String>, Fault>)>,
}

/// What a look at a containment comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is as it was left.
    Holding,
    /// It never was whole: steps that were not made are all that is missing.
    NotWhole,
    /// Somebody has undone something.
    Reverted,
}

/// How a sentence about something ends that was never done.
const NEVER: &str = ": its step is not known to have been made";

impl Seen {
    /// What these sentences come to.
    pub fn of(sentences: &[String]) -> Self {
        match sentences {
            [] => Self::Holding,
            some if some.iter().all(|sentence| sentence.ends_with(NEVER)) => Self::NotWhole,
            _ => Self::Reverted,
        }
    }

    /// The word that stands before the time.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holding => "holding",
            Self::NotWhole => "NOT WHOLE",
            Self::Reverted => "REVERTED",
        }
    }
}

impl Case {
    /// One of which nothing has been done yet.
    pub fn begun(containment: Containment, at: Timestamp) -> Self {
        let steps = vec![None; containment.steps().len()];
        Self { containment, begun: at, steps, checks: Vec::new() }
    }

    /// When the last step was made; `None`: not all are.
    pub fn ended(&self) -> Option<Timestamp> {
        let times: Option<Vec<Timestamp>> = self.steps.iter().map(|step| step.as_ref().map(|(at, _)| *at)).collect();
        Some(times?.into_iter().max().unwrap_or(self.begun))
    }

    /// Whether steps are still to be made.
    pub fn is_open(&self) -> bool {
        self.steps.iter().any(Option::is_none)
    }

    /// Whether every step was made, and none is of unknown fate.
    pub fn is_whole(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Some((_, Ok(())))))
    }

    /// Whether the user can still be released by it: it is a containment, or a release that did not come to its end.
    pub fn can_be_released(&self) -> bool {
        !self.containment.release || !self.is_whole()
    }

    /// A console that ended between two steps leaves them of unknown fate. Which ones.
    pub fn interrupt(&mut self) -> Vec<usize> {
        let begun = self.begun;
        let mut unknown = Vec::new();
        for (number, slot) in self.steps.iter_mut().enumerate() {
            let (_, result) = slot.get_or_insert_with(|| {
                let words = "the console ended before it was known whether this was done";
                (begun, Err(Fault::own(Own::Interrupted, words, begun)))
            });
            if let Err(fault) = result {
                renew(fault);
                if fault.leaves_unknown() {
                    unknown.push(number);
                }
            }
        }
        unknown
    }

    /// What is not as it should be: [`Containment::reverted`], but what was never done was not undone by anybody.
    pub fn compare(&self, now: &Access) -> Vec<String> {
        let steps = self.containment.steps();
        let missed = |sentence: &str| {
            let is_missing = |made: &Option<_>| !matches!(made, Some((_, Ok(()))));
            steps.iter().zip(&self.steps).any(|(step, made)| is_missing(made) && is_about(step, sentence))
        };
        let reverted = self.containment.reverted(now).into_iter();
        reverted.map(|sentence| if missed(&sentence) { format!("{sentence}{NEVER}") } else { sentence }).collect()
    }

    /// The sum of its steps, where not all were made.
    pub fn shortfall(&self) -> Option<String> {
        let (mut done, mut not, mut unknown) = (0_usize, Vec::new(), Vec::new());
        for (change, step) in self.containment.steps().iter().zip(&self.steps) {
            match step {
                Some((_, Ok(()))) => done += 1,
                Some((_, Err(fault))) if fault.leaves_unknown() => unknown.push(what(change)),
                Some((_, Err(fault))) => not.push(format!("{} ({})", what(change), fault.title())),
                None => not.push(what(change)),
            }
        }
        let part = |words: &str, which: Vec<String>| match which.is_empty() {
            true => String::new(),
            false => format!("; {words}: {}", which.join(", ")),
        };
        let rest = part("outcome unknown", unknown) + &part("not done", not);
        (!rest.is_empty()).then(|| format!("{done} of {} steps done{rest}", self.steps.len()))
    }

    /// Whether any step is of unknown fate.
    pub fn has_unknown(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Some((_, Err(fault))) if fault.leaves_unknown()))
    }
}

fn what(change: &Change) -> String {
    format!("{} {}", change.call().1, clean(&change.object()))
}

/// Whether a sentence of [`Containment::reverted`] is about what this step does.
fn is_about(step: &Change, sentence: &str) -> bool {
    let names = |id: &Untrusted| sentence.contains(id.shown_within(96).as_str());
    match step {
        Change::SetKeyStatus { key, .. } => sentence.starts_with("the key ") && sentence.contains(key.shown_within(40).as_str()),
        Change::PutPolicy { policy, .. } => sentence.starts_with("the policy ") && sentence.contains(policy.as_str()),
        Change::TerminateSession { session, .. } => sentence.starts_with("the SSM session ") && names(session),
        Change::DeleteLoginProfile { .. } => sentence.contains("password"),
        _ => false,
    }
}

/// Earlier versions wrote our own decisions down as if AWS had refused.
fn renew(fault: &mut Fault) {
    let own = match &fault.kind {
        FaultKind::Refused { code } if code == "Interrupted" => Own::Interrupted,
        FaultKind::Refused { code } if code == "ReadOnly" => Own::NotSent,
        _ => return,
    };
    fault.kind = FaultKind::Own { own };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::change::DENY_ALL;

    fn case() -> Case {
        let before = Access {
            user: "ada".into(),
            keys: [(Untrusted::new("AKIAONE"), true)].into(),
            ours: Default::default(),
            password: false,
            sessions: None,
        };
        Case::begun(Containment::of(before, Timestamp::UNIX_EPOCH), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_was_never_done_was_not_reverted_by_anybody() {
        let mut case = case();
        let denied = Fault { kind: FaultKind::Denied { action: "iam:PutUserPolicy".into() }, ..lost() };
        case.steps = vec![Some((Timestamp::UNIX_EPOCH, Ok(()))); 3];
        case.steps[1] = Some((Timestamp::UNIX_EPOCH, Err(denied)));
        let [deny, revoke] = case.containment.documents();
        let mut now = case.containment.before.clone();
        now.keys.insert("AKIAONE".into(), false);
        now.ours.insert(revoke.0.into(), revoke.1);
        let said = case.compare(&now);
        assert_eq!(said, [format!("the policy {DENY_ALL} is gone{NEVER}")]);
        assert_eq!(Seen::of(&said), Seen::NotWhole);
        now.keys.insert("AKIAONE".into(), true);
        assert_eq!(Seen::of(&case.compare(&now)), Seen::Reverted);
        now.keys.insert("AKIAONE".into(), false);
        now.ours.insert(deny.0.into(), deny.1);
        assert_eq!(Seen::of(&case.compare(&now)), Seen::Holding);
    }

    #[test]
    fn how_far_it_has_come_is_counted_by_its_steps() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let mut case = case();
        assert!(case.is_open() && !case.is_whole() && case.ended().is_none() && !case.has_unknown());
        case.steps = vec![Some((at(1), Ok(()))), Some((at(9), Ok(()))), Some((at(5), Ok(())))];
        assert!(!case.is_open() && case.is_whole() && case.ended() == Some(at(9)) && case.interrupt().is_empty());
        // A release that is whole is all that there is to be done; a containment can always be undone.
        assert!(case.can_be_released());
        let mut release = Case { containment: case.containment.undo(), ..case.clone() };
        assert!(!release.can_be_released());
        release.steps[2] = Some((at(5), Err(lost())));
        assert!(release.can_be_released() && !release.is_whole() && !release.is_open() && release.has_unknown());
        assert_eq!(release.interrupt(), [2]);
        release.steps[2] = None;
        assert!(release.can_be_released() && release.ended().is_none());
    }

    fn lost() -> Fault {
        Fault::own(Own::Interrupted, "lost", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_step_of_unknown_fate_is_never_summed_up_as_not_done() {
        let mut case = case();
        assert!(case.interrupt().len() == 3 && case.has_unknown());
        let words = case.shortfall().unwrap();
        assert!(words.starts_with("0 of 3 steps done; outcome unknown: UpdateAccessKey ada/AKIAONE"), "{words}");
        assert!(!words.contains("not done"), "{words}");
        case.steps = vec![Some((Timestamp::UNIX_EPOCH, Ok(()))); 3];
        assert!(case.shortfall().is_none() && case.is_whole());
        case.steps[0] = None;
        assert_eq!(case.shortfall().unwrap(), "2 of 3 steps done; not done: UpdateAccessKey ada/AKIAONE");
    }
}
