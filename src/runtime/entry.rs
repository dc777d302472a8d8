//! Secrets being typed: the keys go from the keyboard into a buffer here, beside the model, and from here to the task that asked. The
//! model hears how many characters there are.

use std::collections::VecDeque;

use secrecy::SecretString;
use tokio::sync::mpsc;
use zeroize::{Zeroize as _, Zeroizing};

use crate::app::Msg;
use crate::app::entry::Entry;
use crate::domain::question::{Question, Topic};
use crate::kit::input::{Code, Input, Key};
use crate::secrets::Asked;

/// Bytes of the longest secret. The buffer has this size from the start: a growing one would leave copies behind.
const MOST: usize = 1024;

/// What is asked at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    /// The question of this number.
    Question(u64),
    /// The passphrase that unlocks the console.
    Lock,
}

/// Questions that wait, and what is typed to the one on screen.
pub(super) struct Entries {
    asked: mpsc::UnboundedReceiver<Asked>,
    /// With their numbers, in the order in which they came.
    waiting: VecDeque<(u64, Asked)>,
    newest: u64,
    /// Whether the locked console wants its passphrase.
    is_guarded: bool,
    shown: Shown,
    typed: Zeroizing<String>,
    first: Option<Zeroizing<String>>,
    note: Option<String>,
}

impl Entries {
    pub(super) fn new(asked: mpsc::UnboundedReceiver<Asked>) -> Self {
        Self {
            asked,
            waiting: VecDeque::new(),
            newest: 0,
            is_guarded: false,
            shown: Shown::Nothing,
            typed: buffer(),
            first: None,
            note: None,
        }
    }

    /// Waits until a question comes or the one on screen is not wanted any more. May be dropped at any time without losing one.
    pub(super) async fn changed(&mut self) {
        let Self { asked, waiting, shown, newest, .. } = self;
        let on_screen = waiting.iter_mut().find(|(number, _)| *shown == Shown::Question(*number));
        let unwanted = async {
            match on_screen {
                Some((_, asked)) => asked.unwanted().await,
                None => std::future::pending().await,
            }
        };
        let come = tokio::select! {
            come = asked.recv() => come,
            () = unwanted => return,
        };
        match come {
            Some(asked) => {
                *newest += 1;
                waiting.push_back((*newest, asked));
            }
            // Nobody can ask any more.
            None => std::future::pending().await,
        }
    }

    /// From now on the locked console wants its passphrase, or does not.
    pub(super) fn guard(&mut self, is_guarded: bool) {
        self.is_guarded = is_guarded;
    }

    /// The console is locked: what work has asked so far gets no answer. Whoever planned has gone, and a rotation says that it needs
    /// somebody.
    pub(super) fn leave(&mut self) {
        self.waiting.retain(|(_, asked)| asked.question.topic == Topic::Session);
    }

    /// Shows what is to be asked now; what the model has to hear about it, if that has changed. Whoever unlocks the console has to be able
    /// to answer what the session wants; what work wants waits meanwhile.
    pub(super) fn follow(&mut self, is_locked: bool) -> Option<Msg> {
        self.waiting.retain(|(_, asked)| !asked.is_unwanted());
        let may_be_asked = |asked: &Asked| !is_locked || asked.question.topic == Topic::Session;
        let shown = match self.waiting.iter().find(|(_, asked)| may_be_asked(asked)) {
            Some((number, _)) => Shown::Question(*number),
            None if is_locked && self.is_guarded => Shown::Lock,
            None => Shown::Nothing,
        };
        if shown == self.shown {
            return None;
        }
        self.shown = shown;
        self.wipe();
        Some(self.told())
    }

    /// Whether this input is for the secret that is asked for.
    pub(super) fn takes(&self, input: &Input) -> bool {
        match input {
            Input::Resize(_) => false,
            // A locked console can be quit.
            Input::Key(key) if self.shown == Shown::Lock => *key != Key::ctrl('c'),
            Input::Key(_) | Input::Paste(_) => self.shown != Shown::Nothing,
        }
    }

    /// Takes a key or a paste. What the model hears about it.
    pub(super) fn input(&mut self, input: Input) -> Option<Msg> {
        match input {
            Input::Resize(_) => return None,
            Input::Paste(text) => {
                let text = Zeroizing::new(text);
                text.trim_end_matches(['\r', '\n']).chars().for_each(|character| self.push(character));
            }
            Input::Key(key) => return self.key(key),
        }
        Some(self.told())
    }

