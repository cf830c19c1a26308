//! Which way a call goes: straight, or through a proxy, as curl and the SDKs understand the environment.

use http::uri::Scheme;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// The proxies that the environment names: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, and the same in lower
/// case. Its debugging text has no passwords.
#[derive(Debug)]
pub(super) struct Proxies(Matcher);

impl Proxies {
    pub(super) fn from_environment() -> Self {
        Self(Matcher::from_env())
    }

    /// The proxy for this address, if there is one.
    pub(super) fn of(&self, uri: &Uri) -> Option<Proxy> {
        self.0.intercept(uri).map(|found| Proxy::from(&found))
    }
}

/// One proxy. Its password is a sensitive header, which is never written out.
#[derive(Debug, Clone)]
pub(super) struct Proxy {
    /// Its address, without user name and password.
    pub(super) address: Uri,
    /// Its `Proxy-Authorization`.
    pub(super) authorization: Option<HeaderValue>,
}

impl From<&Intercept> for Proxy {
    fn from(found: &Intercept) -> Self {
        Self {
            address: found.uri().clone(),
            authorization: found.basic_auth().cloned(),
        }
    }
}

/// Where to connect to: a name or an address without brackets, and a port.
pub(super) fn host_and_port(uri: &Uri) -> Option<(&str, u16)> {
    let host = uri.host().filter(|host| !host.is_empty())?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().or_else(|| default_port(uri))?;
    Some((host, port))
}

/// The same as text, with brackets.
pub(super) fn authority(uri: &Uri) -> Option<String> {
    let (_, port) = host_and_port(uri)?;
    Some(format!("{}:{port}", uri.host()?))
}

/// What the `Host` header says: the port only if it is not the default one, as it is signed.
pub(super) fn host_header(uri: &Uri) -> Option<String> {
    match uri.port_u16() {
        Some(port) if default_port(uri) != Some(port) => Some(format!("{}:{port}", uri.host()?)),
        _ => uri.host().map(str::to_owned),
    }
}

fn default_port(uri: &Uri) -> Option<u16> {
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => Some(443),
        Some(scheme) if *scheme == Scheme::HTTP => Some(80),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for (text, place, shown, header) in [
            (
                "http://169.254.170.2/v4/x",
                ("169.254.170.2", 80),
                "169.254.170.2:80",
                "169.254.170.2",
            ),
            (
                "http://localhost:51678",
                ("localhost", 51678),
                "localhost:51678",
                "localhost:51678",
            ),
            (
                "https://ssm.eu-west-1.amazonaws.com/",
                ("ssm.eu-west-1.amazonaws.com", 443),
                "ssm.eu-west-1.amazonaws.com:443",
                "ssm.eu-west-1.amazonaws.com",
            ),
            ("https://a:443", ("a", 443), "a:443", "a"),
            (
                "http://[fd00:ec2::254]/latest",
                ("fd00:ec2::254", 80),
                "[fd00:ec2::254]:80",
                "[fd00:ec2::254]",
            ),
        ] {
            let uri: Uri = text.parse().unwrap();
            assert_eq!(host_and_port(&uri), Some(place));
            assert_eq!(
                (authority(&uri).unwrap(), host_header(&uri).unwrap()),
                (shown.to_owned(), header.to_owned())
            );
        }
        for text in ["/path", "ftp://host/", "host:80"] {
            assert_eq!(
                host_and_port(&text.parse().unwrap()).map(|(_, port)| port),
                match text {
                    "host:80" => Some(80),
                    _ => None,
                }
            );
        }
    }

    #[test]
    fn a_password_is_nowhere_in_the_text_of_a_proxy() {
        let matcher = Matcher::builder().https("http://user:pa55@proxy:3128").build();
        let proxy = Proxies(matcher).of(&"https://ssm/".parse().unwrap()).unwrap();
        assert!(proxy.authorization.is_some());
        let texts = format!("{proxy:?} {}", proxy.address);
        assert!(
            texts.contains("proxy:3128") && !texts.contains("pa55") && !texts.contains("user"),
            "{texts}"
        );
        assert!(!texts.contains("cGE1NQ") && !texts.contains("dXNlcj"), "{texts}");
    }
}
