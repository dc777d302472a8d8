//! Terminals and commands.

use bartizan::emulator::agent;
use bartizan::ssm::channel::pipe::Ending;
use bartizan::ssm::client::gateway::{Gateway as _, Purpose};
use bartizan::ssm::client::session::{Kind, OpenError};
use bartizan::ssm::client::shell::Input;
use bartizan::ssm::wire::Size;

use super::{Stage, contains};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_knows_its_size_and_ends_with_exit() {
    let stage = Stage::new().await;
    let session = stage.open(Purpose::Shell).await.unwrap();
    assert_eq!((session.facts.kind, session.facts.agent, session.facts.is_encrypted), (Kind::Terminal, None, false));
    let mut shell = super::Shell::of(session);
    shell.keys.send(Input::Size(Size { cols: 132, rows: 43 })).await.unwrap();
    shell.until("$ ").await;
    shell.types("stty size; echo $((6*7)) $TERM; pwd; env | wc -l\r").await;
    shell.until("43 132\r\n42 xterm-256color\r\n").await;
    shell.keys.send(Input::Size(Size { cols: 80, rows: 24 })).await.unwrap();
    shell.types("stty size\r").await;
    shell.until("24 80").await;
    shell.types("exit\r").await;
    let (remains, ending) = shell.ends().await;
    assert_eq!(ending, Ending::Closed(String::new()));
    assert!(contains(&remains.seen, b"bartizan-session-"), "a folder of its own");
    assert_eq!(remains.closer.close().await.unwrap(), Ending::Closed(String::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_keys_go_to_the_remote() {
    let stage = Stage::new().await;
    let mut shell = stage.shell(Purpose::Shell).await;
    shell.until("$ ").await;
    shell.types("cat\r").await;
    shell.types("one\r").await;
    shell.until("one\r\none").await;
    shell.types("\u{3}").await;
    // The terminal throws away what is typed before the prompt is back.
    shell.until("^C\r\n$ ").await;
    shell.types("echo back=$?\r").await;
    shell.until("back=130").await;
    shell.types("exit 3\r").await;
    assert_eq!(shell.ends().await.1, Ending::Closed(String::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn output_that_is_no_utf_8_arrives_byte_for_byte() {
    let stage = Stage::new().await;
    let mut shell = stage.shell(Purpose::Shell).await;
    shell.until("$ ").await;
    shell.types("printf 'a\\377b\\303\\251<\\357\\277\\275>\\n'\r").await;
    shell.until(">\r\n").await;
    assert!(contains(&shell.seen, b"a\xffb\xc3\xa9<\xef>"), "{:?}", shell.seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn megabytes_of_output_come_in_order_and_a_long_paste_arrives() {
    let stage = Stage::new().await;
    let mut shell = stage.shell(Purpose::Shell).await;
    shell.until("$ ").await;
    shell.types("seq 1 200000 | tr '\\n' ' ' | fold -w 1000 | cksum; seq 1 100000; echo done\r").await;
    shell.until("100000\r\ndone").await;
    let text = String::from_utf8(shell.seen.clone()).unwrap();
    let mut numbers = text.lines().filter_map(|line| line.trim().parse::<u32>().ok());
    assert!((1..=100_000).all(|number| numbers.next() == Some(number)));
    shell.types("stty -echo -icanon; head -c 100000 | cksum\r").await;
    shell.types(&"x".repeat(100_000)).await;
    shell.types("\r\r").await;
    // `cksum` of 100,000 letters x.
    shell.until(" 100000").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_has_two_outputs_and_an_exit_code() {
    let stage = Stage::new().await;
    let session = stage.open(Purpose::Command("sh -c 'echo good; echo bad >&2; exit 3'".to_owned())).await.unwrap();
    assert_eq!(session.facts.kind, Kind::Command);
    let (remains, ending) = super::Shell::of(session).ends().await;
    assert_eq!(ending, Ending::Closed(String::new()));
    assert_eq!((remains.seen.as_slice(), remains.errors.as_slice(), remains.exit), (&b"good\n"[..], &b"bad\n"[..], Some(3)));
    let (remains, _) = stage.shell(Purpose::Command("no-such-program".to_owned())).await.ends().await;
    let words = r#"exec: "no-such-program": executable file not found in $PATH"#;
    assert_eq!((remains.exit, String::from_utf8_lossy(&remains.errors).as_ref()), (Some(1), words));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_can_be_interrupted() {
    let stage = Stage::new().await;
    let mut shell = stage.shell(Purpose::Command("sh -c 'echo begun; exec sleep 1000'".to_owned())).await;
    shell.until("begun").await;
    shell.types("\u{3}").await;
    let (remains, ending) = shell.ends().await;
    assert_eq!((remains.exit, &ending), (Some(130), &Ending::Closed(String::new())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interactive_command_has_a_terminal() {
    let stage = Stage::new().await;
    let shell = stage.shell(Purpose::InteractiveCommand("test -t 0 && echo terminal".to_owned())).await;
    let (remains, ending) = shell.ends().await;
    assert_eq!(ending, Ending::Closed(String::new()));
    assert!(contains(&remains.seen, b"terminal"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_shell_and_command_are_understood_at_both_ends() {
    let stage = encrypted().await;
    let session = stage.open(Purpose::Shell).await.unwrap();
    assert!(session.facts.is_encrypted);
    assert_eq!(session.facts.notice, "This session is encrypted using AWS KMS.");
    let mut shell = super::Shell::of(session);
    shell.keys.send(Input::Size(Size { cols: 99, rows: 33 })).await.unwrap();
    shell.until("$ ").await;
    shell.types("stty size\r").await;
    shell.until("33 99").await;
    shell.types("exit\r").await;
    shell.ends().await;
    let (remains, _) = stage.shell(Purpose::Command("echo secret".to_owned())).await.ends().await;
    assert_eq!((remains.seen.as_slice(), remains.exit), (&b"secret\n"[..], Some(0)));
}

/// A stage on which shells and commands are encrypted with the region's own key.
async fn encrypted() -> Stage {
    let stage = Stage::new().await;
    let key = stage.world.account().kms.own_key(super::REGION);
    stage.agent.configure(agent::Options { kms_key: Some(key), ..stage.agent.options() });
    stage
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_key_that_is_not_bound_to_the_session_is_refused() {
    let mut stage = encrypted().await;
    std::sync::Arc::get_mut(&mut stage.opener.gateway).unwrap().forges_key = true;
    let refused = stage.open(Purpose::Shell).await.unwrap_err();
    let OpenError::Ended(Ending::Closed(words)) = &refused else { panic!("{refused:?}") };
    assert!(words.contains("KMS cannot decrypt"), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_whose_key_is_disabled_does_not_begin() {
    let stage = encrypted().await;
    let key = stage.agent.options().kms_key.unwrap();
    stage.world.account().kms.set_enabled(&key, false);
    let refused = stage.open(Purpose::Shell).await.unwrap_err();
    assert!(matches!(&refused, OpenError::Handshake(words) if words.contains("Disabled")), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_session_ends_and_says_so() {
    let stage = Stage::faulty("idle=1").await;
    let (_, ending) = stage.shell(Purpose::Shell).await.ends().await;
    assert!(matches!(&ending, Ending::Closed(words) if words.contains("idle")), "{ending:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_ends_a_session() {
    let stage = Stage::new().await;
    let session = stage.open(Purpose::Shell).await.unwrap();
    let id = session.facts.session_id.clone();
    let mut shell = super::Shell::of(session);
    shell.until("$ ").await;
    stage.opener.gateway.aws.terminate(&id).await.unwrap();
    assert_eq!(shell.ends().await.1, Ending::Closed(String::new()));
    assert!(stage.opener.gateway.resume(&id).await.unwrap().is_none(), "it cannot be resumed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_session_is_over_for_the_service_too() {
    let stage = Stage::new().await;
    let session = stage.open(Purpose::Shell).await.unwrap();
    let id = session.facts.session_id.clone();
    let mut shell = super::Shell::of(session);
    shell.until("$ ").await;
    shell.closer.close().await.unwrap();
    stage.is_over(&id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_must_be_allowed() {
    let stage = Stage::with(agent::Options::default()).await;
    let refused = stage.open(Purpose::Shell).await.unwrap_err();
    assert!(matches!(&refused, OpenError::Refused(_)) && refused.to_string().contains("--sessions"), "{refused}");
}
