//! Drives the built program through a pseudo-terminal: real keys in, a parsed screen out. Waits for what it expects, never for time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_bartizan");

/// After this a test has failed: generous, because machines are busy. Nothing waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// The same for a program that has a whole job to do.
pub(crate) const LONG_PATIENCE: Duration = Duration::from_secs(180);

/// What the program writes when nothing is left to do (`--test-idle`).
const IDLE: &[u8] = b"\x1b]7777;idle;";

/// The environment of every child: no account, no network, a home of its own.
pub(crate) fn environment(home: &Path) -> Vec<(String, String)> {
    crate::needs::has_to_end();
    let home = home.display().to_string();
    [
        ("HOME", home.as_str()),
        ("PATH", "/usr/bin:/bin"),
        ("TERM", "xterm-256color"),
        ("COLORTERM", "truecolor"),
        ("LANG", "C.UTF-8"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        // Nobody's real keyring.
        ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// The environment of an account that only an embedded AWS knows.
pub(crate) fn credentials() -> Vec<(String, String)> {
    [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_REGION", "us-east-1"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// How the program is started.
pub(crate) struct Start<'a> {
    pub(crate) program: &'a str,
    pub(crate) arguments: &'a [&'a str],
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) columns: u16,
    pub(crate) lines: u16,
}

impl<'a> Start<'a> {
    /// 80×24, an empty home, no account.
    pub(crate) fn new(home: &Path, arguments: &'a [&'a str]) -> Self {
        Self { program: PROGRAM, arguments, environment: environment(home), columns: 80, lines: 24 }
    }

    pub(crate) fn size(mut self, columns: u16, lines: u16) -> Self {
        (self.columns, self.lines) = (columns, lines);
        self
    }

    pub(crate) fn with(mut self, more: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, value) in more {
            self.environment.retain(|(known, _)| *known != name);
            self.environment.push((name, value));
        }
        self
    }

    pub(crate) fn run(self) -> Terminal {
        Terminal::start(self)
    }
}

/// A program in a pseudo-terminal.
pub(crate) struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn std::io::Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    chunks: Receiver<(Instant, Vec<u8>)>,
    screen: vt100::Parser,
    written: Vec<u8>,
    idle_seen: usize,
    attributes: String,
    closing: Arc<AtomicBool>,
}

impl Terminal {
    fn start(start: Start<'_>) -> Self {
        let size = PtySize { rows: start.lines, cols: start.columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let attributes = format!("{:?}", pair.master.get_termios().unwrap());
        let mut command = CommandBuilder::new(start.program);
        command.env_clear();
        for (name, value) in &start.environment {
            command.env(name, value);
        }
        command.args(start.arguments);
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, chunks) = channel();
        let slave = pair.slave;
        let closing = Arc::new(AtomicBool::new(false));
        let closed = Arc::clone(&closing);
        std::thread::spawn(move || {
            // The other side stays open here, so that the last bytes of a program that has ended are not lost.
            let _slave = slave;
            let mut bytes = [0_u8; 65536];
            while let Ok(read) = reader.read(&mut bytes) {
                if read == 0 || closed.load(Ordering::SeqCst) || sender.send((Instant::now(), bytes[..read].to_vec())).is_err() {
                    break;
                }
            }
        });
        Self {
            keys: Some(pair.master.take_writer().unwrap()),
            master: Some(pair.master),
            child,
            chunks,
            screen: vt100::Parser::new(non_zero(start.lines), non_zero(start.columns), 0),
            written: Vec::new(),
            idle_seen: 0,
            attributes,
            closing,
        }
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        let writer = self.keys.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
        self
    }

    /// Types, and waits until everything that follows from it is done and drawn.
    pub(crate) fn type_and_settle(&mut self, keys: &str) -> &mut Self {
        self.keys(keys).settle()
    }

