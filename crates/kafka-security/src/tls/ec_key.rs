//! Private keys of elliptic curves without their public key, as Java writes them.

use pkcs8::der::asn1::{AnyRef, BitStringRef, ContextSpecific};
use pkcs8::der::{Decode as _, Encode as _, Reader as _, SliceReader, Tag, TagMode, TagNumber, Tagged as _};
use pkcs8::{ObjectIdentifier, PrivateKeyInfo};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use x509_cert::Certificate;

/// `id-ecPublicKey`
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// `publicKey` of an `ECPrivateKey` (RFC 5915), which is optional.
const PUBLIC_KEY: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber::N1 };

/// The key with the public key of its certificate, if it has none: the TLS library requires it, and checks that the two belong together.
/// Another key, or a malformed one, stays as it is.
pub(super) fn complete(
    key: PrivateKeyDer<'static>,
    certificate: Option<&CertificateDer<'_>>,
) -> PrivateKeyDer<'static> {
    let completed = match (&key, certificate) {
        (PrivateKeyDer::Pkcs8(der), Some(certificate)) => with_public_key(der.secret_pkcs8_der(), certificate),
        _ => None,
    };
    completed.map_or(key, |der| PrivatePkcs8KeyDer::from(der).into())
}

fn with_public_key(der: &[u8], certificate: &[u8]) -> Option<Vec<u8>> {
    let info = PrivateKeyInfo::try_from(der).ok().filter(|info| info.algorithm.oid == EC)?;
    let fields = AnyRef::from_der(info.private_key).ok().filter(|key| key.tag() == Tag::Sequence)?.value();
    let mut reader = SliceReader::new(fields).ok()?;
    while !reader.is_finished() {
        if AnyRef::decode(&mut reader).ok()?.tag() == PUBLIC_KEY {
            return None;
        }
    }
    let certificate = Certificate::from_der(certificate).ok()?;
    let value = BitStringRef::from(&certificate.tbs_certificate.subject_public_key_info.subject_public_key);
    let public_key = ContextSpecific { tag_number: TagNumber::N1, tag_mode: TagMode::Explicit, value };
    let fields = [fields, &public_key.to_der().ok()?].concat();
    let private_key = AnyRef::new(Tag::Sequence, &fields).ok()?.to_der().ok()?;
    PrivateKeyInfo { private_key: &private_key, ..info }.to_der().ok()
}
