//! `--via plugin`: the official session-manager-plugin, where it is installed, on a terminal of its own.
//!
//! For accounts in which our own client does not get through. The session is started, written down and ended by us; the plugin
//! only carries it. Its token goes through the environment, never through arguments, which every user of the machine can read.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use rustix::stdio::{stdin, stdout};
use rustix::termios;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use super::Failure;
use super::session::{self, Manager, Sessions, say};
use super::shell::Raw;
use crate::runtime::ending::{self, FAREWELL, Orderly};
use crate::runtime::tty;
use crate::ssm::client::filter::Filter;
use crate::ssm::client::gateway::{Gateway as _, Opened, StartRequest};
use crate::ssm::client::journal::{Entry, Note};
use crate::ssm::client::session::Opener;
use crate::ssm::wire::Version;

/// The program.
const NAME: &str = "session-manager-plugin";
/// Where its installers put it, behind the folders of `PATH`.
const FOLDERS: [&str; 3] = ["/usr/local/sessionmanagerplugin/bin", "/usr/local/bin", "/opt/homebrew/bin"];
/// The argument that says "look into the environment", and the variable's name there.
const VARIABLE: &str = "AWS_SSM_START_SESSION_RESPONSE";
/// Plugins up to this version take the token as an argument only.
const TOKEN_IN_ARGUMENTS: Version = Version::new(1, 2, 497, 0);
/// How long the plugin may take to tell its version, and what it shows last to the terminal.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the plugin may take to end when it is asked to, once and again.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Starts a session and has the plugin carry it. `has_keys` gives it this terminal's keys.
pub(super) async fn run(request: &StartRequest, sessions: &Sessions, has_keys: bool) -> Result<(), Failure> {
    let plugin = find().ok_or_else(|| {
        let folders = FOLDERS.join(", ");
        Failure::Job(format!("{NAME} is neither in PATH nor in {folders}; leave --via away to go without it"))
    })?;
    check_version(&plugin).await?;
    let mut stop = ending::orderly();
    let opener = sessions.opener();
    let opened = opener.gateway.start(request).await.map_err(|error| Failure::Job(error.to_string()))?;
    let session_id = opened.session_id.clone();
    let result = carry(&plugin, request, opened, opener, &mut stop, has_keys).await;
    let ended = tokio::time::timeout(FAREWELL, opener.gateway.terminate(&session_id)).await;
    let (note, status) = result?;
    match ended {
        Ok(Ok(())) => note.into_iter().for_each(Note::erase),
        Ok(Err(error)) => return Err(Failure::Job(format!("the session could not be ended: {error}"))),
        Err(_) => say(session::STILL_OPEN),
    }
    match status {
        // It says so, too, but its status is the same as for an end that was wanted.
        Some(0) if request.purpose.is_port() => Err(Failure::Job("the forward has ended: closed by the target or by AWS".into())),
        Some(0) | None => Ok(()),
        Some(status) => Err(Failure::Job(format!("{NAME} ended with status {status}"))),
    }
}

async fn carry(
    plugin: &PathBuf,
    request: &StartRequest,
    opened: Opened,
    opener: &Opener<Manager>,
    stop: &mut Orderly,
    has_keys: bool,
) -> Result<(Option<Note>, Option<u32>), Failure> {
    let entry = Entry::new(&opened.session_id, &request.target, opener.place.clone());
    let note = opener.journal.as_ref().map(|journal| journal.write(entry)).transpose()?;
    let pair = native_pty_system().openpty(size()).map_err(failed)?;
    let child = pair.slave.spawn_command(command(plugin, request, &opened, opener)).map_err(failed)?;
    drop(opened);
    drop(pair.slave);
    let output = pair.master.try_clone_reader().map_err(failed)?;
    let raw = if has_keys { Raw::enter() } else { None };
    if has_keys {
        let keys = pair.master.take_writer().map_err(failed)?;
        std::thread::spawn(move || copy_keys(keys));
    }
    let resizing = tokio::spawn(resize(pair.master));
    let writing = tokio::task::spawn_blocking(move || write(output));
    let status = wait(child, stop).await;
    let patience = if stop.was_told() { LAST_WORDS } else { PATIENCE };
    let _within = tokio::time::timeout(patience, writing).await;
    resizing.abort();
    drop(raw);
    Ok((note, status))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Job(format!("could not start {NAME}: {error}"))
}

