//! From settings to what rustls needs.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion, version};

use super::TlsError;
use super::store::{Format, KeyPair, KeyStore, TrustStore};
use super::verify::AnyName;
use crate::Secret;

/// Whether clients have to show a certificate (`ssl.client.auth`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// They are not asked.
    #[default]
    None,
    /// They may.
    Requested,
    /// They have to.
    Required,
}

impl ClientAuth {
    /// The value of `ssl.client.auth`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "none" => Some(ClientAuth::None),
            "requested" => Some(ClientAuth::Requested),
            "required" => Some(ClientAuth::Required),
            _ => None,
        }
    }
}

/// Settings of TLS, as they were given: files are read when something is made of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    key_store: Option<KeyStore>,
    trust_store: Option<TrustStore>,
    protocols: Vec<String>,
    cipher_suites: Vec<String>,
}

impl TlsSettings {
    /// Reads the settings that [`KEYS`](super::KEYS) names; `get` gives those that are set.
    ///
    /// # Errors
    /// For settings that do not go together.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, TlsError> {
        let secret = |name: &str| get(name).filter(|text| !text.is_empty()).map(Secret::new);
        let path = |name: &str| get(name).filter(|text| !text.is_empty());
        let list = |name: &str| {
            let text = get(name).unwrap_or_default();
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let of = |setting: &'static str| Format::read(setting, get(setting).as_deref());
        let (format, key_password) = (of("ssl.keystore.type")?, secret("ssl.key.password"));
        let inline = (secret("ssl.keystore.key"), secret("ssl.keystore.certificate.chain"));
        let key_store = match (inline, path("ssl.keystore.location")) {
            ((Some(_), _) | (_, Some(_)), _) if format != Format::Pem => {
                return Err(TlsError::Settings("ssl.keystore.key and its certificates need ssl.keystore.type=PEM"));
            }
            ((Some(key), Some(chain)), None) => Some(KeyStore::Inline { key, chain, key_password }),
            ((Some(_), Some(_)), Some(_)) => {
                return Err(TlsError::Settings("Both SSL key store location and separate private key are specified."));
            }
            ((None, None), Some(path)) => {
                let password = secret("ssl.keystore.password");
                Some(KeyStore::File { format, path: path.into(), password, key_password })
            }
            ((None, None), None) => None,
            _ => {
                return Err(TlsError::Settings(
                    "ssl.keystore.key and ssl.keystore.certificate.chain have to be set together",
                ));
            }
        };
        let format = of("ssl.truststore.type")?;
        let trust_store = match (secret("ssl.truststore.certificates"), path("ssl.truststore.location")) {
            (Some(_), _) if format != Format::Pem => {
                return Err(TlsError::Settings("ssl.truststore.certificates need ssl.truststore.type=PEM"));
            }
            (Some(_), Some(_)) => {
                return Err(TlsError::Settings(
                    "Both SSL trust store location and separate trust certificates are specified.",
                ));
            }
            (Some(text), None) => Some(TrustStore::Inline(text)),
            (None, Some(path)) => {
                let password = secret("ssl.truststore.password");
                Some(TrustStore::File { format, path: path.into(), password })
            }
            (None, None) => None,
        };
        let (protocols, cipher_suites) = (list("ssl.enabled.protocols"), list("ssl.cipher.suites"));
        Ok(TlsSettings { key_store, trust_store, protocols, cipher_suites })
    }

