//! `bartizan shell`: a Session Manager shell in this terminal.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use bytes::Bytes;
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{self, OptionalActions, Termios};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::Failure;
use super::arguments::{ConnectionArguments, ConsoleArguments, ShellArguments, Via};
use super::session::{self, Sessions, say};
use crate::runtime::ending::{self, OnExit};
use crate::runtime::tty::{self, MEND};
use crate::ssm::client::escape::{Escapes, HELP, Wish};
use crate::ssm::client::filter::Filter;
use crate::ssm::client::gateway::{Purpose, StartRequest};
use crate::ssm::client::shell::{self as remote, Input, Output, RESIZE_PAUSE};
use crate::ssm::wire::Size;

/// How long what the target has said last may take to the terminal.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

/// Opens the shell and stays until its end.
pub(super) fn run(
    arguments: &ShellArguments,
    connection: &ConnectionArguments,
    console: &ConsoleArguments,
) -> Result<(), Failure> {
    super::run_job(stay(arguments, connection, console))
}

async fn stay(arguments: &ShellArguments, connection: &ConnectionArguments, console: &ConsoleArguments) -> Result<(), Failure> {
    let sessions = Sessions::connect("shell", arguments.reason.as_deref(), connection, console).await?;
    let request = StartRequest {
        target: sessions.find(&arguments.target).await?,
        purpose: arguments.command.clone().map_or(Purpose::Shell, Purpose::Command),
        reason: session::reason(arguments.reason.as_deref()),
    };
    if arguments.via == Via::Plugin {
        return super::plugin::run(&request, &sessions, arguments.command.is_none()).await;
    }
    let mut stop = ending::orderly();
    let session = sessions.open(&request, &mut stop).await?;
    let (closer, sender, receiver) = session.split();
    let (keys, input) = mpsc::channel(64);
    let (to_terminal, output) = mpsc::channel(64);
    // A command has no terminal, so ours stays as it is and Ctrl-C ends the job.
    let terminal = if arguments.command.is_none() { Raw::enter() } else { None };
    let wishes = read_keys(keys.clone(), terminal.is_some());
    let sizes = tokio::spawn(send_sizes(keys));
    let watching = tokio::spawn(session::watch(sender.state()));
    let writing = tokio::task::spawn_blocking(move || write(output));
    let shell = tokio::spawn(remote::run(sender, receiver, input, to_terminal));
    let is_wished = tokio::select! {
        _ended = shell => false,
        _signal = stop.told() => true,
        () = end_wished(wishes) => {
            ending::hurry(0);
            true
        }
    };
    sizes.abort();
    watching.abort();
    let closed = session::close(closer).await;
    // Whoever wants the end does not want to read on.
    let patience = if is_wished { LAST_OUTPUT / 10 } else { LAST_OUTPUT };
    let code = tokio::time::timeout(patience, writing).await.ok().and_then(Result::ok).flatten();
    drop(terminal);
    closed?;
    if !is_wished {
        sessions.finish().await;
    }
    match code {
        None | Some(0) => Ok(()),
        Some(code) => Err(Failure::Passed(u8::try_from(code & 0xff).unwrap_or(1))),
    }
}

/// Waits until the user wants to end the session; answers other wishes.
async fn end_wished(mut wishes: mpsc::Receiver<Wish>) {
    while let Some(wish) = wishes.recv().await {
        match wish {
            Wish::End => return,
            Wish::Help => say(HELP),
        }
    }
    std::future::pending().await
}

/// Reads keys in a thread of its own: standard input can only be read by waiting.
fn read_keys(keys: mpsc::Sender<Input>, is_raw: bool) -> mpsc::Receiver<Wish> {
    let (wish, wishes) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut escapes = Escapes::default();
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = tty::read_from(stdin(), &mut buffer) {
            let typed = buffer.get(..length).unwrap_or_default();
            let (remote, wanted) = if is_raw { escapes.take(typed) } else { (Bytes::copy_from_slice(typed), None) };
            if !remote.is_empty() && keys.blocking_send(Input::Keys(remote)).is_err() {
                return;
            }
            if let Some(wanted) = wanted
                && wish.blocking_send(wanted).is_err()
            {
                return;
            }
        }
    });
    wishes
}

/// Sends the terminal's size at once and whenever it has changed and stands still.
async fn send_sizes(to: mpsc::Sender<Input>) {
    let Ok(mut changes) = signal(SignalKind::window_change()) else { return };
    loop {
        if stdout_is_terminal() {
            let size = tty::size();
            let size = Size { cols: size.width.into(), rows: size.height.into() };
            if to.send(Input::Size(size)).await.is_err() {
                return;
            }
        }
        if changes.recv().await.is_none() {
            return;
        }
        tokio::time::sleep(RESIZE_PAUSE).await;
    }
}

/// Writes output until its end; the exit code of a command. What is written to a terminal is made harmless, what goes into a file
/// or a pipe is left as it is.
fn write(mut output: mpsc::Receiver<Output>) -> Option<i32> {
    let (out, err) = (stdout(), stderr());
    let mut filter = termios::isatty(out).then(Filter::default);
    let mut error_filter = termios::isatty(err).then(Filter::default);
    let mut code = None;
    while let Some(news) = output.blocking_recv() {
        let written = match news {
            Output::Terminal(bytes) => put(out, &mut filter, &bytes),
            Output::StdErr(bytes) => put(err, &mut error_filter, &bytes),
            Output::Exit(number) => {
                code = Some(number);
                Ok(())
            }
        };
        if written.is_err() {
            // Whoever read has gone; dropping the receiver ends the session.
            return code;
        }
    }
    let _unless_gone = end(out, filter).and_then(|()| end(err, error_filter));
    code
}

/// Shows what the output's end has cut.
pub(super) fn end(to: BorrowedFd<'_>, filter: Option<Filter>) -> std::io::Result<()> {
    tty::write_all_to(to, &filter.map(|mut filter| filter.end()).unwrap_or_default())
}

fn put(to: BorrowedFd<'_>, filter: &mut Option<Filter>, bytes: &Bytes) -> std::io::Result<()> {
    let bytes = filter.as_mut().map_or_else(|| bytes.clone(), |filter| filter.pass(bytes));
    tty::write_all_to(to, &bytes)
}

/// How long it may take to mend the terminal: nobody may read it any more.
const MENDING: Duration = Duration::from_millis(200);

/// The terminal in raw mode, given back as it was found on every way out.
pub(super) struct Raw {
    found: Termios,
    _on_exit: OnExit,
}

impl Raw {
    /// `None` where standard input is no terminal.
    pub(super) fn enter() -> Option<Self> {
        let found = termios::tcgetattr(stdin()).ok()?;
        let mut raw = found.clone();
        raw.make_raw();
        let undo = found.clone();
        let on_exit = ending::on_exit(move || give_back(&undo));
        termios::tcsetattr(stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Self { found, _on_exit: on_exit })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        give_back(&self.found);
    }
}

/// A terminal that has gone needs nothing back.
fn give_back(found: &Termios) {
    let _unless_gone = termios::tcsetattr(stdin(), OptionalActions::Now, found);
    if stdout_is_terminal() {
        tty::write_within(MENDING, stdout(), MEND.to_vec());
    }
}

fn stdout_is_terminal() -> bool {
    termios::isatty(stdout())
}
