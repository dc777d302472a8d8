//! What happens when the program itself breaks.
//!
//! A panic in a task that talks to AWS is one failed read: the console lives on and says so. Anywhere else it is the end: the
//! terminal is given back and one line says where it broke. The panic's own text is never shown: it may quote what must stay secret.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use super::tty::Tty;

/// Threads of this name may break without ending the console.
pub(super) const TASK_THREADS: &str = "bartizan-aws";

/// The status of a program that broke, as the standard library has it.
const BROKEN: i32 = 101;

/// Where the last task broke: told by the panic hook, asked by the runner.
#[derive(Debug, Clone, Default)]
pub(super) struct Broke(Arc<Mutex<Option<String>>>);

impl Broke {
    /// The place of the panic that was noted last.
    pub(super) fn place(&self) -> String {
        let place = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        place.unwrap_or_else(|| "an unknown place".to_owned())
    }
}

/// Puts the hook in place. It holds a copy of the terminal, to give it back.
#[expect(
    clippy::disallowed_methods,
    reason = "it writes nothing but where the program broke, and nothing else may be in order any more"
)]
pub(super) fn watch(tty: Tty) -> Broke {
    let broke = Broke::default();
    let noted = broke.clone();
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!(%place, thread = std::thread::current().name(), "panic");
        if std::thread::current().name() == Some(TASK_THREADS) {
            *noted.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
            return;
        }
        tty.leave();
        let version = env!("CARGO_PKG_VERSION");
        let _nobody_listens = writeln!(
            std::io::stderr(),
            "bartizan: broke at {place}; this is a defect of bartizan {version}: please report this line and what you did (a log helps: --log FILE -v)"
        );
        std::process::exit(BROKEN);
    }));
    broke
}
