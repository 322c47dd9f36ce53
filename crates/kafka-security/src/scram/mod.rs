//! SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677): credentials, and both sides of the exchange.

mod client;
mod credential;
mod mechanism;
mod message;
mod server;

use std::fmt;

pub use client::ScramClient;
pub use credential::ScramCredentialData;
pub use mechanism::ScramMechanism;
pub use message::nonce;
pub use server::ScramServer;

/// Why an exchange fails. No part of a message is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScramError {
    /// A message cannot be read.
    Format,
    /// A message comes when none is expected.
    State,
    /// The user has no credential for the mechanism.
    UnknownUser,
    /// The client wants to act for somebody else.
    AuthorizationId,
    /// The other side does not have the nonce of this side.
    Nonce,
    /// The password is hashed too few or too many times.
    Iterations,
    /// The client does not know the password.
    Proof,
    /// The server does not know the credential.
    ServerSignature,
    /// The server has refused.
    Refused,
}

impl fmt::Display for ScramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ScramError::Format => "a malformed SCRAM message",
            ScramError::State => "a SCRAM message that was not expected",
            ScramError::UnknownUser => "Authentication failed: Invalid user credentials",
            ScramError::AuthorizationId => {
                "Authentication failed: Client requested an authorization id that is different from username"
            }
            ScramError::Nonce => "Invalid nonce in a SCRAM message",
            ScramError::Iterations => "the number of SCRAM iterations is out of range",
            ScramError::Proof => "Invalid client credentials",
            ScramError::ServerSignature => "Invalid server signature in server final message",
            ScramError::Refused => "Sasl authentication using SCRAM failed",
        })
    }
}

impl std::error::Error for ScramError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn exchange(password: &str, mechanism: ScramMechanism) -> Result<String, ScramError> {
        let credential = ScramCredentialData::new(mechanism, "pencil", b"salty".to_vec(), 4096);
        let mut client = ScramClient::new(mechanism, "us=er,", Secret::new(password), "client");
        let mut server = ScramServer::new(mechanism, "server");
        let reply = server.first(&client.first(), |user| (user == "us=er,").then_some(credential))?;
        let reply = server.last(&client.respond(&reply)?)?;
        client.verify(&reply)?;
        Ok(server.user().to_owned())
    }

    #[test]
    fn both_sides_know_the_password_or_the_exchange_fails() {
        for mechanism in [ScramMechanism::Sha256, ScramMechanism::Sha512] {
            assert_eq!(exchange("pencil", mechanism), Ok("us=er,".to_owned()));
            assert_eq!(exchange("pen", mechanism), Err(ScramError::Proof));
        }
    }

    /// The example of RFC 7677.
    #[test]
    fn the_messages_are_those_of_the_standard() {
        let mechanism = ScramMechanism::Sha256;
        let salt = data_encoding::BASE64.decode(b"W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let credential = ScramCredentialData::new(mechanism, "pencil", salt, 4096);
        let mut client = ScramClient::new(mechanism, "user", Secret::new("pencil"), "rOprNGfwEbeRWgbNEkqO");
        let mut server = ScramServer::new(mechanism, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
        assert_eq!(client.first(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let reply = server.first(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", |_| Some(credential)).unwrap();
        let expected = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        assert_eq!(String::from_utf8_lossy(&reply), expected);
        let last = client.respond(&reply).unwrap();
        let expected = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(String::from_utf8_lossy(&last), expected);
        let reply = server.last(&last).unwrap();
        assert_eq!(reply, b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert_eq!(client.verify(&reply), Ok(()));
    }

    #[test]
    fn messages_that_are_none_are_refused() {
        let first: [&[u8]; 8] =
            [b"", b"n,,", b"n,,n=,r=x", b"n,,n=a", b"y,,n=a,r=x", b"p=tls-unique,,n=a,r=x", b"n,,n=a=3,r=x", b"\xff"];
        for message in first {
            let mut server = ScramServer::new(ScramMechanism::Sha256, "server");
            assert_eq!(server.first(message, |_| None), Err(ScramError::Format), "{}", message.escape_ascii());
        }
        let mut server = ScramServer::new(ScramMechanism::Sha256, "server");
        assert_eq!(server.first(b"n,a=b,n=a,r=x", |_| None), Err(ScramError::AuthorizationId));
        assert_eq!(server.first(b"n,a=a,n=a,r=x", |_| None), Err(ScramError::UnknownUser));
        assert_eq!(server.last(b"c=biws,r=x,p=AA=="), Err(ScramError::State));
        for reply in ["", "r=client,s=AA==,i=4096", "e=other-error"] {
            let mut client = ScramClient::new(ScramMechanism::Sha256, "a", Secret::new("b"), "client");
            client.first();
            assert!(client.respond(reply.as_bytes()).is_err(), "{reply}");
        }
    }
}
