//! The cryptography of TLS, by ring: what a client without a certificate of its own needs, and no more.
//!
//! rustls' own choice for ring has in addition ChaCha20 and the private keys of client certificates. Every processor of
//! EC2 has instructions for AES, AWS offers AES-GCM everywhere, and neither AWS nor a proxy asks the sidecar for a
//! certificate. Without them the program is 3 % smaller.

use std::sync::Arc;

use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::crypto::ring::{DEFAULT_KX_GROUPS, cipher_suite};
use rustls::crypto::{CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms};
use rustls::pki_types::{PrivateKeyDer, SignatureVerificationAlgorithm};
use rustls::sign::SigningKey;
use rustls::{Error, SignatureScheme};
use webpki::ring as algorithms;

/// What rustls needs to know.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ],
        kx_groups: DEFAULT_KX_GROUPS.to_vec(),
        signature_verification_algorithms: SIGNATURES,
        secure_random: &AnonymousClient,
        key_provider: &AnonymousClient,
    }
}

/// A client without a certificate.
#[derive(Debug)]
struct AnonymousClient;

impl SecureRandom for AnonymousClient {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        SystemRandom::new().fill(buffer).map_err(|_| GetRandomFailed)
    }
}

impl KeyProvider for AnonymousClient {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("there are no client certificates".to_owned()))
    }
}

/// Every signature that webpki can verify with ring, as in rustls' own choice. In TLS 1.2 a scheme does not fix the
/// curve.
static SIGNATURES: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: ALL,
    mapping: &[
        (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &[algorithms::ECDSA_P384_SHA384, algorithms::ECDSA_P256_SHA384],
        ),
        (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &[algorithms::ECDSA_P256_SHA256, algorithms::ECDSA_P384_SHA256],
        ),
        (SignatureScheme::ED25519, &[algorithms::ED25519]),
        (
            SignatureScheme::RSA_PSS_SHA512,
            &[algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PSS_SHA384,
            &[algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PSS_SHA256,
            &[algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA512,
            &[algorithms::RSA_PKCS1_2048_8192_SHA512],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA384,
            &[algorithms::RSA_PKCS1_2048_8192_SHA384],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA256,
            &[algorithms::RSA_PKCS1_2048_8192_SHA256],
        ),
    ],
};

static ALL: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ED25519,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    algorithms::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    algorithms::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// All that rustls itself would verify and agree on with ring, so an update of rustls that knows more is noticed.
    #[test]
    fn it_is_rustls_own_choice_without_chacha20() {
        let (own, whole) = (provider(), rustls::crypto::ring::default_provider());
        let schemes =
            |provider: &CryptoProvider| provider.signature_verification_algorithms.supported_schemes();
        assert_eq!(schemes(&own), schemes(&whole));
        let count = |provider: &CryptoProvider| provider.signature_verification_algorithms.all.len();
        assert_eq!(count(&own), count(&whole));
        let suites = |provider: &CryptoProvider| -> Vec<String> {
            let names = provider
                .cipher_suites
                .iter()
                .map(|suite| format!("{:?}", suite.suite()));
            names.filter(|name| !name.contains("CHACHA20")).collect()
        };
        assert_eq!(suites(&own), suites(&whole));
        assert_eq!(own.cipher_suites.len(), suites(&own).len());
        assert_eq!(own.kx_groups.len(), whole.kx_groups.len());
    }

    #[test]
    fn random_bytes_differ() {
        let mut drawn = [[0; 32]; 2];
        for bytes in &mut drawn {
            provider().secure_random.fill(bytes).unwrap();
        }
        assert!(drawn[0] != drawn[1] && drawn[0] != [0; 32]);
    }
}