    /// The files that are read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let of_keys = self.key_store.as_ref().and_then(KeyStore::path);
        of_keys.into_iter().chain(self.trust_store.as_ref().and_then(TrustStore::path))
    }

    /// What a broker needs.
    ///
    /// # Errors
    /// If there is no key, or a store cannot be used.
    pub fn server(&self, client_auth: ClientAuth) -> Result<Arc<ServerConfig>, TlsError> {
        let key_store = self.key_store.as_ref().ok_or(TlsError::Settings(
            "a listener with TLS needs ssl.keystore.location, or ssl.keystore.key and ssl.keystore.certificate.chain",
        ))?;
        let provider = self.provider()?;
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&self.versions()?)?;
        let builder = match client_auth {
            ClientAuth::None => builder.with_no_client_auth(),
            asked => {
                let store = self.trust_store.as_ref();
                let store = store.ok_or(TlsError::Settings("ssl.client.auth needs a trust store"))?;
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(store)?), provider);
                let verifier = if asked == ClientAuth::Requested { verifier.allow_unauthenticated() } else { verifier };
                builder.with_client_cert_verifier(verifier.build().map_err(|_| TlsError::NoCertificates)?)
            }
        };
        let pair = key_store.load()?;
        Ok(Arc::new(builder.with_single_cert(pair.certificates, pair.key)?))
    }

    /// What a client needs. Without a trust store it trusts whom the operating system trusts. `checks_name`: the certificate has to
    /// be that of the host (`ssl.endpoint.identification.algorithm`).
    ///
    /// # Errors
    /// If a store cannot be used.
    pub fn client(&self, checks_name: bool) -> Result<Arc<ClientConfig>, TlsError> {
        let provider = self.provider()?;
        let roots = match &self.trust_store {
            Some(store) => roots(store)?,
            None => of_system(),
        };
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let verifier = verifier.build().map_err(|_| TlsError::NoCertificates)?;
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&self.versions()?)?;
        let builder = if checks_name {
            builder.with_webpki_verifier(verifier)
        } else {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyName(verifier)))
        };
        Ok(Arc::new(match &self.key_store {
            Some(store) => {
                let pair = store.load()?;
                builder.with_client_auth_cert(pair.certificates, pair.key)?
            }
            None => builder.with_no_client_auth(),
        }))
    }

    /// Certificates that a client trusts, as [`client`](Self::client) does.
    pub(crate) fn trusted(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        match &self.trust_store {
            Some(store) => store.load(),
            None => Ok(rustls_native_certs::load_native_certs().certs),
        }
    }

    /// The key of a client, if it has one.
    pub(crate) fn key_pair(&self) -> Result<Option<KeyPair>, TlsError> {
        self.key_store.as_ref().map(KeyStore::load).transpose()
    }

    /// rustls's cryptography, with the suites of `ssl.cipher.suites` that it has.
    pub(crate) fn provider(&self) -> Result<Arc<CryptoProvider>, TlsError> {
        let mut provider = ring::default_provider();
        if !self.cipher_suites.is_empty() {
            let is_wanted = |name: &str| self.cipher_suites.iter().any(|wanted| wanted == name);
            provider.cipher_suites.retain(|suite| {
                // The standard names of TLS 1.3 do not have the version.
                is_wanted(&format!("{:?}", suite.suite()).replace("TLS13_", "TLS_"))
            });
            if provider.cipher_suites.is_empty() {
                return Err(TlsError::Value { setting: "ssl.cipher.suites", value: self.cipher_suites.join(",") });
            }
        }
        Ok(Arc::new(provider))
    }

    fn versions(&self) -> Result<Vec<&'static SupportedProtocolVersion>, TlsError> {
        let is_wanted = |name: &str| self.protocols.is_empty() || self.protocols.iter().any(|wanted| wanted == name);
        let all = [("TLSv1.3", &version::TLS13), ("TLSv1.2", &version::TLS12)];
        let versions: Vec<_> =
            all.into_iter().filter(|(name, _)| is_wanted(name)).map(|(_, version)| version).collect();
        if versions.is_empty() {
            return Err(TlsError::Value { setting: "ssl.enabled.protocols", value: self.protocols.join(",") });
        }
        Ok(versions)
    }
}

fn roots(store: &TrustStore) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in store.load()? {
        roots.add(certificate)?;
    }
    if roots.is_empty() { Err(TlsError::NoCertificates) } else { Ok(roots) }
}

/// The trusted certificates of the operating system; empty if there are none.
fn of_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}
