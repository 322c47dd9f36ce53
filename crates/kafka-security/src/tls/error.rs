//! Why there is no TLS.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why settings of TLS cannot be used. No password and no key is part of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A type of store that is none of PEM and PKCS12.
    StoreType {
        /// The setting.
        setting: &'static str,
        /// The type.
        found: String,
    },
    /// A store in Java's own format.
    Jks {
        /// Its path.
        path: PathBuf,
    },
    /// A text or a file that is not PEM, or lacks what is needed.
    Pem {
        /// The setting or file.
        place: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A PKCS#12 file that cannot be opened: it is damaged, or the password is wrong.
    Pkcs12 {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: p12_keystore::error::Error,
    },
    /// A PKCS#12 file without a private key.
    NoKey {
        /// Its path.
        path: PathBuf,
    },
    /// A trust store without certificates.
    NoCertificates,
    /// Settings that do not go together.
    Settings(&'static str),
    /// A value that its setting does not have.
    Value {
        /// The setting.
        setting: &'static str,
        /// The value.
        value: String,
    },
    /// Key and certificates that cannot be used together.
    Rustls(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::Read { path, source } => write!(f, "{}: {source}", path.display()),
            TlsError::StoreType { setting, found } => {
                write!(f, "{setting}: expected PEM or PKCS12, found {found}")
            }
            TlsError::Jks { path } => write!(
                f,
                "{}: stores of type JKS are not supported; convert it with \
                 `keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12`",
                path.display()
            ),
            TlsError::Pem { place, problem } => write!(f, "{place}: {problem}"),
            TlsError::Pkcs12 { path, source } => {
                write!(f, "{}: cannot open the PKCS12 store, the password may be wrong: {source}", path.display())
            }
            TlsError::NoKey { path } => write!(f, "{}: no private key", path.display()),
            TlsError::NoCertificates => f.write_str("the trust store has no certificates that can be used"),
            TlsError::Settings(problem) => f.write_str(problem),
            TlsError::Value { setting, value } => write!(f, "Invalid value {value} for configuration {setting}"),
            TlsError::Rustls(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TlsError::Read { source, .. } => Some(source),
            TlsError::Pkcs12 { source, .. } => Some(source),
            TlsError::Rustls(error) => Some(error),
            _ => None,
        }
    }
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        TlsError::Rustls(error)
    }
}