    fn key(&mut self, key: Key) -> Option<Msg> {
        match (key.code, key.ctrl, key.alt) {
            // Whoever asked hears that there is no answer.
            (Code::Char('c'), true, _) | (Code::Esc, ..) if self.on_screen().is_some() => {
                drop(self.close());
                return Some(self.told());
            }
            (Code::Esc, ..) | (Code::Char('u'), true, _) => self.typed.zeroize(),
            (Code::Char(character), false, false) => self.push(character),
            (Code::Backspace, ..) => drop(self.typed.pop()),
            (Code::Enter, ..) if self.typed.is_empty() => return None,
            (Code::Enter, ..) if self.shown == Shown::Lock => return Some(Msg::Unlock),
            (Code::Enter, ..) => return self.enter(),
            _ => return None,
        }
        Some(self.told())
    }

    fn push(&mut self, character: char) {
        self.note = None;
        if self.typed.len() + character.len_utf8() <= MOST && !character.is_control() {
            self.typed.push(character);
        }
    }

    /// The answer is complete, or has to be typed once more.
    fn enter(&mut self) -> Option<Msg> {
        let twice = self.on_screen()?.question.twice;
        match self.first.take() {
            None if twice => self.first = Some(std::mem::replace(&mut self.typed, buffer())),
            Some(first) if *first != *self.typed => {
                self.wipe();
                self.note = Some("the two differ: type it again from the start".into());
            }
            _ => {
                let secret = self.take();
                if let Some(asked) = self.close() {
                    asked.give(secret);
                }
            }
        }
        Some(self.told())
    }

    fn on_screen(&self) -> Option<&Asked> {
        let on_screen = self.waiting.iter().find(|(number, _)| self.shown == Shown::Question(*number));
        on_screen.map(|(_, asked)| asked)
    }

    /// Takes the question off the screen.
    fn close(&mut self) -> Option<Asked> {
        let at = self.waiting.iter().position(|(number, _)| self.shown == Shown::Question(*number))?;
        self.shown = Shown::Nothing;
        self.wipe();
        self.waiting.remove(at).map(|(_, asked)| asked)
    }

    /// The passphrase that was typed on the locked console. The buffer is empty afterwards.
    pub(super) fn take(&mut self) -> SecretString {
        let secret = SecretString::from(self.typed.as_str());
        self.wipe();
        secret
    }

    fn wipe(&mut self) {
        self.typed.zeroize();
        (self.first, self.note) = (None, None);
    }

    /// What the model may know.
    pub(super) fn told(&self) -> Msg {
        let question = match self.shown {
            Shown::Nothing => None,
            Shown::Question(_) => self.on_screen().map(|asked| asked.question.clone()),
            Shown::Lock => Some(Question::new("Unlock", "passphrase", Topic::Session)),
        };
        let (again, length) = (self.first.is_some(), self.typed.chars().count());
        Msg::Entry(question.map(|question| Entry { question, again, length, note: self.note.clone() }))
    }
}

