//! Sessions: our client, the unmodified SDK and the embedded agent, over real web sockets on loopback.
//!
//! What has to hold, and what shows it. `plugin` is the part of `tests/conformance` that drives the official client, `interop` the
//! package `tests/interop` with `aws-ssm-bridge`; unit tests are named by their module.
//!
//! | what | our client and agent | clients that we did not write |
//! |---|---|---|
//! | shell without handshake, its size | `shells::a_shell_knows_its_size_and_ends_with_exit` | plugin: a shell · interop |
//! | shell with handshake, KMS | `shells::an_encrypted_shell_and_command_are_understood_at_both_ends` | plugin: a shell encrypted with a key of KMS |
//! | Ctrl-C | `shells::control_keys_go_to_the_remote` | plugin: a shell · interop |
//! | bytes that are no UTF-8, U+FFFD | `shells::output_that_is_no_utf_8_arrives_byte_for_byte` | plugin: a shell · interop |
//! | exit ends the session | `shells::a_shell_knows_its_size_and_ends_with_exit` | plugin: a shell · interop |
//! | command with two outputs and exit code | `shells::a_command_has_two_outputs_and_an_exit_code` | plugin: a command |
//! | interactive command | `shells::an_interactive_command_has_a_terminal` | plugin: an interactive command |
//! | multiplexed forward, 1 and 50 connections | `forwards::fifty_connections_share_a_session` | plugin: fifty connections · interop |
//! | megabytes each way, with their hash | `forwards::megabytes_go_each_way`; 100 MB: `forwards::how_fast_a_forward_is` by hand | plugin: a megabyte · interop |
//! | the multiplexer itself | `mux::*`, against `async_smux` | plugin · interop |
//! | refused target | `forwards::a_refused_connection_is_reset_and_the_forward_goes_on` | plugin: a port that nobody listens on |
//! | denied host | `forwards::a_denied_host_ends_the_session_with_its_reason`, `official::a_client_that_comes_after_the_end_…` | plugin: the instance's metadata |
//! | host behind the target | `forwards::other_machines_are_out_of_reach` | plugin: a host behind the target · interop |
//! | half-close: the answer under way arrives | `forwards::an_answer_under_way_arrives_after_the_request_has_ended` | the official client has none |
//! | slow consumer, and one that never reads | `forwards::a_slow_reader_does_not_stop_the_others`, `ssm::mux::pressure_tests` | |
//! | slow target | `bad_days::a_slow_target_holds_its_sender_back_and_loses_nothing` | |
//! | basic forward of an old agent | `forwards::an_old_agent_takes_one_connection_after_the_other` | plugin: a forward of an old agent |
//! | byte stream for ssh | `forwards::a_byte_stream_ends_with_its_target` | plugin: a byte stream |
//! | web sockets that close, in a transfer | `bad_days::twenty_closed_web_sockets_…`, `bad_days::twenty_cut_web_sockets_…` | plugin: a download over web sockets that close |
//! | web sockets that close, in a shell | `bad_days::a_shell_survives_closed_and_cut_web_sockets` | plugin: a shell over web sockets that close |
//! | loss, doubling, damage, delay, silence | `bad_days::*`, `ssm::channel::simulation` over thousands of seeds | |
//! | a session that is gone at the return | `bad_days::a_session_that_was_forgotten_has_timed_out` | plugin: a session that is gone |
//! | idle forward | `ssm::channel::driver_tests::a_session_in_which_nobody_speaks_…` with short intervals | by hand: 80 s, ours and the plugin |
//! | terminated from outside | `shells::an_administrator_ends_a_session` | plugin: an administrator ends the session |
//! | kill -9, then reaped | `sessions_of_killed_programs_are_ended_by_the_next` | |
//! | a private authority, a proxy, TLS | conformance: `private` | plugin: a host of AWS, through a proxy, over TLS |
//! | the fallback: token, terminal | conformance: `plugin` | plugin: `bartizan shell --via plugin` |

