//! A real Secret Service for a test: gnome-keyring on a bus and in a home of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::finished;
use crate::needs::{has_to_end, left_out};

/// Opens the login collection.
const PASSWORD: &str = "test-pass";

/// The programs of Debian's packages `dbus-daemon`, `libglib2.0-bin` and `gnome-keyring`.
const PROGRAMS: [&str; 3] = ["dbus-daemon", "gdbus", "gnome-keyring-daemon"];

/// A bus with a keyring on it. Both end with this.
pub(crate) struct SecretService {
    home: tempfile::TempDir,
    bus: Child,
    address: String,
}

impl SecretService {
    /// Starts one, unlocked. `None`, said on standard output: the programs are not here.
    pub(crate) fn start() -> Option<Self> {
        Self::start_in(|_| {})
    }

    /// The same; `prepare` is given the folder in which the keyring's files will be, before the daemon starts.
    pub(crate) fn start_in(prepare: impl FnOnce(&Path)) -> Option<Self> {
        has_to_end();
        for program in PROGRAMS {
            let found = ["/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(program).exists());
            if !found {
                left_out(&format!(
                    "a real Secret Service: {program} is not here (Debian: apt-get install dbus-daemon libglib2.0-bin gnome-keyring)"
                ));
                return None;
            }
        }
        let home = tempfile::tempdir().unwrap();
        for folder in ["run", "data"] {
            std::fs::create_dir(home.path().join(folder)).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
            std::fs::set_permissions(home.path().join(folder), mode).unwrap();
        }
        prepare(&home.path().join("data"));
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address"])
            .env_clear()
            .envs(variables(home.path()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let service = Self { home, bus, address: address.trim().to_owned() };
        service.unlock();
        Some(service)
    }

    /// What a child needs to find it.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let mut all = variables(self.home.path());
        all.push(("DBUS_SESSION_BUS_ADDRESS".to_owned(), self.address.clone()));
        all
    }

    /// Where the keyring's files are.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Starts the daemon with the password, in place of one that runs.
    pub(crate) fn unlock(&self) {
        let mut daemon = self
            .command("gnome-keyring-daemon")
            .args(["--replace", "--unlock", "--components=secrets", "--daemonize"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        daemon.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        assert!(daemon.wait().unwrap().success());
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.has_owner() {
            assert!(Instant::now() < deadline, "the keyring does not come up");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Locks the login collection.
    pub(crate) fn lock(&self) {
        let locked = self.call(
            "org.freedesktop.secrets",
            &[
                "--object-path",
                "/org/freedesktop/secrets",
                "--method",
                "org.freedesktop.Secret.Service.Lock",
                "['/org/freedesktop/secrets/collection/login']",
            ],
        );
        assert!(locked.contains("login"), "{locked}");
    }

    /// Sends the daemon a signal by its name.
    pub(crate) fn signal_daemon(&self, name: &str) {
        for id in self.daemons() {
            assert!(Command::new("kill").args(["-s", name, &id.to_string()]).status().unwrap().success());
        }
    }

    /// Kills the daemon in the middle of what it does. How many there were.
    pub(crate) fn kill_daemon(&self) -> usize {
        let ids = self.daemons();
        for id in &ids {
            let _ = Command::new("kill").args(["-KILL", &id.to_string()]).stderr(Stdio::null()).status();
        }
        ids.len()
    }

    fn daemons(&self) -> Vec<u32> {
        let mark = format!("HOME={}", self.home.path().display());
        let is_ours = |id: u32| {
            let name = std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
            let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            name.starts_with("gnome-keyring") && environment.split(|byte| *byte == 0).any(|line| line == mark.as_bytes())
        };
        let ids = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter(|id| is_ours(*id)).collect()
    }

    fn has_owner(&self) -> bool {
        let path = ["--object-path", "/org/freedesktop/DBus", "--method", "org.freedesktop.DBus.NameHasOwner"];
        let answer = self.call("org.freedesktop.DBus", &[&path[..], &["org.freedesktop.secrets"]].concat());
        answer.contains("true")
    }

    fn call(&self, destination: &str, arguments: &[&str]) -> String {
        let output = finished(self.command("gdbus").args(["call", "--session", "--dest", destination]).args(arguments));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment());
        command
    }
}

impl Drop for SecretService {
    fn drop(&mut self) {
        self.kill_daemon();
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

fn variables(home: &Path) -> Vec<(String, String)> {
    let below = |name: &str| home.join(name).display().to_string();
    [
        ("HOME", home.display().to_string()),
        ("PATH", "/usr/bin:/bin".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("XDG_DATA_HOME", below("data")),
        ("XDG_RUNTIME_DIR", below("run")),
        ("XDG_CACHE_HOME", below("cache")),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("HTTPS_PROXY", "http://127.0.0.1:9".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
