//! Sessions: our client, the unmodified SDK and the embedded agent, over real web sockets on loopback.

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
        let gateway = TestGateway { aws: SessionManager::new(&session, REGION), forges_key: false };
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
    // As after kill -9: the note says that somebody else, who is dead, had the session.
    let path = folder.path().join(format!("{id}.json"));
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let dead = child.id();
    child.wait().unwrap();
    let text = std::fs::read_to_string(&path).unwrap().replace(&std::process::id().to_string(), &dead.to_string());
    std::fs::write(&path, text).unwrap();
    let orphans = journal.orphans();
    assert_eq!(orphans.len(), 1);
    for (entry, note) in orphans {
        assert_eq!(entry.session_id, id);
        stage.opener.gateway.terminate(&entry.session_id).await.unwrap();
        note.erase();
    }
    timeout(LONG, session.sender.ending()).await.unwrap();
    while stage.agent.is_alive(&id) {
        tokio::task::yield_now().await;
    }
    assert!(journal.orphans().is_empty());
}
