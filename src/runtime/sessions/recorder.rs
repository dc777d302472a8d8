//! Records one shell, when it is asked to: see [`crate::recordings`].

use std::io;
use std::path::PathBuf;

use tokio::sync::mpsc;

use super::Said;
use crate::aws::session::Clock;
use crate::config::paths;
use crate::domain::shell::{Recording, ShellId, ShellNews};
use crate::kit::input::Size;
pub(super) use crate::recordings::write::About;
use crate::recordings::write::Cast;

/// Where recordings are; `None`: there is no home directory.
pub(in crate::runtime) fn folder() -> Option<PathBuf> {
    paths::recordings_dir()
}

/// Records one shell, when it is asked to.
#[derive(Debug)]
pub(super) struct Recorder {
    id: ShellId,
    size: Size,
    about: About,
    cast: Option<Cast>,
}

impl Recorder {
    /// Nothing is recorded yet.
    pub(super) fn new(id: ShellId, size: Size, about: About) -> Self {
        Self { id, size, about, cast: None }
    }

    /// Begins a recording, or ends the one under way.
    pub(super) async fn switch(&mut self, wanted: bool, said: &mpsc::Sender<Said>) {
        let news = match (wanted, self.cast.is_some()) {
            (true, false) => match self.begin() {
                Ok((file, cast)) => {
                    self.cast = Some(cast);
                    Recording::On { file }
                }
                Err(error) => Recording::Failed { why: error.to_string() },
            },
            (false, true) => {
                self.close();
                Recording::Off
            }
            _ => return,
        };
        self.tell(news, said).await;
    }

    /// Writes what the target has sent. A file that takes no more ends the recording, not the shell.
    pub(super) async fn output(&mut self, bytes: &[u8], said: &mpsc::Sender<Said>) {
        let written = self.cast.as_mut().map_or(Ok(()), |cast| cast.output(bytes));
        self.check(written, said).await;
    }

    /// The terminal has another size from now on.
    pub(super) async fn resize(&mut self, size: Size, said: &mpsc::Sender<Said>) {
        self.size = size;
        let written = self.cast.as_mut().map_or(Ok(()), |cast| cast.resize((size.width, size.height)));
        self.check(written, said).await;
    }

    async fn check(&mut self, written: io::Result<()>, said: &mpsc::Sender<Said>) {
        if let Err(error) = written {
            self.cast = None;
            self.tell(Recording::Failed { why: error.to_string() }, said).await;
        }
    }

    /// Ends the recording under way.
    pub(super) fn close(&mut self) {
        if let Some(cast) = self.cast.take() {
            cast.end();
        }
    }

    async fn tell(&self, news: Recording, said: &mpsc::Sender<Said>) {
        let _loop_has_ended = said.send(Said::Shell(self.id, ShellNews::Recording(news))).await;
    }

    fn begin(&self) -> io::Result<(String, Cast)> {
        let folder = folder().ok_or_else(|| io::Error::other("there is no home directory"))?;
        let now = Clock::system().now();
        let target: String = self.about.target.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
        let name = format!("{}-{target}-{}.cast", now.strftime("%Y%m%dT%H%M%SZ"), self.id.0);
        let cast = Cast::create(&folder, &name, (self.size.width, self.size.height), now.as_second(), &self.about)?;
        Ok((name, cast))
    }
}

impl Drop for Recorder {
    /// The shell's tab was closed, or the console ends.
    fn drop(&mut self) {
        self.close();
    }
}