    /// Waits for the program to say once more that nothing is left to do.
    #[track_caller]
    pub(crate) fn settle(&mut self) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = find(&self.written[self.idle_seen..], IDLE) {
                self.idle_seen += at + IDLE.len();
                return self;
            }
            self.receive(deadline, "the program to have nothing left to do");
        }
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> &mut Self {
        self.until_screen(text, |screen| screen.contains(text))
    }

    /// Waits until the screen no longer shows a text.
    #[track_caller]
    pub(crate) fn until_gone(&mut self, text: &str) -> &mut Self {
        self.until_screen(&format!("{text:?} to go"), |screen| !screen.contains(text))
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub(crate) fn until_screen(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(&self.text()) {
            self.receive(deadline, what);
        }
        self
    }

    /// Waits until the bytes written so far hold these.
    #[track_caller]
    pub(crate) fn until_written(&mut self, bytes: &[u8]) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        while find(&self.written, bytes).is_none() {
            self.receive(deadline, &format!("the bytes {:?}", String::from_utf8_lossy(bytes)));
        }
        self
    }

    #[track_caller]
    fn receive(&mut self, deadline: Instant, what: &str) {
        loop {
            match self.chunks.recv_timeout(Duration::from_millis(200)) {
                Ok((_, chunk)) => return self.take(&chunk),
                // Nothing has come for a while: that is all right as long as the program lives and we are patient.
                Err(_) if Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) => {}
                Err(_) => panic!("waited in vain for {what}; ended: {:?}; the screen:\n{}", self.child.try_wait(), self.text()),
            }
        }
    }

    fn take(&mut self, chunk: &[u8]) {
        self.written.extend_from_slice(chunk);
        self.screen.process(chunk);
    }

    /// Takes what has arrived, without waiting.
    pub(crate) fn catch_up(&mut self) -> &mut Self {
        while let Ok((_, chunk)) = self.chunks.try_recv() {
            self.take(&chunk);
        }
        self
    }

    /// What arrives within a time, which is the thing measured here and not waited for.
    pub(crate) fn arrives_within(&mut self, time: Duration) -> Vec<u8> {
        let deadline = Instant::now() + time;
        let before = self.written.len();
        while let Ok((_, chunk)) = self.chunks.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.take(&chunk);
        }
        self.written[before..].to_vec()
    }

    /// The screen's text.
    pub(crate) fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// The parsed screen.
    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// Every byte written so far.
    pub(crate) fn written(&self) -> &[u8] {
        &self.written
    }

    /// Changes the size of the window.
    pub(crate) fn resize(&mut self, columns: u16, lines: u16) -> &mut Self {
        self.catch_up();
        self.screen.screen_mut().set_size(non_zero(lines), non_zero(columns));
        let size = PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
        self
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Closes the terminal, as when its window is closed.
    pub(crate) fn close(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        // The reader holds the terminal open until something arrives: a new size makes the program paint.
        let size = PtySize { rows: 23, cols: 79, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
        self.keys = None;
        self.master = None;
    }

    /// Waits for the program's end. Answers with its status.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                while let Ok((_, chunk)) = self.chunks.recv_timeout(Duration::from_millis(50)) {
                    self.take(&chunk);
                }
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "the program does not end; the screen:\n{}", self.text());
            if let Ok((_, chunk)) = self.chunks.recv_timeout(Duration::from_millis(20)) {
                self.take(&chunk);
            }
        }
    }

    /// Asserts that the terminal is as it was found: attributes, screen, cursor, paste.
    #[track_caller]
    pub(crate) fn assert_as_found(&mut self) {
        self.catch_up();
        let attributes = format!("{:?}", self.master.as_ref().unwrap().get_termios().unwrap());
        assert_eq!(attributes, self.attributes, "the terminal's attributes");
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is still reported");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _ = self.child.wait();
    }
}

fn non_zero(length: u16) -> NonZeroU16 {
    NonZeroU16::new(length).unwrap()
}

fn find(all: &[u8], part: &[u8]) -> Option<usize> {
    all.windows(part.len()).position(|window| window == part)
}

/// A program that does not outlive its test, however that ends.
pub(crate) struct Running(pub(crate) std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An embedded AWS in a process of its own.
pub(crate) struct Emulated {
    _child: Running,
    /// Where it listens.
    pub(crate) url: String,
}

impl Emulated {
    pub(crate) fn start(home: &Path, arguments: &[&str]) -> Self {
        let child = Command::new(PROGRAM)
            .args(["emulate", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_clear()
            .envs(environment(home))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut child = Running(child);
        let mut out = BufReader::new(child.0.stdout.take().unwrap());
        // It ends, or says where it listens: `has_to_end` bounds the rest.
        out.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("one line that says where it listens").to_owned();
        Self { _child: child, url }
    }
}

/// Runs a program that reads nothing to its end, which has to come in time.
pub(crate) fn finished(command: &mut Command) -> Output {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    ended(child, &format!("{command:?}"))
}

/// What comes out of a pipe, read by a thread that may wait for ever.
struct Reading(Arc<Mutex<Vec<u8>>>, JoinHandle<()>);

impl Reading {
    fn of(from: Option<impl std::io::Read + Send + 'static>) -> Self {
        let all = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&all);
        let thread = std::thread::spawn(move || {
            let Some(mut from) = from else { return };
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut piece) {
                to.lock().unwrap().extend(&piece[..length]);
            }
        });
        Self(all, thread)
    }

    fn has_ended(&self) -> bool {
        self.1.is_finished()
    }

    fn all(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

/// What a program has written by its end, which has to come in time.
pub(crate) fn ended(mut child: std::process::Child, name: &str) -> Output {
    let (out, error) = (Reading::of(child.stdout.take()), Reading::of(child.stderr.take()));
    let (begun, mut status) = (Instant::now(), None);
    while begun.elapsed() < LONG_PATIENCE {
        status = status.or(child.try_wait().unwrap());
        // Whoever it has started may hold its output open.
        if let (Some(status), true) = (status, out.has_ended() && error.has_ended()) {
            return Output { status, stdout: out.all(), stderr: error.all() };
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    let _ = child.wait();
    let said = [out.all(), error.all()].concat();
    panic!("{name} has not ended within {LONG_PATIENCE:?} (status {status:?}); it said: {}", String::from_utf8_lossy(&said));
}

/// Runs the program without a terminal: status, standard output, standard error.
pub(crate) fn without_terminal(environment: &[(String, String)], arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env_clear().envs(environment.iter().cloned());
    let output = finished(&mut command);
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}
