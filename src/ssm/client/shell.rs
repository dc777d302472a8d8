//! A terminal, or a command without one.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::session::{SessionReceiver, SessionSender};
use crate::ssm::channel::pipe::{Ended, Ending};
use crate::ssm::wire::payload::exit_code;
use crate::ssm::wire::{PayloadType, Size};

/// A terminal that is being resized sends its size when it stands still for so long.
pub const RESIZE_PAUSE: Duration = Duration::from_millis(60);

/// What goes to the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Keys, as a raw terminal sends them: Enter is CR.
    Keys(Bytes),
    /// The terminal has another size.
    Size(Size),
}

/// What comes from the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Bytes for the terminal. Not always whole characters.
    Terminal(Bytes),
    /// Bytes of standard error, where it comes apart.
    StdErr(Bytes),
    /// The command has ended so.
    Exit(i32),
}

/// Carries keys and sizes to the target and its output back, until the session ends. Ends early only when nobody takes output.
pub async fn run(
    sender: SessionSender,
    mut receiver: SessionReceiver,
    input: mpsc::Receiver<Input>,
    output: mpsc::Sender<Output>,
) -> Ending {
    let sending = tokio::spawn(send(sender.clone(), input));
    while let Some((payload_type, payload)) = receiver.receive().await {
        let output_or_end = match payload_type {
            PayloadType::Output => Some(Output::Terminal(payload)),
            PayloadType::StdErr => Some(Output::StdErr(payload)),
            PayloadType::ExitCode => exit_code(&payload).map(Output::Exit),
            _ => None,
        };
        if let Some(news) = output_or_end
            && output.send(news).await.is_err()
        {
            break;
        }
    }
    sending.abort();
    if output.is_closed() { Ending::Left } else { sender.ending().await }
}

async fn send(sender: SessionSender, mut input: mpsc::Receiver<Input>) -> Result<(), Ended> {
    let mut last = None;
    while let Some(next) = input.recv().await {
        match next {
            Input::Keys(keys) => sender.send(keys).await?,
            // A terminal without a size has none to tell; the same size is no news.
            Input::Size(size) if size.cols > 0 && size.rows > 0 && last != Some(size) => {
                last = Some(size);
                sender.send_plain(PayloadType::Size, size.encode()).await?;
            }
            Input::Size(_) => {}
        }
    }
    Ok(())
}
