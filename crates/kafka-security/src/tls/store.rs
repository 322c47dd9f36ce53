//! Key stores and trust stores: `ssl.keystore.*`, `ssl.truststore.*`.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{TlsError, ec_key, pem, pkcs12};
use crate::Secret;

/// A private key with its certificates, its own first.
pub(crate) struct KeyPair {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Pem,
    /// Also where the type is JKS: Java takes the one for the other, and Kafka's default is JKS.
    Pkcs12,
}

impl Format {
    pub(super) fn read(setting: &'static str, name: Option<&str>) -> Result<Self, TlsError> {
        match name.unwrap_or("JKS").to_ascii_uppercase().as_str() {
            "PEM" => Ok(Format::Pem),
            "JKS" | "PKCS12" => Ok(Format::Pkcs12),
            found => Err(TlsError::StoreType { setting, found: found.to_owned() }),
        }
    }
}

/// Where the key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyStore {
    /// `ssl.keystore.key` and `ssl.keystore.certificate.chain`
    Inline { key: Secret, chain: Secret, key_password: Option<Secret> },
    /// `ssl.keystore.location`
    File { format: Format, path: PathBuf, password: Option<Secret>, key_password: Option<Secret> },
}

impl KeyStore {
    pub(super) fn load(&self) -> Result<KeyPair, TlsError> {
        let mut pair = match self {
            KeyStore::Inline { key, chain, key_password } => KeyPair {
                certificates: pem::certificates(chain.expose().as_bytes(), "ssl.keystore.certificate.chain")?,
                key: pem::private_key(key.expose().as_bytes(), key_password.as_ref(), "ssl.keystore.key")?,
            },
            KeyStore::File { format: Format::Pem, path, key_password, .. } => {
                let (bytes, place) = (read(path)?, path.display().to_string());
                KeyPair {
                    certificates: pem::certificates(&bytes, &place)?,
                    key: pem::private_key(&bytes, key_password.as_ref(), &place)?,
                }
            }
            KeyStore::File { format: Format::Pkcs12, path, password, .. } => {
                let password = password.as_ref().map_or("", Secret::expose);
                pkcs12::key_pair(&read(path)?, password, path)?
            }
        };
        pair.key = ec_key::complete(pair.key, pair.certificates.first());
        Ok(pair)
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            KeyStore::Inline { .. } => None,
            KeyStore::File { path, .. } => Some(path),
        }
    }
}

/// Whom to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TrustStore {
    /// `ssl.truststore.certificates`
    Inline(Secret),
    /// `ssl.truststore.location`
    File { format: Format, path: PathBuf, password: Option<Secret> },
}

impl TrustStore {
    pub(super) fn load(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        match self {
            TrustStore::Inline(text) => pem::certificates(text.expose().as_bytes(), "ssl.truststore.certificates"),
            TrustStore::File { format: Format::Pem, path, .. } => {
                pem::certificates(&read(path)?, &path.display().to_string())
            }
            TrustStore::File { format: Format::Pkcs12, path, password } => {
                pkcs12::certificates(&read(path)?, password.as_ref().map_or("", Secret::expose), path)
            }
        }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            TrustStore::Inline(_) => None,
            TrustStore::File { path, .. } => Some(path),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}
