//! `bartizan shell` and `bartizan forward`, built and in a terminal, over an embedded AWS in a process of its own.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::{Emulated, Start, Terminal, credentials, environment, without_terminal};

/// A bastion of the quiet scenario.
pub(crate) const TARGET: &str = "i-0c55b159cbfafe1f0";

pub(crate) struct Place {
    pub(crate) home: TempDir,
    pub(crate) world: Emulated,
}

pub(crate) fn place() -> Place {
    let home = tempfile::tempdir().unwrap();
    let world = Emulated::start(home.path(), &["--scenario", "quiet", "--sessions"]);
    Place { home, world }
}

impl Place {
    fn shell(&self) -> Terminal {
        let arguments = ["--endpoint-url", &self.world.url, "shell", TARGET, "--reason", "OPS-7"];
        Start::new(self.home.path(), &arguments).with(credentials()).size(100, 30).run()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut environment = environment(self.home.path());
        environment.extend(credentials());
        let arguments: Vec<&str> = ["--endpoint-url", &self.world.url].into_iter().chain(arguments.iter().copied()).collect();
        without_terminal(&environment, &arguments)
    }

    /// The calls in the audit log, each with whether it has begun or how it ended.
    fn audited(&self) -> String {
        let Ok(files) = std::fs::read_dir(self.home.path().join(".local/state/bartizan/audit")) else { return String::new() };
        let logs = files.flatten().filter(|file| file.path().extension().is_some_and(|extension| extension == "jsonl"));
        logs.map(|file| std::fs::read_to_string(file.path()).unwrap()).collect()
    }

    /// The session that is connected now, among those that match.
    pub(crate) fn session(&self, filter: &str) -> String {
        let (_, listed, _) = self.run(&["sessions", "--json", "status=connected", filter]);
        let id = listed.split("\"SessionId\":\"").nth(1).and_then(|rest| rest.split('"').next());
        id.unwrap_or_else(|| panic!("{listed}")).to_owned()
    }

