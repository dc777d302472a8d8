//! Shells inside the console: the built program in a terminal, over the embedded AWS of the demo, whose shells are real.

use tempfile::TempDir;

use crate::harness::{Start, Terminal};

/// The demo, on its bastions.
const ARGUMENTS: [&str; 5] = ["--demo", "quiet", "--pane", "bastions", "--test-idle"];

fn console(home: &TempDir, columns: u16, lines: u16) -> Terminal {
    let mut terminal = Start::new(home.path(), &ARGUMENTS).size(columns, lines).run();
    terminal.settle();
    terminal
}

/// A console with one shell open and on screen.
fn with_shell(home: &TempDir) -> Terminal {
    let mut terminal = console(home, 100, 30);
    terminal.keys("s").until("Shell on").until("the demo: the session runs on this machine");
    terminal.until("TLS, and no key of the account");
    terminal.keys("OPS-7\r").until("$ ").until(" open ");
    terminal
}

#[test]
fn a_shell_opens_in_a_tab_takes_every_key_and_closes() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = with_shell(&home);
    terminal.keys("echo $((41+1))-answer\r").until("42-answer");
    // The header has two lines, then tabs; status and footer are below: 30 lines less 5.
    terminal.keys("stty size\r").until("25 100");
    // What is interrupted runs: the words in quotes come from it, not from the line as it was typed.
    terminal.keys("sh -c 'echo slee''ping; exec sleep 1000'\r").until("sleeping").keys("\u{3}").until("^C");
    terminal.keys("sh -c 'echo run''ning; exec cat -v'\r").until("running").keys("\u{1a}").until("Stopped");
    terminal.keys("kill -9 %1; wait; echo g''one\r").until("gone");
    terminal.resize(90, 24);
    terminal.keys("clear; until [ \"$(stty size)\" = \"19 90\" ]; do sleep 0.1; done; stty size\r").until("\n19 90");
    terminal.keys("\u{1d}").until("the next key is a command");
    terminal.keys("b").until_gone("the next key is a command").until("nodes");
    terminal.keys("0").until("\n19 90");
    terminal.keys("exit\r").until("ended");
    terminal.keys("x").until("nodes").until_gone("shell on");
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_as_found();
}

/// Where the console of this home keeps its recordings.
fn recordings(home: &TempDir) -> Vec<std::path::PathBuf> {
    let folder = home.path().join(".local/state/bartizan/recordings");
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

#[test]
fn nothing_of_a_target_reaches_the_persons_terminal_but_what_is_painted() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = with_shell(&home);
    let hostile =
        r"printf '\033]52;c;cHduZWQ=\007\033]0;pwn\033\134\033P+q544e\033\134\033_apc\033\134'; printf '\033[31mred%s\n' -text";
    terminal.keys(hostile).keys("\r").until("red-text");
    terminal.keys("\u{1d}x").until("nodes").keys("q");
    assert_eq!(terminal.ended(), 0);
    for stranger in [b"\x1b]52;".as_slice(), b"\x1b]0;", b"\x1bP", b"\x1b_"] {
        assert!(!terminal.written().windows(stranger.len()).any(|bytes| bytes == stranger), "{stranger:?}");
    }
}

