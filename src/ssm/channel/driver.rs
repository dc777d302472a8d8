//! Runs a [`Channel`] over real web sockets and real time: one task per session, the only one that writes.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, SinkExt, StreamExt};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::link::{Closing, Connector, Line, NoLink};
use super::pipe::{DriverEnd, Ending, State, Submission};
use super::redial::Redial;
use super::{Channel, Received};
use crate::ssm::wire::frame::FrameError;

/// Frames that wait to be written; the rest stays in the channel, where it can be repeated.
const QUEUE: usize = 64;
/// Messages read in one turn before writing gets its turn.
const TURN: usize = 64;
/// How long the last words may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a driver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Temper {
    /// Between two pings. Two of them without any word from the other side mean that the web socket is dead.
    pub ping: Duration,
    /// For how long a lost web socket is opened again.
    pub budget: Duration,
    /// After so long without an acknowledgement the user is told.
    pub unanswered: Duration,
    /// Ends the session after so long without an acknowledgement; `None` never does.
    pub gives_up: Option<Duration>,
    /// The longest wait between two attempts to connect; nothing for an end that waits to be called.
    pub longest_wait: Duration,
    /// For the random part of these waits.
    pub seed: u64,
}

impl Temper {
    /// A client's.
    #[must_use]
    pub fn client(seed: u64) -> Self {
        Self {
            ping: Duration::from_secs(30),
            budget: Duration::from_mins(20),
            unanswered: Duration::from_secs(10),
            gives_up: Some(Duration::from_mins(5)),
            longest_wait: Duration::from_secs(10),
            seed,
        }
    }

    /// An agent's: it waits for its client for as long as the session may be idle.
    #[must_use]
    pub fn agent(idle: Duration) -> Self {
        Self {
            ping: Duration::from_secs(54),
            budget: idle,
            unanswered: Duration::from_secs(10),
            gives_up: None,
            longest_wait: Duration::ZERO,
            seed: 0,
        }
    }
}

/// Runs a channel until its end.
#[derive(Debug)]
pub struct Driver<C, L> {
    channel: Channel,
    connector: C,
    line: L,
    temper: Temper,
    end: DriverEnd,
    started: Instant,
    random: fastrand::Rng,
    drained: Vec<tokio::sync::oneshot::Sender<()>>,
    queue: VecDeque<Bytes>,
    /// Nobody will submit anything any more.
    is_silent: bool,
    /// When we last did not listen because our user takes nothing: what is acknowledged then is not heard.
    deaf: Duration,
    redial: Redial,
}

/// What happened next on a web socket.
enum Turn {
    Leave,
    Read(Option<Result<Message, Error>>),
    Writable(Result<(), Error>),
    Deliverable,
    Submitted(Option<Submission>),
    Timer,
}

/// Why one web socket is not used any more.
enum Loss {
    Ended(Ending),
    Link(String),
}

impl<C: Connector, L: Line> Driver<C, L> {
    /// A driver; [`Driver::run`] makes it go.
    pub fn new(channel: Channel, connector: C, line: L, temper: Temper, end: DriverEnd) -> Self {
        Self {
            channel,
            connector,
            line,
            temper,
            end,
            started: Instant::now(),
            random: fastrand::Rng::with_seed(temper.seed),
            drained: Vec::new(),
            queue: VecDeque::new(),
            is_silent: false,
            deaf: Duration::ZERO,
            redial: Redial::default(),
        }
    }

