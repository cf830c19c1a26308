//! A call that got no whole answer: what happened, and on which way.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

use aws_smithy_runtime_api::client::result::ConnectorError;
use protector_core::network::{Route, Unreachable};
use protector_runtime::error::chain;

/// What happened. Its text is safe to log: it has no user name and no password of a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The kind of the failure.
    pub(crate) seen: Unreachable,
    /// The way of the call.
    pub(crate) route: Route,
    detail: String,
}

impl Failed {
    /// With the words of an error and all its causes.
    pub(super) fn new(seen: Unreachable, route: &Route, error: &(dyn Error + 'static)) -> Self {
        Self::reported(seen, route, &chain(error))
    }

    /// With words of our own.
    pub(super) fn reported(seen: Unreachable, route: &Route, detail: &str) -> Self {
        Self {
            seen,
            route: route.clone(),
            detail: detail.to_owned(),
        }
    }

    /// A connection that was not made. What the kernel gives up after its own time is late, all else is refused.
    pub(super) fn connecting(route: &Route, error: &io::Error) -> Self {
        let seen = match error.kind() {
            ErrorKind::TimedOut => Unreachable::TimedOut,
            _ => Unreachable::Refused,
        };
        Self::new(seen, route, error)
    }

    /// A TLS handshake that failed.
    pub(super) fn handshake(route: &Route, error: &io::Error) -> Self {
        let seen = match tls_error(error) {
            Some(rustls::Error::InvalidCertificate(_)) => Unreachable::NotTrusted,
            Some(_) => Unreachable::TlsFailed,
            None => Unreachable::Cut,
        };
        Self::new(seen, route, error)
    }
}

/// What rustls said, which it wraps into an error of I/O.
fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.route.endpoint, self.detail)?;
        match &self.route.proxy {
            Some(proxy) => write!(f, " (by proxy {proxy})"),
            None => Ok(()),
        }
    }
}

impl Error for Failed {}

impl From<Failed> for ConnectorError {
    fn from(failed: Failed) -> Self {
        match failed.seen {
            Unreachable::TimedOut => Self::timeout(failed.into()),
            _ => Self::io(failed.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route() -> Route {
        Route {
            endpoint: "aws:443".to_owned(),
            proxy: None,
        }
    }

    #[test]
    fn a_failed_handshake_is_classified_by_type() {
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        for (error, expected) in [
            (
                io::Error::new(ErrorKind::InvalidData, unknown),
                Unreachable::NotTrusted,
            ),
            (
                io::Error::new(ErrorKind::InvalidData, rustls::Error::HandshakeNotComplete),
                Unreachable::TlsFailed,
            ),
            (io::Error::from(ErrorKind::UnexpectedEof), Unreachable::Cut),
        ] {
            assert_eq!(Failed::handshake(&route(), &error).seen, expected, "{error}");
        }
    }

    #[test]
    fn a_failed_connection_is_classified_by_kind() {
        for (kind, expected) in [
            (ErrorKind::ConnectionRefused, Unreachable::Refused),
            (ErrorKind::NetworkUnreachable, Unreachable::Refused),
            (ErrorKind::TimedOut, Unreachable::TimedOut),
        ] {
            assert_eq!(
                Failed::connecting(&route(), &kind.into()).seen,
                expected,
                "{kind}"
            );
        }
    }
}