mod bad_days;
mod corpora;
mod forwards;
mod mux;
mod official;
mod shells;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bartizan::aws::clearance::Rules;
use bartizan::aws::observe::Observer;
use bartizan::aws::session::{Connect, connect};
use bartizan::aws::session_manager::SessionManager;
use bartizan::emulator::agent::{self, Agent};
use bartizan::emulator::{Options, World, in_process, listen};
use bartizan::ssm::channel::pipe::Ending;
use bartizan::ssm::client::dial::Dialer;
use bartizan::ssm::client::gateway::{DataKey, Gateway, Opened, Purpose, Refusal, StartRequest};
use bartizan::ssm::client::journal::{Journal, Place};
use bartizan::ssm::client::session::{Closer, HANDSHAKE, OpenError, Opener, Session};
use bartizan::ssm::client::shell::{self, Input, Output};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes: a test that hangs is to fail.
pub(crate) const LONG: Duration = Duration::from_secs(60);
pub(crate) const REGION: &str = "us-east-1";
/// A bastion of the quiet scenario.
pub(crate) const TARGET: &str = "i-0c55b159cbfafe1f0";

/// A served world and a client in it.
pub(crate) struct Stage {
    pub(crate) agent: Agent,
    pub(crate) world: Arc<World>,
    pub(crate) opener: Opener<TestGateway>,
    _server: listen::Server,
    _shutdown: tokio_util::sync::DropGuard,
}

/// The real gateway.
#[derive(Debug)]
pub(crate) struct TestGateway {
    pub(crate) aws: SessionManager,
    /// Asks for data keys that are bound to nothing.
    pub(crate) forges_key: bool,
}

impl Gateway for TestGateway {
    async fn start(&self, request: &StartRequest) -> Result<Opened, Refusal> {
        self.aws.start(request).await
    }

    async fn resume(&self, session_id: &str) -> Result<Option<Opened>, Refusal> {
        self.aws.resume(session_id).await
    }

    async fn terminate(&self, session_id: &str) -> Result<(), Refusal> {
        self.aws.terminate(session_id).await
    }

    async fn sign(&self, url: &str) -> Result<Vec<(String, String)>, Refusal> {
        let headers = self.aws.sign(url).await?;
        assert!(headers.iter().any(|(name, _)| name == "authorization"), "every dial is signed");
        Ok(headers)
    }

    async fn data_key(&self, key_id: &str, context: BTreeMap<String, String>) -> Result<DataKey, Refusal> {
        assert!(context.contains_key("aws:ssm:RandomChallenge"), "the agent's challenge is taken up");
        if self.forges_key {
            let key = self.aws.data_key(key_id, BTreeMap::new()).await?;
            return Ok(DataKey { cipher_text: key.cipher_text, plain: key.plain });
        }
        self.aws.data_key(key_id, context).await
    }
}

impl Stage {
    pub(crate) async fn with(options: agent::Options) -> Self {
        crate::needs::has_to_end();
        let world = Arc::new(World::from_scenario("quiet", Options::default()).unwrap());
        let agent = world.account().agent.clone();
        agent.configure(options);
        let shutdown = CancellationToken::new();
        let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let server = listen::serve(address, Arc::clone(&world), shutdown.clone()).await.unwrap();
        let wanted = Connect {
            http: Some(in_process::client(Arc::clone(&world))),
            regions: vec![REGION.to_owned()],
            ..Connect::new(Observer::nobody())
        };
        let session = connect(wanted).await.unwrap();
        let cleared = Rules::default().clear(&session).await.unwrap();
        let gateway = TestGateway { aws: SessionManager::new(&cleared, REGION), forges_key: false };
        let opener = Opener {
            gateway: Arc::new(gateway),
            dialer: Dialer::new(None).unwrap(),
            journal: None,
            place: Place::default(),
            patience: HANDSHAKE,
        };
        Self { agent, world, opener, _server: server, _shutdown: shutdown.drop_guard() }
    }

    pub(crate) async fn new() -> Self {
        Self::with(agent::Options { allow: true, ..agent::Options::default() }).await
    }

    pub(crate) async fn faulty(faults: &str) -> Self {
        let mut options = agent::Options { allow: true, ..agent::Options::default() };
        options.faults.parse(faults).unwrap();
        Self::with(options).await
    }

