//! PEM: certificates, and a private key that may be encrypted.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::TlsError;
use crate::Secret;

/// The certificates of a text, in their order; at least one.
pub(super) fn certificates(text: &[u8], place: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |problem| TlsError::Pem { place: place.to_owned(), problem };
    let found = CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|_| wrong("malformed PEM"))?;
    if found.is_empty() { Err(wrong("no certificate in PEM")) } else { Ok(found) }
}

/// The private key of a text. PKCS#8 alone can be encrypted, as in Kafka.
pub(super) fn private_key(
    text: &[u8],
    password: Option<&Secret>,
    place: &str,
) -> Result<PrivateKeyDer<'static>, TlsError> {
    let wrong = |problem| TlsError::Pem { place: place.to_owned(), problem };
    if let Ok(key) = PrivateKeyDer::from_pem_slice(text) {
        return Ok(key);
    }
    let section = std::str::from_utf8(text).ok().and_then(|text| {
        let (_, rest) = text.split_once("-----BEGIN ENCRYPTED PRIVATE KEY-----")?;
        Some(rest.split_once("-----END ENCRYPTED PRIVATE KEY-----")?.0)
    });
    let mut base64 = section.ok_or_else(|| wrong("no private key in PEM"))?.as_bytes().to_vec();
    base64.retain(|byte| !byte.is_ascii_whitespace());
    let der = data_encoding::BASE64.decode(&base64).map_err(|_| wrong("malformed PEM"))?;
    let password = password.ok_or_else(|| wrong("the private key is encrypted, and ssl.key.password is not set"))?;
    let info = pkcs8::EncryptedPrivateKeyInfo::try_from(der.as_slice()).map_err(|_| wrong("malformed private key"))?;
    let key = info
        .decrypt(password.expose())
        .map_err(|_| wrong("the private key cannot be decrypted, ssl.key.password may be wrong"))?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}
