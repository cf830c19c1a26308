//! An HTTP proxy on 127.0.0.1: it opens tunnels (CONNECT), forwards requests with a whole address, or refuses both.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy, and what it was asked.
pub(crate) struct Proxy {
    asked: Arc<Mutex<Vec<String>>>,
    /// Host and port.
    pub(crate) place: String,
}

impl Proxy {
    /// One that does what it is asked.
    pub(crate) fn willing() -> Proxy {
        Self::start(None)
    }

    /// One that answers every request with this status.
    pub(crate) fn refusing(status: u16) -> Proxy {
        Self::start(Some(status))
    }

    fn start(refusal: Option<u16>) -> Proxy {
        let asked = Arc::new(Mutex::new(vec![]));
        let heads = asked.clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heads = heads.clone();
                // A peer that goes away ends the connection, and nothing else.
                thread::spawn(move || serve(stream, refusal, &heads));
            }
        });
        Proxy { asked, place }
    }

    /// The heads of all requests so far: their first lines and headers.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(client: TcpStream, refusal: Option<u16>, heads: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let head = read_head(&mut reader)?;
    heads.lock().unwrap().push(head.clone());
    if let Some(status) = refusal {
        let answer = format!("HTTP/1.1 {status} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return (&client).write_all(answer.as_bytes());
    }
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let place = target
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap_or_default();
    let server = TcpStream::connect(place)?;
    if method == "CONNECT" {
        (&client).write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    } else {
        let there = head.replacen(&format!("http://{place}"), "", 1);
        (&server).write_all(there.as_bytes())?;
    }
    splice(reader, client, server)
}

fn read_head(reader: &mut impl BufRead) -> io::Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

/// Copies in both directions until both have ended.
fn splice(
    mut from_client: impl Read + Send + 'static,
    client: TcpStream,
    server: TcpStream,
) -> io::Result<()> {
    let there = server.try_clone()?;
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut &there);
        let _ = there.shutdown(Shutdown::Write);
    });
    io::copy(&mut &server, &mut &client)?;
    client.shutdown(Shutdown::Both)
}
