//! GET from the plain HTTP services of the host: task metadata and the agent's introspection.
//!
//! HTTP/1.0, so that the answer is neither chunked nor kept open; both are one request in the sidecar's life or one
//! every few seconds.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Task metadata of a task with ten containers has some 20 kB.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Gets the body of `url`, an `http://` address.
///
/// # Errors
/// A phrase: no connection, no answer within `limit`, or a status other than 200.
pub(crate) async fn get(url: &str, limit: Duration) -> Result<Vec<u8>, String> {
    let asked = async {
        let answer = ask(url).await.map_err(|e| format!("{url}: {e}"))?;
        body(&answer).map_err(|e| format!("{url}: {e}"))
    };
    timeout(limit, asked)
        .await
        .unwrap_or_else(|_| Err(format!("{url}: no answer within {} s", limit.as_secs())))
}

async fn ask(url: &str) -> std::io::Result<Vec<u8>> {
    let (host, path) = split(url).ok_or_else(|| std::io::Error::other("not an http:// address"))?;
    let address = if host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    read_answer(&mut stream).await
}

fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    Some(rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash)))
}

/// Reads to the end of the body if its length is told, else to the end of the connection.
async fn read_answer(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while answer.len() < ANSWER_BYTES_MAX && !is_complete(&answer) {
        match stream.read(&mut buffer).await? {
            0 => break,
            n => answer.extend_from_slice(buffer.get(..n).unwrap_or_default()),
        }
    }
    Ok(answer)
}

struct Answer<'a> {
    status: Option<u16>,
    length: Option<usize>,
    body: &'a [u8],
}

fn take_apart(answer: &[u8]) -> Option<Answer<'_>> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let (head, rest) = answer.split_at(end);
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|first| first.split(' ').nth(1)?.parse().ok());
    let lengths = lines.filter_map(|line| line.split_once(':'));
    let length = lengths.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.last().and_then(|(_, value)| value.trim().parse().ok());
    Some(Answer {
        status,
        length,
        body: rest.get(4..).unwrap_or_default(),
    })
}

fn is_complete(answer: &[u8]) -> bool {
    take_apart(answer).is_some_and(|a| a.length.is_some_and(|length| a.body.len() >= length))
}

fn body(answer: &[u8]) -> Result<Vec<u8>, String> {
    let parts = take_apart(answer).ok_or("no HTTP answer")?;
    match (parts.status, parts.length) {
        (Some(200), Some(length)) if parts.body.len() < length => {
            Err("the answer ended too early".to_owned())
        }
        (Some(200), length) => Ok(parts
            .body
            .get(..length.unwrap_or(parts.body.len()))
            .unwrap_or_default()
            .to_vec()),
        (Some(status), _) => Err(format!("status {status}")),
        (None, _) => Err("no HTTP answer".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_split_into_host_and_path() {
        assert_eq!(
            split("http://169.254.170.2/v4/x/task"),
            Some(("169.254.170.2", "/v4/x/task"))
        );
        assert_eq!(split("http://localhost:51678"), Some(("localhost:51678", "/")));
        assert_eq!(split("https://localhost"), None);
    }

    #[test]
    fn an_answer_is_whole_or_an_error() {
        for (answer, expected) in [
            (&b"HTTP/1.0 200 OK\r\n\r\n{}"[..], Ok(b"{}".to_vec())),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}rest",
                Ok(b"{}".to_vec()),
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
                Err("the answer ended too early".to_owned()),
            ),
            (b"HTTP/1.1 404 Not Found\r\n\r\n", Err("status 404".to_owned())),
            (b"HTTP/1.1 200", Err("no HTTP answer".to_owned())),
            (b"", Err("no HTTP answer".to_owned())),
        ] {
            assert_eq!(body(answer), expected, "{}", String::from_utf8_lossy(answer));
        }
        assert!(is_complete(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
        assert!(!is_complete(b"HTTP/1.1 200 OK\r\n\r\nabc"));
    }
}
