//! Whom TLS trusts.
//!
//! AWS signs its endpoints by the roots of [Amazon Trust Services](https://www.amazontrust.com/repository/), which are
//! compiled in: reading the 140 roots of a bundle is a third of the CPU of a start. The bundle of the image is read
//! only if a server has another authority: an endpoint of another kind, or a proxy that inspects TLS and whose bundle
//! was mounted over the image's. With `SSL_CERT_FILE` or `SSL_CERT_DIR` only what they name is trusted.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::crypto;
use crate::environment::variable;

/// Amazon Root CA 1 to 4, and Starfield Services Root Certificate Authority - G2.
const AMAZON: &[u8] = include_bytes!("../../roots/amazon.pem");

/// Where the trusted authorities come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Roots {
    /// Those of Amazon, compiled in.
    Amazon,
    /// Those of the file system: `SSL_CERT_FILE`, `SSL_CERT_DIR`, or the bundle of the image.
    Files,
}

/// Whom to trust. Each set of roots is read at most once, when it is first needed.
#[derive(Debug)]
pub(super) struct Trust {
    files_needed: AtomicBool,
    amazon: OnceLock<Arc<ClientConfig>>,
    files: OnceLock<Arc<ClientConfig>>,
    read_files: fn() -> RootCertStore,
}

impl Trust {
    pub(super) fn from_environment() -> Self {
        let chosen = variable("SSL_CERT_FILE").or_else(|| variable("SSL_CERT_DIR"));
        Self::new(chosen.is_some(), files)
    }

    /// `chosen`: only what `read_files` gives is trusted.
    pub(super) fn new(chosen: bool, read_files: fn() -> RootCertStore) -> Self {
        Self {
            files_needed: AtomicBool::new(chosen),
            amazon: OnceLock::new(),
            files: OnceLock::new(),
            read_files,
        }
    }

    /// The roots to try now.
    fn roots(&self) -> Roots {
        match self.files_needed.load(Ordering::Relaxed) {
            true => Roots::Files,
            false => Roots::Amazon,
        }
    }

    /// From now on the roots of the file system count. Whether that is another set than before.
    pub(super) fn widen(&self) -> bool {
        !self.files_needed.swap(true, Ordering::Relaxed)
    }

    /// The configuration of TLS; none if the ring provider does not have the default versions, which it has.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let (place, read): (_, fn() -> RootCertStore) = match self.roots() {
            Roots::Amazon => (&self.amazon, amazon),
            Roots::Files => (&self.files, self.read_files),
        };
        if let Some(config) = place.get() {
            return Ok(config.clone());
        }
        let config = Arc::new(configure(read())?);
        Ok(place.get_or_init(|| config).clone())
    }
}

fn configure(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(crypto::provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn amazon() -> RootCertStore {
    store(CertificateDer::pem_slice_iter(AMAZON).flatten())
}

fn files() -> RootCertStore {
    store(rustls_native_certs::load_native_certs().certs)
}

/// What cannot be read as a root is left out: an old bundle has such ones.
fn store(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    roots
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The authority that has signed the certificate of the tests.
    pub(in crate::net) fn of_tests() -> RootCertStore {
        let authority = include_bytes!("../../tests/tls/authority.pem");
        store(CertificateDer::pem_slice_iter(authority).flatten())
    }

    #[test]
    fn the_roots_of_amazon_are_compiled_in() {
        assert_eq!(amazon().len(), 5);
    }

    #[test]
    fn trust_is_widened_once() {
        let trust = Trust::new(false, files);
        assert_eq!(trust.roots(), Roots::Amazon);
        assert!(trust.widen());
        assert_eq!((trust.roots(), trust.widen()), (Roots::Files, false));
    }

    #[test]
    fn what_the_operator_names_is_all_that_is_trusted() {
        let trust = Trust::new(true, files);
        assert_eq!((trust.roots(), trust.widen()), (Roots::Files, false));
    }
}