/// The plugin as the AWS CLI starts it.
fn command(plugin: &PathBuf, request: &StartRequest, opened: &Opened, opener: &Opener<Manager>) -> CommandBuilder {
    let response = Zeroizing::new(
        json!({"SessionId": opened.session_id, "TokenValue": opened.token.expose_secret(), "StreamUrl": opened.stream_url})
            .to_string(),
    );
    let place = &opener.place;
    let suffix = if place.region.starts_with("cn-") { ".cn" } else { "" };
    let endpoint = place.endpoint_url.clone().unwrap_or_else(|| format!("https://ssm.{}.amazonaws.com{suffix}", place.region));
    let mut builder = CommandBuilder::new(plugin);
    builder.args([VARIABLE, &place.region, "StartSession", place.profile.as_deref().unwrap_or_default()]);
    builder.args([start_request(request), endpoint]);
    builder.env(VARIABLE, response.as_str());
    builder
}

/// The request of `StartSession`, as JSON.
fn start_request(request: &StartRequest) -> String {
    let mut members = Map::from_iter([("Target".to_owned(), json!(request.target))]);
    let parameters = request.purpose.parameters();
    members.extend(request.purpose.document().map(|document| ("DocumentName".to_owned(), json!(document))));
    members.extend((!parameters.is_empty()).then(|| ("Parameters".to_owned(), json!(parameters))));
    members.extend(request.reason.as_ref().map(|reason| ("Reason".to_owned(), json!(reason))));
    Value::Object(members).to_string()
}

fn find() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the edge: where the user's programs are")]
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(FOLDERS.map(PathBuf::from)).collect::<Vec<_>>();
    let is_program = |path: &PathBuf| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    folders.into_iter().map(|folder| folder.join(NAME)).find(is_program)
}

async fn check_version(plugin: &PathBuf) -> Result<(), Failure> {
    let asked = tokio::process::Command::new(plugin).arg("--version").kill_on_drop(true).output();
    let told = tokio::time::timeout(PATIENCE, asked).await.ok().and_then(Result::ok).map(|output| output.stdout);
    let told = String::from_utf8_lossy(&told.unwrap_or_default()).trim().to_owned();
    match told.parse::<Version>() {
        Ok(version) if version > TOKEN_IN_ARGUMENTS => Ok(()),
        Ok(version) => Err(Failure::Job(format!(
            "{NAME} {version} would show the session's token to every user of this machine; install a version above {TOKEN_IN_ARGUMENTS}"
        ))),
        Err(_) => Err(Failure::Job(format!("{} does not tell its version: {told:?}", plugin.display()))),
    }
}

/// Waits for the plugin's end; asked to stop, it gets some time for that. `None`: it was stopped, or cannot be waited for.
async fn wait(mut child: Box<dyn Child + Send + Sync>, stop: &mut Orderly) -> Option<u32> {
    let process = child.process_id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let mut killer = child.clone_killer();
    let ended = tokio::task::spawn_blocking(move || child.wait());
    tokio::pin!(ended);
    tokio::select! {
        status = &mut ended => return status.ok()?.ok().map(|status| status.exit_code()),
        _signal = stop.told() => {}
    }
    for signal in [Signal::INT, Signal::TERM] {
        // One that has just ended hears nothing.
        let _unless_ended = process.map(|process| kill_process(process, signal));
        if tokio::time::timeout(LAST_WORDS, &mut ended).await.is_ok() {
            return None;
        }
    }
    let _unless_ended = killer.kill();
    None
}

fn size() -> PtySize {
    let size = tty::size();
    PtySize { rows: size.height, cols: size.width, pixel_width: 0, pixel_height: 0 }
}

async fn resize(master: Box<dyn MasterPty + Send>) {
    let Ok(mut changes) = signal(SignalKind::window_change()) else { return std::future::pending().await };
    while changes.recv().await.is_some() {
        // A terminal that has just gone has no size.
        let _unless_gone = master.resize(size());
    }
}

fn copy_keys(mut to: Box<dyn Write + Send>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = tty::read_from(stdin(), &mut buffer) {
        if to.write_all(buffer.get(..length).unwrap_or_default()).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}

/// Writes what the plugin shows until its end. What goes to a terminal is made harmless.
fn write(mut from: Box<dyn Read + Send>) {
    let mut filter = termios::isatty(stdout()).then(Filter::default);
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = buffer.get(..length).unwrap_or_default();
        let written = match &mut filter {
            Some(filter) => tty::write_all_to(stdout(), &filter.pass(bytes)),
            None => tty::write_all_to(stdout(), bytes),
        };
        if written.is_err() {
            return;
        }
    }
    let _unless_gone = super::shell::end(stdout(), filter);
}
