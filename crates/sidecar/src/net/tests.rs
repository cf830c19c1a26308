use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::trust::tests::of_tests;
use super::*;

/// A server that gives each connection to `serve`, with its number. The receiver gets these numbers.
fn server(serve: impl Fn(usize, TcpStream) + Send + 'static) -> (String, Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (accepted, connections) = channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            accepted.send(number).unwrap_or_default();
            serve(number, stream);
        }
    });
    (format!("http://{address}/x"), connections)
}

/// Reads the head of a request; false at the end of the connection.
fn reads_head(reader: &mut impl BufRead) -> bool {
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line).unwrap_or_default() == 0 {
            return false;
        }
    }
    true
}

fn get(client: &Http, url: &str) -> Result<(u16, Bytes), Failed> {
    let request = Request::get(url).body(Bytes::new()).unwrap();
    let answer = client.call(request);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answer = runtime.block_on(answer)?;
    Ok((answer.status().as_u16(), answer.into_body()))
}

fn answered(bytes: Vec<u8>) -> Result<(u16, Bytes), Unreachable> {
    let (url, _connections) = server(move |_, mut stream| {
        reads_head(&mut BufReader::new(&stream));
        stream.write_all(&bytes).unwrap_or_default();
    });
    get(&Http::direct(), &url).map_err(|failed| failed.seen)
}

#[test]
fn an_answer_is_whole_or_an_error() {
    for (bytes, expected) in [
        (&b"HTTP/1.0 200 OK\r\n\r\n{}"[..], Ok((200, "{}"))),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}rest",
            Ok((200, "{}")),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            Ok((200, "{}")),
        ),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", Ok((404, ""))),
        (b"HTTP/1.1 429 -\r\nContent-Length: 0\r\n\r\n", Ok((429, ""))),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
            Err(Unreachable::Cut),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
            Err(Unreachable::Cut),
        ),
        (b"HTTP/1.1 abc\r\n\r\n", Err(Unreachable::Cut)),
        (b"HTTP/1.1 200", Err(Unreachable::Cut)),
        (b"", Err(Unreachable::Cut)),
    ] {
        let expected = expected.map(|(status, body)| (status, Bytes::from(body)));
        assert_eq!(
            answered(bytes.to_vec()),
            expected,
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn an_answer_is_bounded() {
    let answer = |length: usize| [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &vec![b'x'; length]].concat();
    assert_eq!(
        answered(answer(ANSWER_BYTES_MAX)).map(|(_, body)| body.len()),
        Ok(ANSWER_BYTES_MAX)
    );
    assert_eq!(answered(answer(ANSWER_BYTES_MAX + 1)), Err(Unreachable::Cut));
}

const KEPT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

fn twice(client: &Http, url: &str) -> [Result<(u16, Bytes), Failed>; 2] {
    // One runtime for both: a connection lives in the runtime in which it was opened.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    [(); 2].map(|()| {
        let request = Request::get(url).body(Bytes::new()).unwrap();
        let answer = runtime.block_on(client.call(request))?;
        Ok((answer.status().as_u16(), answer.into_body()))
    })
}

#[test]
fn a_connection_is_used_again() {
    let (url, connections) = server(|_, mut stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while reads_head(&mut reader) {
            stream.write_all(KEPT).unwrap();
        }
    });
    let client = Http::direct();
    assert_eq!(
        twice(&client, &url),
        [(); 2].map(|()| Ok((200, Bytes::from("{}"))))
    );
    drop(client);
    assert_eq!(connections.try_iter().count(), 1);
}

/// The second request of the first connection gets no answer: the server has given it up meanwhile.
#[test]
fn a_kept_connection_that_was_closed_is_replaced_once() {
    let (url, connections) = server(|_, mut stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        if reads_head(&mut reader) {
            stream.write_all(KEPT).unwrap();
        }
        reads_head(&mut reader);
    });
    assert_eq!(
        twice(&Http::direct(), &url),
        [(); 2].map(|()| Ok((200, Bytes::from("{}"))))
    );
    assert_eq!(connections.try_iter().count(), 2);
}

fn secure_server() -> (String, Receiver<usize>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../../tests/tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../tests/tls/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let (url, connections) = server(move |_, stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        let mut head = [0; 4096];
        // A client that does not trust this server ends the connection.
        if stream.read(&mut head).is_ok() {
            stream.write_all(KEPT).unwrap();
        }
    });
    (url.replace("http:", "https:"), connections)
}

fn trusting(trust: Trust) -> Http {
    Http {
        trust: Arc::new(trust),
        ..Http::direct()
    }
}

#[test]
fn an_authority_that_is_not_amazons_is_looked_for_in_the_files() {
    let (url, connections) = secure_server();
    let answer = get(&trusting(Trust::new(false, of_tests)), &url).unwrap();
    assert_eq!(answer, (200, Bytes::from("{}")));
    assert_eq!(connections.try_iter().count(), 2, "first by Amazon's roots");
    assert!(get(&trusting(Trust::new(true, of_tests)), &url).is_ok());
    assert_eq!(
        connections.try_iter().count(),
        1,
        "the files alone, if they were chosen"
    );
}

#[test]
fn an_unknown_authority_is_not_trusted() {
    let (url, connections) = secure_server();
    for chosen in [false, true] {
        let failed = get(&trusting(Trust::new(chosen, rustls::RootCertStore::empty)), &url).unwrap_err();
        assert_eq!(failed.seen, Unreachable::NotTrusted, "{failed}");
        assert_eq!(connections.try_iter().count(), if chosen { 1 } else { 2 });
    }
}