    /// Ends a session from outside, as an administrator does.
    pub(crate) fn terminate(&self, session: &str) {
        let url = &self.world.url;
        let now = jiff::Timestamp::now();
        let (day, time) = (now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ"));
        let body = format!("{{\"SessionId\":\"{session}\"}}");
        let host = url.trim_start_matches("http://");
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nX-Amz-Target: AmazonSSM.TerminateSession\r\nX-Amz-Date: {time}\r\n\
             Content-Type: application/x-amz-json-1.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{day}/us-east-1/ssm/\
             aws4_request, SignedHeaders=host;x-amz-date, Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    pub(crate) fn notes(&self) -> usize {
        std::fs::read_dir(self.home.path().join(".local/state/bartizan/sessions")).map_or(0, Iterator::count)
    }
}

#[test]
fn a_shell_has_the_terminals_size_and_gives_it_back() {
    let place = place();
    let mut terminal = place.shell();
    terminal.until("$ ");
    assert_eq!(place.notes(), 1, "an open session is noted down");
    terminal.keys("stty size\r").until("30 100");
    terminal.resize(90, 20).keys("sleep 0.3; stty size\r").until("20 90");
    // Its answer shows that it runs: an interrupt before that is the shell's own, and the command would go on.
    terminal.keys("sed -u s/a/o/\r").keys("ready\r").until("reody");
    terminal.keys("\u{3}").until("^C");
    terminal.keys("printf '\\033[?1049h\\033[?25l\\033]52;c;cHduZWQ=\\007'\r");
    terminal.keys("exit\r");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_as_found();
    assert!(!terminal.written().windows(5).any(|bytes| bytes == b"\x1b]52;"), "the clipboard is left alone");
    assert_eq!(place.notes(), 0);
    let log = place.audited();
    let lines: Vec<&str> = log.lines().filter(|line| !line.contains(r#""phase":"begin""#)).collect();
    assert_eq!(lines.len(), 4, "start and end, each with its outcome: {log}");
    assert!(lines[0].contains("ssm:StartSession") && lines[0].contains("OPS-7") && lines[0].contains("arn:aws:"), "{log}");
    assert!(lines[2].contains("session:ended"), "{log}");
}

#[test]
fn a_session_that_cannot_be_written_down_is_not_started() {
    let place = place();
    let folder = place.home.path().join(".local/state/bartizan");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("audit"), "in the way").unwrap();
    let (status, _, told) = place.run(&["shell", TARGET, "--command", "echo never"]);
    assert_eq!(status, 1);
    assert!(told.contains("audit log"), "{told}");
    let (_, active, _) = place.run(&["sessions", "--json"]);
    assert!(!active.contains("AWS-StartNonInteractiveCommand"), "{active}");
}

#[test]
fn the_rule_about_the_account_is_asked_before_anything_is_opened() {
    let place = place();
    let folder = place.home.path().join(".config/bartizan");
    std::fs::create_dir_all(&folder).unwrap();
    let rule = |text: &str| std::fs::write(folder.join("config.toml"), text).unwrap();
    rule("[accounts.\"123456789012\"]\nreason = true\n");
    let (status, _, told) = place.run(&["shell", TARGET, "--command", "echo never"]);
    assert!(status == 2 && told.contains("--reason TEXT"), "{status} {told}");
    let (status, out, told) = place.run(&["shell", TARGET, "--command", "echo yes", "--reason", "OPS-8"]);
    assert_eq!((status, out.as_str()), (0, "yes\n"), "{told}");
    rule("[sessions]\nreason = true\n");
    assert_eq!(place.run(&["forward", TARGET, "22"]).0, 2);
    rule("[accounts.\"123456789012\"]\nnever_arm = true\n");
    for arguments in [["shell", TARGET, "--reason", "OPS-9"], ["forward", TARGET, "22", "--reason=OPS-9"]] {
        let (status, _, told) = place.run(&arguments);
        assert!(status == 3 && told.contains("never_arm"), "{status} {told}");
    }
    rule("");
    assert_eq!(place.run(&["--read-only", "shell", TARGET]).0, 3);
    assert!(!place.audited().contains("OPS-9"));
}

#[test]
fn the_demos_sessions_are_in_the_demos_log() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["--demo", "quiet", "shell", TARGET, "--command", "echo yes", "--reason", "OPS-7"];
    let (status, out, told) = without_terminal(&environment(home.path()), &arguments);
    assert_eq!((status, out.as_str()), (0, "yes\n"), "{told}");
    let state = home.path().join(".local/state/bartizan");
    assert!(state.join("demo/audit").is_dir() && !state.join("audit").exists());
    let (status, log, _) = without_terminal(&environment(home.path()), &["--demo", "quiet", "audit", "show", "--json"]);
    assert!(status == 0 && log.contains("ssm:StartSession") && log.contains("OPS-7") && log.contains("shell, demo"), "{log}");
}

#[test]
fn a_tilde_and_a_dot_end_the_session() {
    let place = place();
    let mut terminal = place.shell();
    terminal.until("$ ").keys("~?").until("~. ends the session").keys("\r~.");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_as_found();
    let (_, active, _) = place.run(&["sessions", "--json"]);
    assert!(!active.contains(r#""reason":"OPS-7","region":"us-east-1","started":"20","status":"Connected""#));
    assert_eq!(place.notes(), 0);
}

#[test]
fn a_signal_ends_the_session_and_gives_the_terminal_back() {
    for signal in ["TERM", "HUP"] {
        let place = place();
        let mut terminal = place.shell();
        terminal.until("$ ");
        terminal.signal(signal);
        assert_eq!(terminal.ended(), 0, "{signal}");
        terminal.assert_as_found();
        assert_eq!(place.notes(), 0, "{signal}");
    }
}

#[test]
fn what_a_killed_program_left_open_is_ended_by_the_next() {
    let place = place();
    let mut terminal = place.shell();
    terminal.until("$ ");
    terminal.signal("KILL");
    terminal.ended();
    assert_eq!(place.notes(), 1);
    let (status, out, told) = place.run(&["shell", TARGET, "--command", "echo next"]);
    assert_eq!((status, out.as_str()), (0, "next\n"));
    assert!(told.contains("left open by an earlier run"), "{told}");
    assert_eq!(place.notes(), 0);
}

#[test]
fn the_status_of_a_command_is_passed_on() {
    let place = place();
    let (status, out, err) = place.run(&["shell", TARGET, "--command", "sh -c 'echo out; echo err >&2; exit 7'"]);
    assert_eq!((status, out.as_str(), err.as_str()), (7, "out\n", "err\n"));
    let (status, _, told) = place.run(&["shell", "i-0000000000000dead"]);
    assert_eq!(status, 1);
    assert!(told.contains("is not connected"), "{told}");
}

#[test]
fn a_forward_carries_and_ends_with_a_signal() {
    let place = place();
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = target.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || {
        for stream in target.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(&request).unwrap();
        }
    });
    let local = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = forward(place.home.path(), &place.world.url, &format!("{local}:{port}"));
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut stream = loop {
        match TcpStream::connect(("127.0.0.1", local)) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    };
    stream.write_all(b"ping").unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    assert_eq!(place.notes(), 0);
    let (status, _, told) = place.run(&["forward", TARGET, "no:such:port"]);
    assert_eq!(status, 2, "{told}");
}

/// A plugin that writes down how it was started.
fn stub_plugin(place: &Place, version: &str, then: &str) -> Vec<(String, String)> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = place.home.path().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo {version} && exit 0\nprintf '%s\\n' \"$@\" > $HOME/arguments\n\
         printf '%s' \"$AWS_SSM_START_SESSION_RESPONSE\" > $HOME/response\ntest -t 0 && test -t 1 && echo on a terminal\n{then}\n"
    );
    let path = folder.join("session-manager-plugin");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    vec![("PATH".to_owned(), format!("{}:/usr/bin:/bin", folder.display()))]
}

