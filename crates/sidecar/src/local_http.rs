//! The plain HTTP services of the host: task metadata, the agent's introspection, IMDS.
//!
//! HTTP/1.0, so that the answer is neither chunked nor kept open: each is asked once in the sidecar's life, or once
//! every few seconds.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Task metadata of a task with ten containers has some 20 kB.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// An answer, whatever its status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The whole body.
    pub(crate) body: Vec<u8>,
}

/// Gets the body of `url`, an `http://` address.
///
/// # Errors
/// A phrase: no connection, no answer within `limit`, or a status other than 200.
pub(crate) async fn get(url: &str, limit: Duration) -> Result<Vec<u8>, String> {
    match ask("GET", url, "Accept: application/json", limit).await? {
        Answer { status: 200, body } => Ok(body),
        Answer { status, .. } => Err(format!("{url}: status {status}")),
    }
}

/// Asks with one header of the caller's.
///
/// # Errors
/// A phrase: no connection, or no whole answer within `limit`.
pub(crate) async fn ask(method: &str, url: &str, header: &str, limit: Duration) -> Result<Answer, String> {
    let asked = async {
        let answer = exchange(method, url, header)
            .await
            .map_err(|e| format!("{url}: {e}"))?;
        whole(&answer).ok_or_else(|| format!("{url}: no whole HTTP answer"))
    };
    timeout(limit, asked)
        .await
        .unwrap_or_else(|_| Err(format!("{url}: no answer within {} s", limit.as_secs())))
}

async fn exchange(method: &str, url: &str, header: &str) -> std::io::Result<Vec<u8>> {
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
    let request =
        format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\n{header}\r\nConnection: close\r\n\r\n");
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

struct Parts<'a> {
    status: Option<u16>,
    length: Option<usize>,
    body: &'a [u8],
}

fn take_apart(answer: &[u8]) -> Option<Parts<'_>> {
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
    Some(Parts {
        status,
        length,
        body: rest.get(4..).unwrap_or_default(),
    })
}

fn is_complete(answer: &[u8]) -> bool {
    take_apart(answer).is_some_and(|a| a.length.is_some_and(|length| a.body.len() >= length))
}

/// Nothing if the status is not there, or less came than was announced.
fn whole(answer: &[u8]) -> Option<Answer> {
    let parts = take_apart(answer)?;
    let body = parts.body.get(..parts.length.unwrap_or(parts.body.len()))?;
    Some(Answer {
        status: parts.status?,
        body: body.to_vec(),
    })
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
        let answer = |status, body: &str| {
            Some(Answer {
                status,
                body: body.into(),
            })
        };
        for (bytes, expected) in [
            (&b"HTTP/1.0 200 OK\r\n\r\n{}"[..], answer(200, "{}")),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}rest",
                answer(200, "{}"),
            ),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", None),
            (b"HTTP/1.1 404 Not Found\r\n\r\n", answer(404, "")),
            (b"HTTP/1.1 abc\r\n\r\n", None),
            (b"HTTP/1.1 200", None),
            (b"", None),
        ] {
            assert_eq!(whole(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
        assert!(is_complete(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
        assert!(!is_complete(b"HTTP/1.1 200 OK\r\n\r\nabc"));
    }
}
