//! Recordings of shells: files in the format asciicast, version 2 (docs.asciinema.org/manual/asciicast/v2), which other programs play,
//! too. The header also says whose session it was, on what and why; a marker at the end says that the end is there.
//!
//! What is typed is never written: it may be a password, and what the target shows of it is in the output anyway.
//!
//! | file | what |
//! |---|---|
//! | [`mod@write`] | one recording as it grows |
//! | [`list`] | what lies in a folder, from the beginning and the end of each file alone |
//! | [`play`] | the events of one recording, in order, whatever is in the file |

pub mod list;
pub mod play;
pub mod write;
