//! The log: a file of its own, never the screen, never a body.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::domain::text::is_hostile;
use crate::files;

/// Starts the log. `verbosity` 0 is warnings, 1 what is done and each call, 2 what the libraries say, too.
///
/// # Errors
/// The file cannot be opened.
pub fn start(path: &Path, verbosity: u8) -> io::Result<()> {
    let file = files::append_own(path)?;
    // An older log may be one that others can read.
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter(verbosity)))
        .with_ansi(false)
        .with_writer(Clean(Mutex::new(file)));
    // Fails only when a log has been started before; that one goes on.
    let _already_started = log.try_init();
    Ok(())
}

/// The SDK writes whole requests and answers at level `trace`: that level is never given to it.
fn filter(verbosity: u8) -> &'static str {
    match verbosity {
        0 => "warn",
        1 => "warn,bartizan=debug",
        _ => "info,bartizan=trace,aws_config=debug",
    }
}

/// Writes lines in which nothing can steer the terminal of whoever reads the log.
#[derive(Debug)]
struct Clean(Mutex<File>);

impl<'a> MakeWriter<'a> for Clean {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(&self.0)
    }
}

struct Line<'a>(&'a Mutex<File>);

impl io::Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = escaped(&String::from_utf8_lossy(bytes));
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        io::Write::write_all(&mut *file, text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One event is one write and one line: a line break inside it would let a stranger write lines of his own.
fn escaped(event: &str) -> String {
    let mut out = String::with_capacity(event.len());
    for c in event.trim_end_matches('\n').chars() {
        if is_hostile(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_cannot_steer_a_terminal() {
        assert_eq!(escaped("a\u{1b}[2Jb\u{202e}c\nd\n"), "a\\u{1b}[2Jb\\u{202e}c\\u{a}d\n");
    }

    #[test]
    fn the_libraries_never_write_bodies() {
        assert!((0..=9).all(|verbosity| !filter(verbosity).contains("aws_smithy") && !filter(verbosity).starts_with("trace")));
    }
}