#[test]
fn a_flood_does_not_make_a_key_wait_and_marks_its_tab() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = with_shell(&home);
    terminal.keys("yes flood\r").until("flood");
    terminal.keys("\u{1d}b").until("nodes");
    terminal.until_screen("the tab is marked", |screen| screen.lines().nth(2).is_some_and(|tabs| tabs.contains('*')));
    // The list still answers, although the flood goes on.
    terminal.keys("/zzz").until("/zzz").keys("\u{1b}").until_gone("zzz").keys("0").until("flood").keys("\u{3}").until("^C");
    terminal.keys("\u{1d}x").until("nodes").keys("q");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn what_has_scrolled_away_is_searched_and_copied() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = with_shell(&home);
    terminal.keys("for i in $(seq 1 200); do echo \"number-$i-end\"; done\r").until("number-200-end");
    terminal.keys("\u{1d}[").until("held still").keys("/number-7-\r").until("number-7-end");
    terminal.keys("y").until("copied 1 line").until("number-200-end");
    // "number-7-end\n" in base64, by an explicit action of the person only.
    terminal.until_written(b"\x1b]52;c;bnVtYmVyLTctZW5kCg==");
    terminal.keys("exit\r").until("ended");
    terminal.keys("\u{1d}x").until("nodes").keys("q");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn a_recording_holds_what_was_shown_and_never_what_was_typed() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = with_shell(&home);
    terminal.keys("\u{1d}r").until("recording to");
    terminal
        .keys("stty -echo; echo re''ady; read secret; stty echo; echo got-${#secret}\r")
        .until("ready")
        .keys("hunter2\r")
        .until("got-7");
    terminal.keys("\u{1d}r").until_gone("recording to").keys("exit\r").until("ended");
    terminal.keys("xq");
    assert_eq!(terminal.ended(), 0);
    let [file] = recordings(&home).try_into().unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["version"], &lines[0]["bartizan"]["reason"]), (&2.into(), &"OPS-7".into()));
    let shown: String = lines[1..].iter().filter(|line| line[1] == "o").map(|line| line[2].as_str().unwrap()).collect();
    assert_eq!(lines.last().unwrap()[2], "bartizan: end");
    assert!(shown.contains("got-7") && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_recording_is_listed_and_played_with_nothing_of_it_reaching_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = with_shell(&home);
    terminal.keys("\u{1d}r").until("recording to");
    terminal.keys("printf '\\033]52;c;cHduZWQ=\\007'; echo fir''st-words\r").until("first-words");
    terminal.resize(90, 24);
    terminal
        .keys("until [ \"$(stty size)\" = \"19 90\" ]; do sleep 0.1; done; clear; echo sec''ond-words\r")
        .until("second-words");
    terminal.keys("exit\r").until("ended").keys("x").until("nodes");
    terminal.keys("9").until("whole").keys("p").until("replay");
    // The end, the beginning, and the end again by playing: the sleep of the target is waited for.
    terminal.keys("G").until("second-words").until("at its end").keys("g").until_gone("second-words");
    terminal.keys("++++ ").until("second-words").until("at its end");
    terminal.keys("[").until("held still").keys("/words\r").keys("q").until("at its end").keys("x").until("whole").keys("q");
    assert_eq!(terminal.ended(), 0);
    assert!(!terminal.written().windows(5).any(|bytes| bytes == b"\x1b]52;"), "the clipboard is left alone");
    let listed = crate::harness::without_terminal(
        &crate::harness::environment(home.path()),
        &["sessions", "--recordings", "--json", "reason:OPS-7"],
    );
    assert!(listed.0 == 0 && listed.1.contains(r#""state":"whole""#) && listed.1.contains(r#""reason":"OPS-7""#), "{listed:?}");
}

#[test]
fn a_shell_is_lent_the_terminal_and_one_key_takes_it_back_mended() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = with_shell(&home);
    terminal.keys("echo bef''ore\r").until("before");
    terminal.keys("\u{1d}t").until_gone("5 Bastions").until("before");
    terminal.keys("until [ \"$(stty size)\" = \"30 100\" ]; do sleep 0.1; done; echo who''le\r").until("whole");
    // What harms does not pass; what a program may do to its terminal does.
    terminal.keys("printf '\\033]52;c;cHduZWQ=\\007\\033]0;pwn\\007'; echo li''ne\r").until("line");
    terminal.keys("printf '\\033[?1049h\\033[?25l\\033[?1003;1006h\\033[3;9r\\033[7m\\033[?6h'; echo fu''ll\r").until("full");
    terminal.keys("sleep 1000\r\u{3}").until("^C");
    terminal.keys("\u{1d}").until("the next key is a command").until("5 Bastions");
    terminal.keys("\u{1b}").until_gone("the next key is a command");
    terminal.keys("until [ \"$(stty size)\" = \"25 100\" ]; do sleep 0.1; done; echo ba''ck\r").until("back");
    terminal.keys("\u{1d}t").until_gone("5 Bastions").keys("exit\r").until("ended").until("5 Bastions");
    terminal.keys("x").until("nodes").keys("q");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_as_found();
    for stranger in [b"\x1b]52;".as_slice(), b"\x1b]0;"] {
        assert!(!terminal.written().windows(stranger.len()).any(|bytes| bytes == stranger), "{stranger:?}");
    }
}

#[test]
fn a_signal_gives_a_lent_terminal_back_as_it_was_found() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = with_shell(&home);
    terminal.keys("\u{1d}t").until_gone("5 Bastions");
    terminal.keys("printf '\\033[?1049h\\033[?25l\\033[?1003h'; echo fu''ll\r").until("full");
    terminal.signal("TERM");
    terminal.ended();
    terminal.assert_as_found();
}

