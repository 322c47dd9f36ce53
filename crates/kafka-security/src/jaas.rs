//! `sasl.jaas.config`: a login module, its control flag and its options (`JaasConfig`).
//!
//! ```text
//! org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="secret";
//! ```

use std::fmt;

use crate::Secret;

/// What a `sasl.jaas.config` says. Values may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JaasConfig {
    /// The class of the login module.
    pub module: String,
    options: Vec<(String, Secret)>,
}

/// What is wrong with a `sasl.jaas.config`. No value is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JaasError {
    /// There is nothing.
    Empty,
    /// The word after the module is no control flag.
    ControlFlag,
    /// An option has no value.
    NoValue {
        /// The option.
        option: String,
    },
    /// The entry does not end with a semicolon.
    Unterminated,
    /// A quotation does not end.
    Quotation,
    /// There is more than one entry.
    Several,
}

impl fmt::Display for JaasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JaasError::Empty => f.write_str("JAAS config property does not contain any login modules"),
            JaasError::ControlFlag => f.write_str("Login module control flag not available in JAAS config"),
            JaasError::NoValue { option } => {
                write!(f, "Value not specified for key '{option}' in JAAS config")
            }
            JaasError::Unterminated => f.write_str("JAAS config entry not terminated by semi-colon"),
            JaasError::Quotation => f.write_str("JAAS config has a quotation that does not end"),
            JaasError::Several => {
                f.write_str("JAAS config property contains more than one login module, should be 1 module")
            }
        }
    }
}

impl std::error::Error for JaasError {}

impl JaasConfig {
    /// Reads the text of a setting: one entry.
    ///
    /// # Errors
    /// For a text that is none.
    pub fn parse(text: &str) -> Result<Self, JaasError> {
        let mut tokens = Tokens { rest: text };
        let Some(Token::Word(module)) = tokens.next()? else { return Err(JaasError::Empty) };
        match tokens.next()? {
            Some(Token::Word(flag))
                if ["required", "requisite", "sufficient", "optional"]
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(&flag)) => {}
            _ => return Err(JaasError::ControlFlag),
        }
        let mut options = Vec::new();
        loop {
            match tokens.next()? {
                Some(Token::Sign(';')) => break,
                Some(Token::Word(option)) => {
                    let (equals, value) = (tokens.next()?, tokens.next()?);
                    match (equals, value) {
                        (Some(Token::Sign('=')), Some(Token::Word(value))) => {
                            options.push((option, Secret::new(value)));
                        }
                        _ => return Err(JaasError::NoValue { option }),
                    }
                }
                _ => return Err(JaasError::Unterminated),
            }
        }
        if tokens.next()?.is_some() {
            return Err(JaasError::Several);
        }
        Ok(JaasConfig { module, options })
    }

    /// The value of an option; of two, the last.
    pub fn option(&self, name: &str) -> Option<&Secret> {
        self.options.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// All options.
    pub fn options(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.options.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether the module is this class, with or without its package.
    pub fn is_module(&self, class: &str) -> bool {
        self.module.rsplit('.').next() == Some(class)
    }
}

enum Token {
    Word(String),
    Sign(char),
}

/// Words, quoted texts and signs, as `StreamTokenizer` sees them: comments of C and C++ are left out.
struct Tokens<'t> {
    rest: &'t str,
}

impl Tokens<'_> {
    fn next(&mut self) -> Result<Option<Token>, JaasError> {
        self.skip();
        let mut chars = self.rest.chars();
        let Some(first) = chars.next() else { return Ok(None) };
        if first == '"' || first == '\'' {
            self.rest = chars.as_str();
            return self.quoted(first).map(Some);
        }
        if !is_word(first) {
            self.rest = chars.as_str();
            return Ok(Some(Token::Sign(first)));
        }
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(Some(Token::Word(word.to_owned())))
    }

    /// Leaves out white space and comments.
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c <= ' ');
            if let Some(comment) = self.rest.strip_prefix("//") {
                self.rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
            } else if let Some(comment) = self.rest.strip_prefix("/*") {
                self.rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
            } else {
                return;
            }
        }
    }

    /// The text up to the closing quotation mark, with the escapes of C.
    fn quoted(&mut self, mark: char) -> Result<Token, JaasError> {
        let mut text = String::new();
        let mut chars = self.rest.chars();
        loop {
            match chars.next() {
                Some('\n' | '\r') | None => return Err(JaasError::Quotation),
                Some(c) if c == mark => break,
                Some('\\') => match chars.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('a') => text.push('\u{7}'),
                    Some('b') => text.push('\u{8}'),
                    Some('f') => text.push('\u{c}'),
                    Some('v') => text.push('\u{b}'),
                    Some(digit @ '0'..='7') => {
                        let (code, rest) = octal(digit, chars.as_str());
                        text.push(code);
                        chars = rest.chars();
                    }
                    Some(other) => text.push(other),
                    None => return Err(JaasError::Quotation),
                },
                Some(c) => text.push(c),
            }
        }
        self.rest = chars.as_str();
        Ok(Token::Word(text))
    }
}

/// A character by up to three octal digits, the first of which is read.
fn octal(first: char, rest: &str) -> (char, &str) {
    let most = if first <= '3' { 2 } else { 1 };
    let count = rest.bytes().take(most).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    let (digits, rest) = rest.split_at(count);
    let code = digits.bytes().fold(first as u32 - '0' as u32, |code, digit| code * 8 + u32::from(digit - b'0'));
    (char::from_u32(code).unwrap_or('\u{fffd}'), rest)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '$') || c >= '\u{a0}'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Result<Vec<(String, String)>, JaasError> {
        let config = JaasConfig::parse(text)?;
        Ok(config.options().map(|(name, value)| (name.to_owned(), value.expose().to_owned())).collect())
    }

    #[test]
    fn entries_are_read_as_kafka_reads_them() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (text, expected) in [
            ("a.B required;", vec![]),
            ("a.B required user_alice=\"x\" ;", vec![pair("user_alice", "x")]),
            ("a.B REQUIRED a='b;c' d=e;", vec![pair("a", "b;c"), pair("d", "e")]),
            (r#"a.B required a="\"\\\101=";"#, vec![pair("a", "\"\\A=")]),
            ("a.B /* x */ required // y\n a=b;", vec![pair("a", "b")]),
        ] {
            assert_eq!(options(text), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("", JaasError::Empty),
            ("a.B", JaasError::ControlFlag),
            ("a.B needed;", JaasError::ControlFlag),
            ("a.B required a=b", JaasError::Unterminated),
            ("a.B required a b;", JaasError::NoValue { option: "a".into() }),
            ("a.B required a=\"b;", JaasError::Quotation),
            ("a.B required; c.D required;", JaasError::Several),
        ] {
            assert_eq!(options(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn values_are_not_shown() {
        let config = JaasConfig::parse("a.B required password=swordfish;").unwrap();
        assert!(!format!("{config:?}").contains("swordfish"));
    }
}
