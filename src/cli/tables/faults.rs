//! What could not be read: one line for each kind of failure, however many rows it struck.

use std::io::Write;

use crate::cli::Failure;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::text::clean;

/// The failures of a run.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(Fault, usize)>);

impl Faults {
    /// Takes note of a failure.
    pub(super) fn note(&mut self, fault: Fault) {
        let same = |(known, _): &&mut (Fault, usize)| {
            known.kind == fault.kind && known.call == fault.call && known.region == fault.region
        };
        match self.0.iter_mut().find(same) {
            Some((_, times)) => *times += 1,
            None => self.0.push((fault, 1)),
        }
    }

    /// Writes all failures but the last to `err`; the last is the answer, which the caller writes.
    /// That a service is switched off in a region is worth a line, but nothing was left unread there.
    pub(super) fn end(self, err: &mut dyn Write) -> Result<(), Failure> {
        let (off, failed): (Vec<_>, Vec<_>) = self.0.iter().partition(|(fault, _)| fault.kind == FaultKind::NotEnabled);
        let written = |of: &[&(Fault, usize)]| of.iter().map(|(fault, times)| line(fault, *times)).collect::<Vec<_>>();
        let (off, mut failed) = (written(&off), written(&failed));
        let last = failed.pop();
        for line in off.iter().chain(&failed) {
            let _ = writeln!(err, "bartizan: {}", clean(line));
        }
        last.map_or(Ok(()), |last| Err(Failure::Job(last)))
    }
}

fn line(fault: &Fault, times: usize) -> String {
    if times > 1 { format!("{times} times: {fault}") } else { fault.to_string() }
}
