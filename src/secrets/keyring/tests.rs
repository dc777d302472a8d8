use std::sync::Mutex;
use std::sync::mpsc;

use super::*;
use secrecy::ExposeSecret as _;

/// A keyring that answers as it is told.
struct Told(Box<dyn Fn(Action) -> Option<Trouble> + Send>, Memory);

impl Told {
    fn check(&self, action: Action, item: &str) -> Result<(), KeyringError> {
        (self.0)(action).map_or(Ok(()), |trouble| Err(KeyringError::new(action, item, trouble, "")))
    }
}

impl Backend for Told {
    fn get(&self, item: &str) -> Result<Option<SecretString>, KeyringError> {
        self.check(Action::Read, item)?;
        self.1.get(item)
    }

    fn set(&self, item: &str, secret: &SecretString) -> Result<(), KeyringError> {
        self.check(Action::Write, item)?;
        self.1.set(item, secret)
    }

    fn delete(&self, item: &str) -> Result<(), KeyringError> {
        self.check(Action::Delete, item)?;
        self.1.delete(item)
    }
}

fn told(answers: impl Fn(Action) -> Option<Trouble> + Clone + Send + Sync + 'static) -> Keyring {
    Keyring::with(move || Ok(Box::new(Told(Box::new(answers.clone()), Memory::default()))))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn what_is_stored_comes_back_and_goes() {
    for keyring in [Keyring::in_memory(), told(|_| None)] {
        runtime().block_on(async {
            assert!(keyring.get("a").await.unwrap().is_none());
            keyring.set("a", &"one".into()).await.unwrap();
            keyring.set("a", &"two".into()).await.unwrap();
            assert_eq!(keyring.get("a").await.unwrap().unwrap().expose_secret(), "two");
            keyring.delete("a").await.unwrap();
            keyring.delete("a").await.unwrap();
            assert!(keyring.get("a").await.unwrap().is_none());
            assert!(keyring.probe().await.is_ready());
        });
        keyring.set_blocking("b", &"three".into()).unwrap();
        assert_eq!(keyring.get_blocking("b").unwrap().unwrap().expose_secret(), "three");
        keyring.delete_blocking("b").unwrap();
        assert!(keyring.probe_blocking().is_ready());
    }
}

/// A keyring in which whoever reads waits until everybody has written.
struct Together(Arc<Memory>, Arc<std::sync::Barrier>);

impl Backend for Together {
    fn get(&self, item: &str) -> Result<Option<SecretString>, KeyringError> {
        self.1.wait();
        let found = self.0.get(item);
        self.1.wait();
        found
    }

    fn set(&self, item: &str, secret: &SecretString) -> Result<(), KeyringError> {
        self.0.set(item, secret)
    }

    fn delete(&self, item: &str) -> Result<(), KeyringError> {
        self.0.delete(item)
    }
}

#[test]
fn two_probes_at_the_same_time_do_not_answer_for_each_other() {
    // Two handles of one process over one keyring, as the console and a rotation have them: both write before either reads.
    let (memory, barrier) = (Arc::new(Memory::default()), Arc::new(std::sync::Barrier::new(2)));
    let probes: Vec<_> = (0..2)
        .map(|_| {
            let (memory, barrier) = (Arc::clone(&memory), Arc::clone(&barrier));
            let keyring = Keyring::with(move || Ok(Box::new(Together(Arc::clone(&memory), Arc::clone(&barrier)))));
            std::thread::spawn(move || keyring.within(Duration::from_secs(20)).probe_blocking())
        })
        .collect();
    for probe in probes {
        assert_eq!(probe.join().unwrap(), Health::Ready);
    }
    assert!(memory.is_empty(), "no canary is left behind");
}

#[test]
fn nothing_there_is_said_only_by_a_keyring_that_works() {
    let lies = told(|action| (action == Action::Write).then_some(Trouble::Absent));
    let error = lies.get_blocking("a").unwrap_err();
    assert_eq!((error.trouble, error.action, error.item.as_str()), (Trouble::Absent, Action::Read, "a"));
    assert!(matches!(lies.probe_blocking(), Health::Absent(_)));
    let locked = told(|_| Some(Trouble::Locked));
    assert!(matches!(locked.probe_blocking(), Health::Locked(_)));
    let full = told(|action| (action == Action::Write).then_some(Trouble::ReadOnly));
    assert!(matches!(full.probe_blocking(), Health::ReadOnly(_)));
}

#[test]
fn a_keyring_that_waits_for_somebody_is_left_and_the_next_call_gets_another_thread() {
    let (release, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(Some(gate)));
    // The first connection hangs in its first call; later ones are well.
    let keyring = Keyring::with(move || {
        let gate = Mutex::new(gate.lock().unwrap().take());
        let hang = move |_| {
            if let Some(gate) = gate.lock().unwrap().take() {
                let _ = gate.recv();
            }
            None
        };
        Ok(Box::new(Told(Box::new(hang), Memory::default())))
    });
    let quick = keyring.clone().within(Duration::from_millis(20));
    assert_eq!(quick.set_blocking("a", &"one".into()).unwrap_err().trouble, Trouble::Blocking);
    assert!(keyring.probe_blocking().is_ready());
    drop(release);
    assert!(keyring.probe_blocking().is_ready());
}

#[test]
fn not_more_than_a_few_threads_are_left_waiting() {
    let (release, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let keyring = Keyring::with(move || {
        let gate = Arc::clone(&gate);
        Ok(Box::new(Told(
            Box::new(move |_| {
                let _ = gate.lock().unwrap().recv();
                None
            }),
            Memory::default(),
        )))
    });
    let quick = keyring.clone().within(Duration::from_millis(5));
    for _ in 0..4 {
        assert_eq!(quick.probe_blocking(), Health::Blocking(KeyringError::new(Action::Probe, "canary", Trouble::Blocking, "")));
    }
    let error = quick.get_blocking("a").unwrap_err();
    assert_eq!((error.trouble, error.said.as_str()), (Trouble::Blocking, "earlier calls still wait for it"));
    // They come back one after the other, and then there is room again.
    drop(release);
    let is_full = || matches!(keyring.get_blocking("a"), Err(error) if error.trouble == Trouble::Blocking);
    assert!((0..6_000).any(|_| !is_full() || moment()), "no thread has come back within a minute");
}

/// Waits for a moment, which is not what anything waits for: `false`.
#[expect(clippy::disallowed_methods, reason = "a bound, in a test")]
fn moment() -> bool {
    std::thread::sleep(Duration::from_millis(10));
    false
}

#[test]
fn a_connection_that_went_bad_is_replaced_within_the_same_call() {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    let (opened, has_died) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (count, died) = (Arc::clone(&opened), Arc::clone(&has_died));
    let keyring = Keyring::with(move || {
        // The daemon of the first connection dies.
        let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let died = Arc::clone(&died);
        let answer = move |_| (is_first && died.load(Ordering::SeqCst)).then_some(Trouble::Other);
        Ok(Box::new(Told(Box::new(answer), Memory::default())))
    });
    assert!(keyring.probe_blocking().is_ready());
    has_died.store(true, Ordering::SeqCst);
    assert!(keyring.probe_blocking().is_ready());
    assert!(keyring.probe_blocking().is_ready());
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[test]
fn a_new_connection_that_fails_is_not_tried_twice_in_one_call() {
    let opened = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let keyring = Keyring::with(move || {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(Box::new(Told(Box::new(|_| Some(Trouble::Other)), Memory::default())))
    });
    assert!(!keyring.probe_blocking().is_ready());
    assert!(!keyring.probe_blocking().is_ready());
    assert_eq!(opened.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[test]
fn no_error_holds_the_secret() {
    use keyring_core::Error as Core;
    let secret = b"hunter2-hunter2".to_vec();
    let errors = [Core::BadEncoding(secret.clone()), Core::BadDataFormat(secret, "bad".into())];
    for error in &errors {
        let ours = KeyringError::from_core(Action::Read, "a", error);
        let words = format!("{ours} {ours:?}");
        assert!(!words.contains("hunter2") && !words.contains("104, 117"), "{words}");
        assert_eq!(ours.trouble, Trouble::Corrupt);
    }
    assert!(!format!("{:?}", Keyring::in_memory()).contains("Memory"));
}
