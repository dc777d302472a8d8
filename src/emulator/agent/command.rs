//! A command without a terminal.

use std::io::ErrorKind;
use std::process::Stdio;

use bytes::BytesMut;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::session::Voice;
use super::signals;
use super::terminal::environment;
use crate::ssm::channel::pipe::Receiver;
use crate::ssm::wire::PayloadType;
use crate::ssm::wire::payload::encode_exit_code;

/// Bytes of one read.
const READ: usize = 1024;

/// Runs a command to its end. With prefixes, its two outputs come apart, as they are made, and the exit code at the end;
/// without them everything comes together when it has ended. The words at the session's end.
pub(super) async fn run(command: &str, prefixes: Option<&(String, String)>, voice: &Voice, receiver: &mut Receiver) -> String {
    let home = match tempfile::Builder::new().prefix("bartizan-session-").tempdir() {
        Ok(home) => home,
        Err(error) => return format!("Unable to start command: {error}"),
    };
    let words = shlex::split(command).unwrap_or_default();
    let Some((program, arguments)) = words.split_first() else {
        return "Unable to start command: it is empty".to_owned();
    };
    signals::make_hearable();
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment(home.path()))
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that what it has started hears signals and ends with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    match child {
        Ok(child) => watch(child, prefixes, voice, receiver).await,
        Err(error) => {
            // In this order, and with this status, as the official agent does.
            if prefixes.is_some() {
                let _unless_ended = voice.say(PayloadType::ExitCode, encode_exit_code(1)).await;
            }
            let _unless_ended = voice.pour(PayloadType::StdErr, unstarted(program, &error).into()).await;
        }
    }
    String::new()
}

/// Why a program could not be started, in the official agent's words.
fn unstarted(program: &str, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound if program.contains('/') => format!("fork/exec {program}: no such file or directory"),
        ErrorKind::NotFound => format!("exec: {program:?}: executable file not found in $PATH"),
        ErrorKind::PermissionDenied => format!("fork/exec {program}: permission denied"),
        _ => format!("fork/exec {program}: {error}"),
    }
}

async fn watch(mut child: Child, prefixes: Option<&(String, String)>, voice: &Voice, receiver: &mut Receiver) {
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else { return };
    let Some(group) = Group::of(&child) else { return };
    let outputs = async {
        match prefixes {
            Some((out, err)) => {
                tokio::join!(pour(stdout, out, PayloadType::Output, voice), pour(stderr, err, PayloadType::StdErr, voice));
            }
            None => together(stdout, stderr, voice).await,
        }
    };
    tokio::pin!(outputs);
    loop {
        tokio::select! {
            () = &mut outputs => break,
            payload = receiver.receive() => match payload {
                None => return,
                Some((PayloadType::Output, keys)) => {
                    if let Some(keys) = voice.hear(PayloadType::Output, keys) {
                        group.typed(&keys);
                    }
                }
                Some(_) => {}
            },
        }
    }
    let Ok(status) = child.wait().await else { return };
    group.leave();
    if prefixes.is_some() {
        // As a shell has it. The official agent says −1 here, whatever the signal was.
        let code = status.code().unwrap_or_else(|| 128 + signal_of(status));
        let _unless_ended = voice.say(PayloadType::ExitCode, encode_exit_code(code)).await;
    }
}

fn signal_of(status: std::process::ExitStatus) -> i32 {
    std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or_default()
}

/// The command and whatever it has started. Dropped before the command has ended, it is killed with all of them.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Option<Self> {
        Some(Self(Some(Pid::from_raw(i32::try_from(child.id()?).ok()?)?)))
    }

    /// Ctrl-C and Ctrl-\ reach the command as signals; nothing else does.
    fn typed(&self, keys: &[u8]) {
        for key in keys {
            match key {
                0x03 => self.signal(Signal::INT),
                0x1c => self.signal(Signal::QUIT),
                _ => {}
            }
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // A command that has just ended hears nothing.
            let _unless_ended = kill_process_group(group, signal);
        }
    }

    /// The command has ended in order: what it has left running on purpose goes on.
    fn leave(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

async fn pour(mut from: impl AsyncRead + Unpin, prefix: &str, payload_type: PayloadType, voice: &Voice) {
    let mut is_first = true;
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ);
        match from.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let mut bytes = buffer.split().freeze();
                if is_first && !prefix.is_empty() {
                    bytes = [prefix.as_bytes(), &bytes].concat().into();
                }
                is_first = false;
                if voice.pour(payload_type, bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn together(mut stdout: impl AsyncRead + Unpin, mut stderr: impl AsyncRead + Unpin, voice: &Voice) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (read_out, read_err) = tokio::join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut err));
    if read_out.is_ok() && read_err.is_ok() {
        out.append(&mut err);
        let _unless_ended = voice.pour(PayloadType::Output, out.into()).await;
    }
}
