//! A server on 127.0.0.1, with TLS or without: one request per connection, one thread per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use super::tls;

/// What was asked.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What is answered.
pub(crate) enum Answer {
    Status(u16, String),
    /// The connection is closed without an answer.
    Nothing,
    /// The connection stays open without an answer, longer than any timeout.
    Silence,
}

/// Serves for the rest of the test process, and gives its address. Beside each answer stands its `Date`.
pub(crate) fn serve(
    answer: impl Fn(&Request) -> (Answer, Option<String>) + Clone + Send + 'static,
) -> String {
    listen("http", move |stream| {
        serve_one(stream, &answer);
    })
}

/// The same over TLS, with the certificate of [`tls::server`].
pub(crate) fn serve_securely(
    answer: impl Fn(&Request) -> (Answer, Option<String>) + Clone + Send + 'static,
) -> String {
    let config = tls::server();
    listen("https", move |stream| {
        serve_one(tls::accept(&config, stream), &answer);
    })
}

/// One thread for each connection.
pub(crate) fn listen(scheme: &str, serve: impl Fn(std::net::TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("{scheme}://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve_one(
    mut stream: impl Read + Write,
    answer: &impl Fn(&Request) -> (Answer, Option<String>),
) -> Option<()> {
    let request = read(&mut stream)?;
    let (answer, date) = answer(&request);
    let date = date.map(|date| format!("Date: {date}\r\n")).unwrap_or_default();
    match answer {
        Answer::Nothing => {}
        Answer::Silence => thread::sleep(Duration::from_secs(30)),
        Answer::Status(status, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} -\r\nContent-Type: application/x-amz-json-1.1\r\n\
                 {date}Content-Length: {length}\r\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).ok()?;
            stream.write_all(body.as_bytes()).ok()?;
        }
    }
    Some(())
}

fn read(stream: impl Read) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut text = String::new();
        reader.read_line(&mut text).ok()?;
        Some((text.trim_end().to_owned(), ()))
    };
    let (first, ()) = line()?;
    let mut headers = vec![];
    while let Some((header, ())) = line().filter(|(header, ())| !header.is_empty()) {
        let (name, value) = header.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut request = Request {
        method,
        path,
        headers,
        body: String::new(),
    };
    let length: usize = request
        .header("content-length")
        .and_then(|l| l.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}
