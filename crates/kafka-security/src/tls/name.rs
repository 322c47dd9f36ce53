//! The name of the subject of a certificate, as Java writes it (RFC 2253).

use std::fmt::Write as _;

use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use x509_cert::der::{Decode as _, Encode as _};

/// Types of attributes with a word of their own (`X500Principal.getName`).
const WORDS: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];

/// The name of the subject of a certificate in DER; `None` for bytes that are none.
pub fn principal_name(certificate: &[u8]) -> Option<String> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let mut name = String::new();
    for set in certificate.tbs_certificate.subject.0.iter().rev() {
        if !name.is_empty() {
            name.push(',');
        }
        for (at, attribute) in set.0.iter().enumerate() {
            if at > 0 {
                name.push('+');
            }
            push(&mut name, attribute)?;
        }
    }
    Some(name)
}

fn push(name: &mut String, attribute: &AttributeTypeAndValue) -> Option<()> {
    match (word(&attribute.oid), text(attribute)) {
        (Some(word), Some(text)) => {
            name.push_str(word);
            name.push('=');
            escape(name, &text);
        }
        _ => {
            let _ = write!(name, "{}=#", attribute.oid);
            for byte in attribute.value.to_der().ok()? {
                let _ = write!(name, "{byte:02x}");
            }
        }
    }
    Some(())
}

fn word(oid: &ObjectIdentifier) -> Option<&'static str> {
    let oid = oid.to_string();
    WORDS.iter().find(|(known, _)| *known == oid).map(|(_, word)| *word)
}

fn text(attribute: &AttributeTypeAndValue) -> Option<String> {
    let value = &attribute.value;
    let utf8 = value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned());
    let printable = || value.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned());
    let ia5 = || value.decode_as::<Ia5StringRef<'_>>().map(|text| text.as_str().to_owned());
    let teletex = || value.decode_as::<TeletexStringRef<'_>>().map(|text| text.as_str().to_owned());
    utf8.or_else(|_| printable()).or_else(|_| ia5()).or_else(|_| teletex()).ok()
}

/// Adds a value with escapes: special characters, and spaces at its ends.
fn escape(name: &mut String, value: &str) {
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        let is_special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        let is_edge = (at == 0 && matches!(c, ' ' | '#')) || (at == last && c == ' ');
        if is_special || is_edge {
            name.push('\\');
        }
        name.push(c);
    }
}
