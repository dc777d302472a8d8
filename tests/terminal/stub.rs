//! A server on loopback that answers as a test says: what no honest AWS would answer, and services that the embedded AWS does not have.

use std::borrow::Cow;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// What it answers to a request.
pub(crate) enum Answer {
    /// Status 200 and this text.
    Text(Cow<'static, str>),
    /// Status 200, and a body that never ends.
    Endless,
    /// Status 400 and an empty document.
    Refused,
    /// Status 400 and this text.
    Error(Cow<'static, str>),
}

/// Starts one; its address. `answer` is given the head in small letters and the body. It ends with the test's process.
pub(crate) fn serve(answer: impl Fn(&str, &str) -> Answer + Send + Sync + Copy + 'static) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || one(&stream, answer));
        }
    });
    url
}

fn one(stream: &TcpStream, answer: impl Fn(&str, &str) -> Answer) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
        head.push_str(&line.to_ascii_lowercase());
        line.clear();
    }
    let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next()?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    let _closed = reader.read_exact(&mut body);
    let mut to = stream;
    let (status, text) = match answer(&head, &String::from_utf8_lossy(&body)) {
        Answer::Text(text) => ("200 OK", text),
        Answer::Refused => ("400 Bad Request", "{}".into()),
        Answer::Error(text) => ("400 Bad Request", text),
        Answer::Endless => {
            let mut going = write!(to, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            while going.is_ok() {
                going = to.write_all(&[b' '; 1 << 16]);
            }
            return;
        }
    };
    let _closed = write!(to, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len());
}