    pub(crate) async fn open(&self, purpose: Purpose) -> Result<Session<TestGateway>, OpenError> {
        let request = StartRequest { target: TARGET.to_owned(), purpose, reason: Some("OPS-1".to_owned()) };
        timeout(LONG, self.opener.open(&request)).await.unwrap()
    }

    /// Waits until the service knows that a session has ended.
    pub(crate) async fn is_over(&self, session_id: &str) {
        let over = async {
            while self.agent.is_alive(session_id) {
                tokio::task::yield_now().await;
            }
        };
        timeout(LONG, over).await.expect("in time");
    }

    pub(crate) async fn shell(&self, purpose: Purpose) -> Shell {
        Shell::of(self.open(purpose).await.unwrap())
    }
}

/// A shell that a test talks to.
pub(crate) struct Shell {
    pub(crate) closer: Closer<TestGateway>,
    pub(crate) keys: mpsc::Sender<Input>,
    output: mpsc::Receiver<Output>,
    pub(crate) seen: Vec<u8>,
    pub(crate) errors: Vec<u8>,
    pub(crate) exit: Option<i32>,
    ending: tokio::task::JoinHandle<Ending>,
}

impl Shell {
    pub(crate) fn of(session: Session<TestGateway>) -> Self {
        let (closer, sender, receiver) = session.split();
        let (keys, input) = mpsc::channel(64);
        let (to_screen, output) = mpsc::channel(64);
        let ending = tokio::spawn(shell::run(sender, receiver, input, to_screen));
        Self { closer, keys, output, seen: Vec::new(), errors: Vec::new(), exit: None, ending }
    }

    pub(crate) async fn types(&self, text: &str) {
        self.keys.send(Input::Keys(Bytes::copy_from_slice(text.as_bytes()))).await.unwrap();
    }

    /// Reads on until the terminal has shown a text.
    pub(crate) async fn until(&mut self, text: &str) {
        while !contains(&self.seen, text.as_bytes()) {
            let next = timeout(LONG, self.output.recv()).await;
            match next {
                Ok(Some(output)) => self.take(output),
                other => panic!("no {text:?} ({other:?}) in {:?}", String::from_utf8_lossy(&self.seen)),
            }
        }
    }

    fn take(&mut self, output: Output) {
        match output {
            Output::Terminal(bytes) => self.seen.extend_from_slice(&bytes),
            Output::StdErr(bytes) => self.errors.extend_from_slice(&bytes),
            Output::Exit(code) => self.exit = Some(code),
        }
    }

    /// Reads to the end.
    pub(crate) async fn ends(mut self) -> (Remains, Ending) {
        while let Some(output) = timeout(LONG, self.output.recv()).await.unwrap() {
            self.take(output);
        }
        let ending = timeout(LONG, self.ending).await.unwrap().unwrap();
        (Remains { seen: self.seen, errors: self.errors, exit: self.exit, closer: self.closer }, ending)
    }
}

/// What is left of a shell at its end.
pub(crate) struct Remains {
    pub(crate) seen: Vec<u8>,
    pub(crate) errors: Vec<u8>,
    pub(crate) exit: Option<i32>,
    pub(crate) closer: Closer<TestGateway>,
}

pub(crate) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_killed_programs_are_ended_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::new().await;
    let journal = Journal::new(folder.path());
    stage.opener.journal = Some(journal.clone());
    let session = stage.open(Purpose::Port(1)).await.unwrap();
    let id = session.facts.session_id.clone();
    assert!(stage.agent.is_alive(&id));
    assert!(journal.orphans().is_empty(), "we are alive");
    // As after kill -9: the note is there, and nobody holds the lock on it.
    let path = folder.path().join(format!("{id}.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, text).unwrap();
    let orphans = journal.orphans();
    assert_eq!(orphans.len(), 1);
    for (entry, note) in orphans {
        assert_eq!(entry.session_id, id);
        stage.opener.gateway.terminate(&entry.session_id).await.unwrap();
        note.erase();
    }
    timeout(LONG, session.sender.ending()).await.unwrap();
    stage.is_over(&id).await;
    assert!(journal.orphans().is_empty());
}