    /// Runs until the session has ended, then hands the rest to the user.
    pub async fn run(mut self) {
        let ending = self.sessions().await;
        if matches!(ending, Ending::Closed(_)) {
            self.deliver_rest().await;
        }
        self.end.state.send_replace(State::Ended(ending));
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// One web socket after the other.
    async fn sessions(&mut self) -> Ending {
        loop {
            let link = match self.connect().await {
                Ok(link) => link,
                Err(ending) => return ending,
            };
            self.channel.connected(self.now());
            self.redial.opened();
            if self.redial.is_credible() {
                self.end.state.send_replace(State::Connected);
            }
            let before = self.channel.progress();
            let loss = self.exchange(link).await;
            self.channel.disconnected();
            self.queue.clear();
            match loss {
                Loss::Ended(ending) => return ending,
                Loss::Link(problem) => {
                    self.redial.lost(problem, self.channel.progress() > before);
                    self.end.state.send_replace(self.redial.state());
                }
            }
        }
    }

    async fn connect(&mut self) -> Result<C::Link, Ending> {
        let budget = self.redial.since() + self.temper.budget;
        loop {
            let leave = self.end.leave.clone();
            let wait = self.redial.wait().min(self.temper.longest_wait);
            if !wait.is_zero() {
                let wait = tokio::time::sleep(wait.mul_f64(self.random.f64()));
                tokio::select! {
                    () = leave.cancelled() => return Err(Ending::Left),
                    () = deliver_until(wait, &mut self.channel, &self.end) => {}
                }
                if Instant::now() >= budget {
                    return Err(Ending::Failed(self.redial.problem()));
                }
            }
            let connecting = async {
                tokio::select! {
                    () = leave.cancelled() => Err(Ending::Left),
                    () = sleep_until(budget) => Err(Ending::TimedOut),
                    link = self.connector.connect() => Ok(link),
                }
            };
            match deliver_until(connecting, &mut self.channel, &self.end).await? {
                Ok(link) => return Ok(link),
                Err(NoLink::Gone) => return Err(Ending::TimedOut),
                Err(NoLink::Never(problem)) => return Err(Ending::Failed(problem)),
                Err(NoLink::Later(problem)) => self.redial.failed(problem),
            }
            self.end.state.send_replace(self.redial.state());
        }
    }

    /// Everything that happens on one web socket.
    async fn exchange(&mut self, link: C::Link) -> Loss {
        let (mut sink, mut stream) = link.split();
        let mut heard = Instant::now();
        let mut next_ping = Instant::now() + self.temper.ping;
        let mut needs_flush = false;
        loop {
            if !self.channel.wants_input() {
                self.deaf = self.now();
            }
            self.move_what_can_be_moved();
            if let Some(ending) = self.given_up() {
                return Loss::Ended(ending);
            }
            if let Some(closing) = self.line.closes(self.now()) {
                if closing == Closing::InOrder {
                    let _best_effort = tokio::time::timeout(FAREWELL, self.hear_out(&mut sink, &mut stream)).await;
                }
                return Loss::Link("closed on purpose".to_owned());
            }
            let wake = self.wake(next_ping);
            let writes = !self.queue.is_empty();
            let turn = tokio::select! {
                () = self.end.leave.cancelled() => Turn::Leave,
                message = stream.next(), if self.channel.wants_input() => Turn::Read(message),
                ready = ready(&mut sink, writes), if writes || needs_flush => Turn::Writable(ready),
                _permit = self.end.deliver.reserve(), if self.channel.peek().is_some() => Turn::Deliverable,
                submission = self.end.submitted.recv(), if !self.is_silent && self.channel.has_room() => Turn::Submitted(submission),
                () = sleep_until(wake) => Turn::Timer,
            };
            match turn {
                Turn::Leave => {
                    let _best_effort = tokio::time::timeout(FAREWELL, self.part(&mut sink)).await;
                    return Loss::Ended(Ending::Left);
                }
                Turn::Read(message) => {
                    heard = Instant::now();
                    if let Err(loss) = self.read(message, &mut stream) {
                        return loss;
                    }
                }
                Turn::Writable(ready) => {
                    let written = ready.and_then(|()| if writes { self.write(&mut sink) } else { Ok(()) });
                    if let Err(error) = written {
                        return lost(&error);
                    }
                    needs_flush = writes;
                }
                Turn::Submitted(submission) => self.submit(submission),
                // A user that has gone takes nothing any more.
                Turn::Deliverable if self.end.deliver.is_closed() => return Loss::Ended(Ending::Left),
                Turn::Deliverable | Turn::Timer => {}
            }
            if Instant::now() >= next_ping {
                if !self.channel.wants_input() {
                    // It is we who do not listen.
                    heard = Instant::now();
                }
                if heard.elapsed() >= self.temper.ping * 2 {
                    return Loss::Link("the web socket is silent".to_owned());
                }
                next_ping = Instant::now() + self.temper.ping;
                if let Some(Err(error)) = sink.feed(Message::Ping(Bytes::from_static(b"keepalive"))).now_or_never() {
                    return lost(&error);
                }
                needs_flush = true;
            }
        }
    }

    /// Everything that needs no waiting: to the user, from the user, from the channel to the queue.
    fn move_what_can_be_moved(&mut self) {
        while self.channel.peek().is_some() {
            let Ok(permit) = self.end.deliver.try_reserve() else { break };
            if let Some(payload) = self.channel.take() {
                permit.send(payload);
            }
        }
        while !self.is_silent && self.channel.has_room() {
            match self.end.submitted.try_recv() {
                Ok(submission) => self.submit(Some(submission)),
                Err(_) => break,
            }
        }
        let now = self.now();
        self.line.release(now, &mut self.queue);
        while self.queue.len() < QUEUE {
            let Some(frame) = self.channel.transmit(now) else { break };
            self.line.write(now, frame, &mut self.queue);
        }
        if self.channel.is_drained() {
            for waiting in self.drained.drain(..) {
                let _whoever_still_waits = waiting.send(());
            }
        }
        self.tell_whether_answered(now);
    }

    fn submit(&mut self, submission: Option<Submission>) {
        let now = self.now();
        match submission {
            Some(Submission::Data(payload_type, payload)) => {
                // There is room: that was asked before.
                let _never_full = self.channel.send(now, payload_type, payload);
            }
            Some(Submission::Control(message_type, payload)) => self.channel.send_control(now, message_type, payload),
            Some(Submission::Drained(waiting)) => self.drained.push(waiting),
            None => self.is_silent = true,
        }
    }

    fn read<S>(&mut self, first: Option<Result<Message, Error>>, stream: &mut S) -> Result<(), Loss>
    where
        S: futures::Stream<Item = Result<Message, Error>> + Unpin,
    {
        self.read_one(first)?;
        for _ in 1..TURN {
            if !self.channel.wants_input() {
                break;
            }
            let Some(message) = stream.next().now_or_never() else { break };
            self.read_one(message)?;
        }
        Ok(())
    }

    fn read_one(&mut self, message: Option<Result<Message, Error>>) -> Result<(), Loss> {
        match message {
            Some(Ok(Message::Binary(frame))) => self.arrived(frame),
            Some(Ok(Message::Close(frame))) => {
                // Code 1000 comes about once an hour and is not the end of the session.
                let code = frame.map(|frame| u16::from(frame.code).to_string()).unwrap_or_default();
                Err(Loss::Link(format!("the web socket was closed {code}").trim_end().to_owned()))
            }
            None => Err(Loss::Link("the web socket has ended".to_owned())),
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(lost(&error)),
        }
    }

    fn arrived(&mut self, frame: Bytes) -> Result<(), Loss> {
        let now = self.now();
        let Some(frame) = self.line.read(now, frame) else { return Ok(()) };
        let before = self.channel.progress();
        let received = self.channel.receive(now, &frame);
        if self.channel.progress() > before {
            self.redial.works();
        }
        match received {
            Ok(Received::Closed(closed)) => Err(Loss::Ended(Ending::Closed(closed.output))),
            // A damaged frame is repeated by its sender.
            Ok(Received::Quiet | Received::AgentState(_))
            | Err(FrameError::Digest | FrameError::Incomplete | FrameError::Truncated) => Ok(()),
        }
    }

    fn write<S>(&mut self, sink: &mut S) -> Result<(), Error>
    where
        S: futures::Sink<Message, Error = Error> + Unpin,
    {
        let Some(frame) = self.queue.pop_front() else { return Ok(()) };
        sink.start_send_unpin(Message::Binary(frame))?;
        while let Some(Ok(())) = poll_fn(|context| sink.poll_ready_unpin(context)).now_or_never() {
            let Some(frame) = self.queue.pop_front() else { break };
            sink.start_send_unpin(Message::Binary(frame))?;
        }
        Ok(())
    }

    /// Says the last words, like that the session is over.
    async fn part<S>(&mut self, sink: &mut S) -> Result<(), Error>
    where
        S: futures::Sink<Message, Error = Error> + Unpin,
    {
        while let Ok(submission) = self.end.submitted.try_recv() {
            if matches!(submission, Submission::Control(..)) || self.channel.has_room() {
                self.submit(Some(submission));
            }
        }
        let now = self.now();
        while let Some(frame) = self.channel.transmit(now) {
            self.queue.push_back(frame);
        }
        while let Some(frame) = self.queue.pop_front() {
            sink.feed(Message::Binary(frame)).await?;
        }
        sink.send(Message::Close(None)).await
    }

    /// Closes a web socket as AWS does, and hears what the other end has written before it knew.
    async fn hear_out<K, T>(&mut self, sink: &mut K, stream: &mut T) -> Result<(), Loss>
    where
        K: futures::Sink<Message, Error = Error> + Unpin,
        T: futures::Stream<Item = Result<Message, Error>> + Unpin,
    {
        sink.send(Message::Close(Some(bye()))).await.map_err(|error| lost(&error))?;
        loop {
            self.read_one(stream.next().await)?;
        }
    }

    fn tell_whether_answered(&mut self, now: Duration) {
        if !self.redial.is_credible() {
            return;
        }
        let silent = self.unanswered(now).filter(|silent| *silent >= self.temper.unanswered);
        self.end.state.send_if_modified(|state| {
            let next = silent.map_or(State::Connected, |silent| State::Unanswered(Duration::from_secs(silent.as_secs())));
            let is_news = *state != next;
            *state = next;
            is_news
        });
    }

    /// For how long nothing was acknowledged although something waits and we listen.
    fn unanswered(&self, now: Duration) -> Option<Duration> {
        self.channel.unanswered(now).map(|silent| silent.min(now.saturating_sub(self.deaf)))
    }

    fn given_up(&self) -> Option<Ending> {
        let silent = self.unanswered(self.now())?;
        (silent >= self.temper.gives_up?)
            .then(|| Ending::Failed(format!("the target has acknowledged nothing for {} s", silent.as_secs())))
    }

    fn wake(&self, next_ping: Instant) -> Instant {
        // A full queue is written first; then there is a next time.
        let channel = self.channel.next_timeout().filter(|_| self.queue.len() < QUEUE);
        let line = self.line.next_release();
        let lasts = self.redial.lasts_at();
        [channel, line]
            .into_iter()
            .flatten()
            .map(|at| self.started + at)
            .chain(lasts)
            .min()
            .map_or(next_ping, |at| at.min(next_ping))
    }

    /// The session is over, but its last words are still on the way to the user.
    async fn deliver_rest(&mut self) {
        while let Some(payload) = self.channel.take() {
            if self.end.deliver.send(payload).await.is_err() {
                return;
            }
        }
    }
}

/// Waits for something without a web socket, and goes on to hand out what has arrived with the last one.
async fn deliver_until<F: Future>(future: F, channel: &mut Channel, end: &DriverEnd) -> F::Output {
    tokio::pin!(future);
    loop {
        tokio::select! {
            output = &mut future => return output,
            Ok(permit) = end.deliver.reserve(), if channel.peek().is_some() => {
                if let Some(payload) = channel.take() {
                    permit.send(payload);
                }
            }
        }
    }
}

/// Waits until there is room to write, or, with nothing to write, until everything is out.
async fn ready<S: futures::Sink<Message, Error = Error> + Unpin>(sink: &mut S, writes: bool) -> Result<(), Error> {
    poll_fn(|context| if writes { sink.poll_ready_unpin(context) } else { sink.poll_flush_unpin(context) }).await
}

fn lost(error: &Error) -> Loss {
    Loss::Link(error.to_string())
}

/// How AWS closes a web socket about once an hour: not the end of the session.
fn bye() -> tokio_tungstenite::tungstenite::protocol::CloseFrame {
    use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
    CloseFrame { code: CloseCode::Normal, reason: "Bye".into() }
}