#[test]
fn the_mouse_and_keys_with_shift_reach_a_target_that_asks_and_the_mouse_no_other() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = with_shell(&home);
    let asked = |terminal: &Terminal| terminal.written().windows(8).any(|bytes| bytes == b"\x1b[?1002h");
    assert!(!asked(&terminal), "nobody has asked");
    terminal.keys("printf '\\033[?1002;1006h'; exec cat -v\r").until_written(b"\x1b[?1002h\x1b[?1006h");
    // Of a mouse on the header, and in the body from its own corner: the body begins on the fourth line.
    terminal.keys("\u{1b}[<0;10;1M\u{1b}[<0;10;5M\u{1b}[<0;10;5m\u{1b}[1;2A\r").until("^[[<0;10;2M^[[<0;10;2m^[[1;2A");
    assert!(!terminal.text().contains("10;1M"), "{}", terminal.text());
    terminal.keys("\u{1d}b").until("nodes").until_written(b"\x1b[?1002l").keys("\u{1b}[<0;10;5M");
    terminal.keys("0").until("^[[1;2A").keys("\u{3}").until("ended").keys("x").until("nodes").keys("q");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_as_found();
}

#[test]
fn a_paste_of_any_length_arrives_whole_and_can_be_stopped() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = with_shell(&home);
    let paste = |letter: &str, length: usize| format!("\u{1b}[200~{}\u{1b}[201~", letter.repeat(length));
    terminal.keys("stty -icanon -echo; echo rea''dy; head -c 200000 | tr -d x | wc -c; echo do''ne\r").until("ready");
    terminal.keys(&paste("x", 200_000)).until("done").until("\n0");
    // A target that takes nothing; a program that was told of a paste is told of its end.
    terminal.keys("clear; printf '\\033[?2004h'; sleep 1; echo sto''pped; sleep 1000\r").until("stopped");
    terminal.keys(&paste("y", 4_000_000)).until("% of 4000012 bytes; Esc stops").keys("\u{1b}").until_gone("Esc stops");
    terminal.keys("\u{1d}x").until("nodes").keys("q");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn a_forward_is_listed_carries_bytes_and_stops() {
    use std::io::{Read as _, Write as _};
    let far = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = far.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in far.incoming().flatten() {
            let mut connection = connection;
            let mut buffer = [0; 64];
            while let Ok(length @ 1..) = connection.read(&mut buffer) {
                connection.write_all(&buffer[..length]).unwrap();
            }
        }
    });
    let home = tempfile::tempdir().unwrap();
    let mut terminal = console(&home, 120, 30);
    terminal.keys("8").until("no forwards").keys("n").until("forward TARGET");
    terminal.keys(&format!("tag:Nope=1 {port}\r")).until("the demo").keys("\r").until("no node in");
    terminal.keys("C").until("no forwards").keys("n").until("forward TARGET");
    terminal.keys(&format!("i-0c55b159cbfafe1f0 {port}\r")).until("the demo").keys("\r").until(" open");
    terminal.until("127.0.0.1:");
    let text = terminal.text();
    let local = text.split("127.0.0.1:").nth(1).unwrap().split_whitespace().next().unwrap().parse::<u16>().unwrap();
    let mut near = std::net::TcpStream::connect(("127.0.0.1", local)).unwrap();
    near.write_all(b"hello").unwrap();
    let mut answer = [0; 5];
    near.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"hello");
    terminal.until("5 B");
    terminal.keys("q").until("1 forward will end with the console");
    terminal.keys("x").until("stopped").keys("q");
    assert_eq!(terminal.ended(), 0);
}
