//! PKCS#12, the format of Java's key stores since Java 9.

use std::path::Path;

use p12_keystore::{KeyStore, KeyStoreEntry};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::TlsError;
use super::store::KeyPair;

/// What Java's own format begins with.
const JKS_MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
/// The same of its cousin.
const JCEKS_MAGIC: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

/// The first key of a store, and its certificates.
pub(super) fn key_pair(bytes: &[u8], password: &str, path: &Path) -> Result<KeyPair, TlsError> {
    let store = open(bytes, password, path)?;
    let (_, chain) = store.private_key_chain().ok_or_else(|| TlsError::NoKey { path: path.to_owned() })?;
    let certificates = chain.chain().iter().map(|one| CertificateDer::from(one.as_der().to_vec())).collect();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(chain.key().to_vec()));
    Ok(KeyPair { certificates, key })
}

/// The certificates of a store that are trusted.
pub(super) fn certificates(
    bytes: &[u8],
    password: &str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let store = open(bytes, password, path)?;
    let certificates = store.entries().filter_map(|(_, entry)| match entry {
        KeyStoreEntry::Certificate(one) => Some(CertificateDer::from(one.as_der().to_vec())),
        _ => None,
    });
    Ok(certificates.collect())
}

fn open(bytes: &[u8], password: &str, path: &Path) -> Result<KeyStore, TlsError> {
    if bytes.starts_with(&JKS_MAGIC) || bytes.starts_with(&JCEKS_MAGIC) {
        return Err(TlsError::Jks { path: path.to_owned() });
    }
    KeyStore::from_pkcs12(bytes, password).map_err(|source| TlsError::Pkcs12 { path: path.to_owned(), source })
}