#[test]
fn the_official_plugin_gets_its_token_through_the_environment() {
    let place = place();
    let arguments = ["--endpoint-url", &place.world.url, "shell", TARGET, "--reason", "OPS-7", "--via", "plugin"];
    let path = stub_plugin(&place, "1.2.764.0", "read line; echo said $line; stty raw");
    let mut terminal = Start::new(place.home.path(), &arguments).with(credentials()).with(path).run();
    terminal.until("on a terminal").keys("hello\r").until("said hello");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_as_found();
    let text = std::fs::read_to_string(place.home.path().join("arguments")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let request = format!(r#"{{"Reason":"OPS-7","Target":"{TARGET}"}}"#);
    let expected = ["AWS_SSM_START_SESSION_RESPONSE", "us-east-1", "StartSession", "", request.as_str(), &place.world.url];
    assert_eq!(lines, expected);
    let response = std::fs::read_to_string(place.home.path().join("response")).unwrap();
    let response: serde_json::Value = serde_json::from_str(&response).unwrap();
    assert!(response["TokenValue"].as_str().unwrap().len() > 100);
    assert!(response["StreamUrl"].as_str().unwrap().starts_with("ws://127.0.0.1"));
    assert_eq!(place.notes(), 0);
    let log = place.audited();
    assert!(log.contains("ssm:StartSession") && log.contains("ssm:TerminateSession"), "{log}");
}

#[test]
fn a_plugin_that_is_absent_or_too_old_is_told_before_a_session_is_started() {
    let place = place();
    let (status, _, told) = place.run(&["shell", TARGET, "--via", "plugin"]);
    assert_eq!(status, 1);
    assert!(told.contains("session-manager-plugin is neither in PATH"), "{told}");
    let arguments = ["--endpoint-url", &place.world.url, "forward", TARGET, "5432", "--via", "plugin"];
    let path = stub_plugin(&place, "1.2.497.0", "");
    let mut terminal = Start::new(place.home.path(), &arguments).with(credentials()).with(path).run();
    terminal.until("install a version above 1.2.497.0");
    assert_eq!(terminal.ended(), 1);
    assert!(!place.audited().contains("ssm:StartSession"));
}

fn forward(home: &Path, url: &str, ports: &str) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_bartizan"))
        .args(["--endpoint-url", url, "forward", TARGET, ports])
        .env_clear()
        .envs(environment(home))
        .envs(credentials())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_forward_with_a_name_is_opened_again_when_its_session_is_lost() {
    use std::io::BufRead as _;
    let place = place();
    let local = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = place.home.path().join(".config/bartizan");
    std::fs::create_dir_all(&folder).unwrap();
    let preset = format!("[forward.web]\ntarget = \"{TARGET}\"\nport = 8080\nlocal = {local}\n");
    std::fs::write(folder.join("config.toml"), preset).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_bartizan"))
        .args(["--endpoint-url", &place.world.url, "forward", "web"])
        .env_clear()
        .envs(environment(place.home.path()))
        .envs(credentials())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    let mut until = |words: &str| loop {
        let line = told.next().unwrap_or_else(|| panic!("ended before {words}")).unwrap();
        if line.contains(words) {
            return;
        }
    };
    let session = |place: &Place| place.session("document:PortForwarding");
    until("leads to port 8080");
    let first = session(&place);
    place.terminate(&first);
    until("the forward is lost");
    until("leads to port 8080");
    assert_ne!(session(&place), first);
    TcpStream::connect(("127.0.0.1", local)).expect("it listens where it did");
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    assert_eq!(place.notes(), 0);
}
