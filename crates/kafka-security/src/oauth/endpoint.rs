//! Where keys and tokens are: `sasl.oauthbearer.jwks.endpoint.url`, `sasl.oauthbearer.token.endpoint.url`.

use std::fmt;
use std::path::PathBuf;

/// A place of keys or tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `file://`
    File(PathBuf),
    /// `http://` or `https://`
    Http(String),
}

/// A text that is no place of keys or tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointError(String);

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a URL with http, https or file, found {}", self.0.escape_debug())
    }
}

impl std::error::Error for EndpointError {}

impl Endpoint {
    /// The place of a URL.
    ///
    /// # Errors
    /// For a text that is none.
    pub fn parse(url: &str) -> Result<Self, EndpointError> {
        let wrong = || EndpointError(url.to_owned());
        let (scheme, rest) = url.split_once(':').ok_or_else(wrong)?;
        if scheme.eq_ignore_ascii_case("file") {
            // As Java: with two slashes there may be a host, which says nothing.
            let path = match rest.strip_prefix("//") {
                Some(after) => after.find('/').and_then(|at| after.get(at..)),
                None => rest.starts_with('/').then_some(rest),
            };
            return Ok(Endpoint::File(PathBuf::from(path.ok_or_else(wrong)?)));
        }
        let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let host = rest.strip_prefix("//").filter(|host| !host.is_empty() && !host.starts_with('/'));
        if is_http && host.is_some() { Ok(Endpoint::Http(url.to_owned())) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_files_and_hosts() {
        for (url, path) in [("file:///a/b", "/a/b"), ("file:/a", "/a"), ("FILE://localhost/a", "/a")] {
            assert_eq!(Endpoint::parse(url), Ok(Endpoint::File(path.into())), "{url}");
        }
        assert_eq!(Endpoint::parse("https://a/b"), Ok(Endpoint::Http("https://a/b".into())));
        for url in ["", "a", "ftp://a/b", "http:a", "http://", "http:///a", "file://a", "file:a"] {
            assert_eq!(Endpoint::parse(url), Err(EndpointError(url.into())), "{url}");
        }
    }
}
