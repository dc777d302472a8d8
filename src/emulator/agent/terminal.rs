//! A real shell in a real pseudo-terminal, in a folder of its own that goes with it.

use std::io::{Read as _, Write as _};
use std::path::Path;

use bytes::{Bytes, BytesMut};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::mpsc;

use super::session::Voice;
use super::text;
use crate::ssm::channel::pipe::Receiver;
use crate::ssm::wire::{PayloadType, Size};

/// Bytes of one read, as the official agent has it.
const READ: usize = 1024;

/// The environment of shells and commands: nothing of ours but the way to programs.
pub(super) fn environment(home: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("TERM", "xterm-256color".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
        ("HOME", home.to_string_lossy().into_owned()),
        ("PS1", "$ ".to_owned()),
    ]
}

/// Runs the shell, or `sh -c` with the command, until it ends. The words at the session's end.
pub(super) async fn run(command: Option<&str>, voice: &Voice, receiver: &mut Receiver) -> String {
    match Terminal::open(command) {
        Ok(mut terminal) => {
            terminal.converse(voice, receiver).await;
            terminal.end();
            String::new()
        }
        Err(problem) => format!("Unable to start shell: {problem}"),
    }
}

struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: mpsc::Receiver<Bytes>,
    keys: mpsc::Sender<Bytes>,
    /// Removed with everything in it when the session ends.
    _home: tempfile::TempDir,
}

impl Terminal {
    fn open(command: Option<&str>) -> Result<Self, String> {
        let home = tempfile::Builder::new().prefix("bartizan-session-").tempdir().map_err(|error| error.to_string())?;
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).map_err(|error| error.to_string())?;
        let mut builder = CommandBuilder::new("sh");
        builder.args(command.map(|command| ["-c", command]).into_iter().flatten());
        builder.env_clear();
        environment(home.path()).into_iter().for_each(|(name, value)| builder.env(name, value));
        builder.cwd(home.path());
        let child = pair.slave.spawn_command(builder).map_err(|error| error.to_string())?;
        drop(pair.slave);
        let reader = pair.master.try_clone_reader().map_err(|error| error.to_string())?;
        let writer = pair.master.take_writer().map_err(|error| error.to_string())?;
        let (read, output) = mpsc::channel(16);
        let (keys, typed) = mpsc::channel(64);
        // A pseudo-terminal can only be read by waiting; both threads end when the terminal's other side is closed.
        std::thread::spawn(move || copy_out(reader, &read));
        std::thread::spawn(move || copy_in(writer, typed));
        Ok(Self { master: pair.master, child, output, keys, _home: home })
    }

    async fn converse(&mut self, voice: &Voice, receiver: &mut Receiver) {
        let mut held = BytesMut::new();
        loop {
            tokio::select! {
                output = self.output.recv() => {
                    let is_over = output.is_none();
                    held.extend_from_slice(&output.unwrap_or_default());
                    let text = if is_over { held.split().freeze() } else { text::whole(&mut held) };
                    if voice.pour(PayloadType::Output, text).await.is_err() || is_over {
                        return;
                    }
                }
                payload = receiver.receive() => match payload {
                    None => return,
                    Some((PayloadType::Output, keys)) => {
                        if let Some(keys) = voice.hear(PayloadType::Output, keys)
                            && !self.type_in(keys, voice).await
                        {
                            return;
                        }
                    }
                    Some((PayloadType::Size, size)) => self.resize(&size),
                    Some(_) => {}
                },
            }
        }
    }

    /// Gives keys to the program while its output goes on: a program that is not reading may be waiting to be read.
    async fn type_in(&mut self, keys: Bytes, voice: &Voice) -> bool {
        let sending = self.keys.send(keys);
        tokio::pin!(sending);
        loop {
            tokio::select! {
                sent = &mut sending => return sent.is_ok(),
                output = self.output.recv() => match output {
                    None => return false,
                    Some(output) => if voice.pour(PayloadType::Output, output).await.is_err() { return false },
                },
            }
        }
    }

    fn resize(&self, payload: &[u8]) {
        let Ok(size) = Size::decode(payload) else { return };
        let cells = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        let size = PtySize { rows: cells(size.rows), cols: cells(size.cols), pixel_width: 0, pixel_height: 0 };
        // A terminal that has just gone has no size.
        let _unless_gone = self.master.resize(size);
    }

    /// Ends the program if it still runs.
    fn end(mut self) {
        // One that has ended cannot be killed, and is waited for all the same.
        let _unless_ended = self.child.kill();
        std::thread::spawn(move || self.child.wait());
    }
}

fn copy_out(mut reader: Box<dyn std::io::Read + Send>, to: &mpsc::Sender<Bytes>) {
    let mut buffer = [0; READ];
    while let Ok(length) = reader.read(&mut buffer) {
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else { return };
        if to.blocking_send(Bytes::copy_from_slice(bytes)).is_err() {
            return;
        }
    }
}

fn copy_in(mut writer: Box<dyn std::io::Write + Send>, mut from: mpsc::Receiver<Bytes>) {
    while let Some(bytes) = from.blocking_recv() {
        if writer.write_all(&bytes).and_then(|()| writer.flush()).is_err() {
            return;
        }
    }
}