fn buffer() -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(MOST))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::secrets::asking::{Asker, channel};

    struct Stage {
        asker: Asker,
        entries: Entries,
        is_locked: bool,
        told: Vec<Msg>,
    }

    impl Stage {
        fn new() -> Self {
            let (asker, questions) = channel();
            Self { asker, entries: Entries::new(questions), is_locked: false, told: Vec::new() }
        }

        /// Asks, and waits until the question is there.
        async fn ask(&mut self, question: Question) -> tokio::task::JoinHandle<Option<String>> {
            let asker = self.asker.clone();
            let asked = tokio::spawn(async move { asker.ask(question).await.map(|secret| secret.expose_secret().to_owned()) });
            self.entries.changed().await;
            self.follow();
            asked
        }

        fn follow(&mut self) {
            self.told.extend(self.entries.follow(self.is_locked));
        }

        fn key(&mut self, code: Code) {
            let input = Input::Key(Key::plain(code));
            assert!(self.entries.takes(&input));
            self.told.extend(self.entries.input(input));
            self.follow();
        }

        fn types(&mut self, text: &str) {
            text.chars().for_each(|character| self.key(Code::Char(character)));
        }

        /// What the model heard last.
        fn entry(&self) -> Option<Entry> {
            match self.told.last() {
                Some(Msg::Entry(entry)) => entry.clone(),
                other => panic!("{other:?}"),
            }
        }
    }

    fn question(twice: bool) -> Question {
        Question { twice, ..Question::new("File", "passphrase", Topic::Work) }
    }

    #[tokio::test]
    async fn what_is_typed_goes_to_who_asked_and_the_model_hears_how_long_it_is() {
        let mut stage = Stage::new();
        let asked = stage.ask(question(false)).await;
        stage.key(Code::Enter);
        stage.types("cänaryx");
        stage.key(Code::Backspace);
        assert_eq!(stage.entry().unwrap().length, 6);
        stage.told.extend(stage.entries.input(Input::Paste(" song\n".into())));
        assert_eq!(stage.entry().unwrap().length, 11);
        stage.key(Code::Enter);
        assert_eq!(asked.await.unwrap().as_deref(), Some("cänary song"));
        assert_eq!(stage.entry(), None);
        assert!(!stage.entries.takes(&Input::Key(Key::plain(Code::Enter))));
        let told = format!("{:?}", stage.told);
        assert!(!told.contains("nary") && !told.contains("song"), "{told}");
    }

    #[tokio::test]
    async fn what_is_new_is_typed_twice_and_both_have_to_agree() {
        let mut stage = Stage::new();
        let asked = stage.ask(question(true)).await;
        stage.types("one");
        stage.key(Code::Enter);
        assert!(stage.entry().is_some_and(|entry| entry.again && entry.length == 0));
        stage.types("two");
        stage.key(Code::Enter);
        assert!(stage.entry().is_some_and(|entry| !entry.again && entry.note.is_some()));
        for _ in 0..2 {
            stage.types("three");
            stage.key(Code::Enter);
        }
        assert_eq!(asked.await.unwrap().as_deref(), Some("three"));
    }

    #[tokio::test]
    async fn escape_gives_no_answer_and_the_next_question_begins_empty() {
        let mut stage = Stage::new();
        let (first, second) = (stage.ask(question(false)).await, stage.ask(question(false)).await);
        stage.types("half");
        stage.key(Code::Esc);
        assert_eq!(first.await.unwrap(), None);
        assert_eq!(stage.entry().unwrap().length, 0);
        stage.types("whole");
        stage.key(Code::Enter);
        assert_eq!(second.await.unwrap().as_deref(), Some("whole"));
    }

    #[tokio::test]
    async fn a_question_that_nobody_waits_for_any_more_goes() {
        let mut stage = Stage::new();
        let asked = stage.ask(question(false)).await;
        stage.types("half");
        asked.abort();
        stage.entries.changed().await;
        stage.follow();
        assert_eq!(stage.entry(), None);
    }

    #[tokio::test]
    async fn what_work_has_asked_before_the_lock_gets_no_answer() {
        let mut stage = Stage::new();
        let asked = stage.ask(question(false)).await;
        stage.is_locked = true;
        stage.entries.leave();
        stage.follow();
        assert_eq!((asked.await.unwrap(), stage.entry()), (None, None));
    }

    #[tokio::test]
    async fn a_locked_console_asks_for_its_own_passphrase_and_work_waits() {
        let mut stage = Stage::new();
        let work = stage.ask(question(false)).await;
        stage.types("half");
        (stage.is_locked, stage.told) = (true, Vec::new());
        stage.follow();
        assert_eq!(stage.entry(), None, "without a passphrase the lock takes none");
        stage.entries.guard(true);
        stage.follow();
        assert_eq!(stage.entry().unwrap().question.title, "Unlock");
        assert!(!stage.entries.takes(&Input::Key(Key::ctrl('c'))), "a locked console can be quit");
        stage.types("word");
        stage.told.extend(stage.entries.input(Input::Key(Key::plain(Code::Enter))));
        assert_eq!(stage.told.last(), Some(&Msg::Unlock));
        assert_eq!(stage.entries.take().expose_secret(), "word");
        let session = stage.ask(Question::new("MFA", "code", Topic::Session)).await;
        stage.types("123456");
        stage.key(Code::Enter);
        assert_eq!(session.await.unwrap().as_deref(), Some("123456"));
        stage.is_locked = false;
        stage.follow();
        assert_eq!(stage.entry().unwrap().length, 0, "what was half typed is gone");
        stage.types("whole");
        stage.key(Code::Enter);
        assert_eq!(work.await.unwrap().as_deref(), Some("whole"));
    }
}
