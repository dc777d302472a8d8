//! Whatever it does or waits for, the program ends within a second of being told to, and gives the terminal back.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::harness::{Emulated, PROGRAM, Start, credentials, environment};

/// A second, and what a busy machine needs to notice it. What waited for something without an end took a minute or for ever.
const SOON: Duration = Duration::from_secs(3);
/// How long anything may take to get to where it is told to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// A bastion of the quiet scenario.
const TARGET: &str = "i-0c55b159cbfafe1f0";

/// An AWS of an attacker. Each request begins with what it answers, and never ends.
fn endless(first: &'static [u8], then: &'static [u8]) -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, is_asked) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let asked = asked.clone();
            std::thread::spawn(move || {
                let mut request = [0; 1024];
                if stream.read(&mut request).is_err() || stream.write_all(first).is_err() {
                    return;
                }
                let _the_test_is_over = asked.send(());
                while stream.write_all(then).is_ok() {
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        }
    });
    (url, is_asked)
}

/// An AWS that takes requests and never answers.
fn silent() -> (String, Receiver<()>) {
    endless(b"", b"")
}

fn spawn(home: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env_clear().envs(environment(home)).envs(credentials());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(id: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &id.to_string()]).status().unwrap().success());
}

/// Waits until it ends, and says how; `what` it was doing.
#[track_caller]
fn ends_soon<T>(what: &str, mut ended: impl FnMut() -> Option<T>) -> T {
    let told = Instant::now();
    loop {
        match ended() {
            Some(status) => return status,
            None => assert!(told.elapsed() < SOON, "{what}: still there after {SOON:?}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn every_command_that_waits_for_aws_ends_by_a_signal() {
    let slow: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 60000000\r\n\r\n<GetCallerIdentityResponse>";
    let commands: [&[&str]; 10] = [
        &["users"],
        &["keys"],
        &["findings"],
        &["events"],
        &["nodes"],
        &["sessions"],
        &["doctor"],
        &["rotate", "ada", "--yes"],
        &["shell", TARGET],
        &["forward", TARGET, "22"],
    ];
    let ways = [("INT", 130), ("TERM", 143), ("HUP", 129), ("QUIT", 131)];
    for (number, command) in commands.into_iter().enumerate() {
        let home = tempfile::tempdir().unwrap();
        let (url, is_asked) = if number % 2 == 0 { silent() } else { endless(slow, b"<!-- -->") };
        let (name, status) = ways[number % ways.len()];
        let arguments = [&["--endpoint-url", &url], command].concat();
        let mut child = spawn(home.path(), &arguments);
        is_asked.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{command:?} asked for nothing"));
        signal(child.id(), name);
        let ended = ends_soon(&format!("{command:?} {name}"), || child.try_wait().unwrap());
        assert_eq!(ended.code(), Some(status), "{command:?} {name}");
    }
}

#[test]
fn a_table_that_nobody_reads_ends_by_a_signal() {
    let home = tempfile::tempdir().unwrap();
    let mut child = spawn(home.path(), &["--demo", "incident", "events", "--json", "--limit", "2000"]);
    let mut first = [0; 1];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    signal(child.id(), "INT");
    assert_eq!(ends_soon("a table into a full pipe", || child.try_wait().unwrap()).code(), Some(130));
}

#[test]
fn whoever_starts_it_with_nohup_keeps_it_after_a_hangup() {
    let home = tempfile::tempdir().unwrap();
    let (url, is_asked) = silent();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh", PROGRAM, "--endpoint-url", &url, "users"]);
    command.env_clear().envs(environment(home.path())).envs(credentials()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    is_asked.recv_timeout(PATIENCE).unwrap();
    signal(child.id(), "HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(child.try_wait().unwrap(), None);
    signal(child.id(), "TERM");
    assert_eq!(ends_soon("nohup", || child.try_wait().unwrap()).code(), Some(143));
}

/// A program on a terminal that nobody reads, as after Ctrl-S or behind an `ssh` that was stopped.
struct Unread {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    keys: Box<dyn std::io::Write + Send>,
    master: Box<dyn MasterPty + Send>,
    /// The other side stays open here: what a program sees of a terminal does not depend on when it ends.
    _slave: Box<dyn portable_pty::SlavePty + Send>,
}

impl Unread {
    fn start(home: &Path, arguments: &[&str], more: &[(String, String)]) -> Self {
        let size = PtySize { rows: 300, cols: 400, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(PROGRAM);
        command.env_clear();
        for (name, value) in environment(home).iter().chain(&credentials()).chain(more) {
            command.env(name, value);
        }
        command.args(arguments);
        let child = pair.slave.spawn_command(command).unwrap();
        Self { child, keys: pair.master.take_writer().unwrap(), master: pair.master, _slave: pair.slave }
    }

    fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until the program has written as much as fits: it sleeps in a write, or has something to write and cannot.
    fn fill(&mut self, keys: &str) {
        let begun = Instant::now();
        let mut full = 0;
        while full < 20 {
            assert!(begun.elapsed() < PATIENCE, "the terminal does not become full");
            self.keys(keys);
            std::thread::sleep(Duration::from_millis(20));
            full = if self.is_full() { full + 1 } else { 0 };
        }
    }

    /// Whether nothing more can be written to the terminal.
    fn is_full(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let name = self.master.tty_name().unwrap();
        let terminal = std::fs::File::options().write(true).open(name).unwrap();
        let mut polled = [PollFd::new(&terminal, PollFlags::OUT)];
        poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 0
    }

    #[track_caller]
    fn ends_soon(&mut self, what: &str) -> u32 {
        ends_soon(what, || self.child.try_wait().unwrap()).exit_code()
    }

    fn is_given_back(&self) -> bool {
        let attributes = format!("{:?}", self.master.get_termios().unwrap());
        attributes.contains("ECHO") && attributes.contains("ICANON")
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let _it_has_ended = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_console_ends_on_a_terminal_that_nobody_reads() {
    let home = tempfile::tempdir().unwrap();
    for (keys, name, status) in [("q", "", 0), ("\x03\x03", "", 0), ("", "TERM", 143), ("", "HUP", 129), ("", "INT", 130)] {
        let mut console = Unread::start(home.path(), &["--demo", "incident"], &[]);
        // A frame of this size does not fit; each of these keys wants another one.
        console.fill("\x0c");
        match name {
            "" => console.keys(keys),
            name => signal(console.child.process_id().unwrap(), name),
        }
        assert_eq!(console.ends_soon(&format!("{keys:?} {name}")), status, "{keys:?} {name}");
        assert!(console.is_given_back(), "{keys:?} {name}");
    }
}

#[test]
fn a_shell_ends_on_a_terminal_that_nobody_reads() {
    let home = tempfile::tempdir().unwrap();
    let world = Emulated::start(home.path(), &["--scenario", "quiet", "--sessions"]);
    for (keys, name) in [("\r~.", ""), ("", "TERM"), ("", "HUP")] {
        let mut shell = Unread::start(home.path(), &["--endpoint-url", &world.url, "shell", TARGET], &[]);
        let begun = Instant::now();
        while shell.is_given_back() {
            assert!(begun.elapsed() < PATIENCE, "no session");
            std::thread::sleep(Duration::from_millis(20));
        }
        shell.keys("yes\r");
        shell.fill("");
        match name {
            "" => shell.keys(keys),
            name => signal(shell.child.process_id().unwrap(), name),
        }
        let status = shell.ends_soon(&format!("{keys:?} {name}"));
        assert!(status == 0 || status > 128, "{status}");
        assert!(shell.is_given_back(), "{keys:?} {name}");
    }
}

#[test]
fn a_plugin_that_does_not_want_to_end_is_ended() {
    let home = tempfile::tempdir().unwrap();
    let world = Emulated::start(home.path(), &["--scenario", "quiet", "--sessions"]);
    let folder = home.path().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 1.2.764.0 && exit 0\ntrap '' INT TERM HUP\necho carries\nwhile :; do sleep 1; done\n";
    let path = folder.join("session-manager-plugin");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let arguments = ["--endpoint-url", &world.url, "shell", TARGET, "--via", "plugin"];
    let path = [("PATH".to_owned(), format!("{}:/usr/bin:/bin", folder.display()))];
    let mut terminal = Start::new(home.path(), &arguments).with(credentials()).with(path).run();
    terminal.until("carries").signal("TERM");
    let told = Instant::now();
    let status = terminal.ended();
    assert!(told.elapsed() < SOON, "{:?}", told.elapsed());
    assert!(status == 0 || status == 143, "{status}");
    terminal.assert_as_found();
}

#[test]
fn a_prompt_for_a_code_ends_by_a_key_and_what_is_typed_is_shown_again() {
    let home = tempfile::tempdir().unwrap();
    for (key, name, status) in [("\x03", "", 130), ("", "TERM", 143), ("", "HUP", 129)] {
        let arguments = ["--mfa-serial", "arn:aws:iam::123456789012:mfa/ada", "users"];
        let mut terminal = Start::new(home.path(), &arguments).with(credentials()).run();
        terminal.until("MFA code of");
        match name {
            "" => drop(terminal.keys(key)),
            name => terminal.signal(name),
        }
        let told = Instant::now();
        assert_eq!(terminal.ended(), status, "{key:?} {name}");
        assert!(told.elapsed() < SOON, "{:?}", told.elapsed());
        terminal.assert_as_found();
    }
}

#[test]
fn a_paste_without_an_end_takes_no_key_away_for_good() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Start::new(home.path(), &["--demo", "quiet", "--test-idle"]).run();
    terminal.settle().keys("\x1b[200~and so on").arrives_within(Duration::from_millis(600));
    terminal.keys("\x03").until("once more to quit");
    assert_eq!(terminal.keys("q").ended(), 0);
    terminal.assert_as_found();
}

#[test]
fn a_console_whose_aws_does_not_answer_ends() {
    let home = tempfile::tempdir().unwrap();
    for (name, status) in [("TERM", 143), ("HUP", 129)] {
        let (url, is_asked) = silent();
        let mut terminal = Start::new(home.path(), &["--endpoint-url", &url]).with(credentials()).run();
        is_asked.recv_timeout(PATIENCE).unwrap();
        terminal.signal(name);
        let told = Instant::now();
        assert_eq!(terminal.ended(), status);
        assert!(told.elapsed() < SOON, "{:?}", told.elapsed());
        terminal.assert_as_found();
    }
}

/// A session of an earlier run whose AWS never answers: nobody waits for its end, neither at the start nor behind it.
#[test]
fn what_an_earlier_run_left_open_holds_up_no_start() {
    let home = tempfile::tempdir().unwrap();
    let world = Emulated::start(home.path(), &["--scenario", "quiet", "--sessions"]);
    let (url, is_asked) = silent();
    let folder = home.path().join(".local/state/bartizan/sessions");
    std::fs::create_dir_all(&folder).unwrap();
    let place = format!(r#"{{"region":"us-east-1","profile":null,"endpoint_url":"{url}","account":"123456789012"}}"#);
    let note = format!(r#"{{"session_id":"ada-01","target":"{TARGET}","place":{place}}}"#);
    std::fs::write(folder.join("ada-01.json"), note).unwrap();
    let arguments = ["--endpoint-url", &world.url, "shell", TARGET, "--command", "echo next"];
    let mut child = spawn(home.path(), &arguments);
    let mut out = String::new();
    let mut stdout = child.stdout.take().unwrap();
    let (sender, said) = channel();
    std::thread::spawn(move || {
        stdout.read_to_string(&mut out).unwrap();
        let _the_test_is_over = sender.send(out);
    });
    let said = said.recv_timeout(Duration::from_secs(20));
    let _it_has_ended = child.kill();
    child.wait().unwrap();
    assert_eq!(said.as_deref(), Ok("next\n"));
    assert!(is_asked.try_recv().is_ok(), "it was tried");
    assert!(folder.join("ada-01.json").exists(), "the next start tries again");
}
