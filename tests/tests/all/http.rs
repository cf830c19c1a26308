//! A call over HTTP, signed by a person, as far as the local AWS looks at signatures.

use protector_tests::PERSON;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than any answer takes, even on a busy machine.
pub(crate) const BOUND: Duration = Duration::from_secs(90);

/// Status, head in lower case, and body of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: serde_json::Value,
}

/// The answer to a request with this first line, without its version. `headers` are whole lines.
pub(crate) fn ask(endpoint: &str, service: &str, line: &str, headers: &str, body: &str) -> Answer {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential={PERSON}/20260101/eu-west-1/{service}/aws4_request, Signature=0"
    );
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nauthorization: {signed}\r\n{headers}\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_lowercase(),
        body: serde_json::from_str(body).unwrap_or_default(),
    }
}
