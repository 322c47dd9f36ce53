//! Splits a command line into options the way jopt-simple 5.0.4 does, the parser of Kafka's tools.
//!
//! - A name is recognised after two dashes or one, and never abbreviated.
//! - `--name=value` gives a value to any option; one that takes none ignores it.
//! - A required value is the next word, whatever it looks like. An optional one is the next word unless that looks
//!   like an option: it starts with a dash and is not the lone `-`.
//! - `--` ends the options. Other words are accepted anywhere and mean nothing.
//! - Single letters could be clustered, but neither Kafka's tool nor ours has any: such a word is an unknown option.

use std::ffi::{OsStr, OsString};
use std::fmt;

/// Under this name jopt-simple registers the words that are no options, so that `--[arguments]` passes as one.
const NON_OPTIONS: &str = "[arguments]";

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// It is a flag.
    Nothing,
    /// `--name VALUE` or `--name=VALUE`.
    Value,
    /// Like `Value`, and `--name` alone.
    OptionalValue,
}

/// An option as it was found, in the order of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Name without dashes.
    pub name: String,
    /// Value, if one was given; flags keep it too.
    pub value: Option<OsString>,
}

/// Why jopt-simple refuses a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `UnrecognizedOptionException`, with the whole word.
    Unknown(String),
    /// `OptionMissingRequiredArgumentException`, with the name.
    MissingValue(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Unknown(word) => write!(f, "unknown option {}", word.escape_debug()),
            Refusal::MissingValue(name) => write!(f, "--{name}: expected a value, found the end of the command line"),
        }
    }
}

/// A command line, split.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Options recognised; those after a refused word too.
    pub options: Vec<Word>,
    /// The first reason to refuse the command line.
    pub refusal: Option<Refusal>,
    /// Whether there was not even one word.
    pub is_empty: bool,
}

/// Splits `args`, the words after the program's name; `takes` knows the options.
pub fn split(args: impl Iterator<Item = OsString>, takes: impl Fn(&str) -> Option<Takes>) -> Words {
    let mut args = args.peekable();
    let mut words = Words { is_empty: args.peek().is_none(), ..Words::default() };
    while let Some(arg) = args.next() {
        if arg == "--" {
            break;
        }
        let Some((name, value)) = option_of(&arg) else { continue };
        if name == NON_OPTIONS {
            continue;
        }
        let Some(takes) = takes(&name) else {
            let word = arg.to_string_lossy().into_owned();
            words.refusal.get_or_insert(Refusal::Unknown(word));
            continue;
        };
        let value = match takes {
            _ if value.is_some() => value,
            Takes::Nothing => None,
            Takes::OptionalValue => args.next_if(|next| !looks_like_option(next)),
            Takes::Value => {
                let next = args.next();
                if next.is_none() {
                    words.refusal.get_or_insert(Refusal::MissingValue(name.clone()));
                }
                next
            }
        };
        words.options.push(Word { name, value });
    }
    words
}

fn looks_like_option(arg: &OsStr) -> bool {
    arg.as_encoded_bytes().starts_with(b"-") && arg != "-"
}

/// Name and value of a word that looks like an option.
fn option_of(arg: &OsStr) -> Option<(String, Option<OsString>)> {
    if !looks_like_option(arg) {
        return None;
    }
    let bytes = arg.as_encoded_bytes();
    let bytes = bytes.strip_prefix(b"--").or_else(|| bytes.strip_prefix(b"-"))?;
    let (name, value) = match bytes.iter().position(|&byte| byte == b'=') {
        Some(at) => (&bytes[..at], Some(os_string(&bytes[at + 1..]))),
        None => (bytes, None),
    };
    Some((String::from_utf8_lossy(name).into_owned(), value))
}

/// Bytes of a command line as the system wants them, also if they are not UTF-8.
#[cfg(unix)]
pub fn os_string(bytes: &[u8]) -> OsString {
    <OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes).to_owned()
}

/// Bytes of a command line as the system wants them; what is no UTF-8 is lost.
#[cfg(not(unix))]
pub fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &[&str]) -> Words {
        split(line.iter().map(OsString::from), |name| match name {
            "flag" => Some(Takes::Nothing),
            "files" => Some(Takes::Value),
            "class" => Some(Takes::OptionalValue),
            _ => None,
        })
    }

    fn options(line: &[&str]) -> String {
        let words = words(line);
        assert_eq!(words.refusal, None);
        let text = |word: &Word| match &word.value {
            Some(value) => format!("{}={}", word.name, value.to_string_lossy()),
            None => word.name.clone(),
        };
        words.options.iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        assert_eq!(options(&["-flag", "-files", "a", "-files=b", "--files=c"]), "flag files=a files=b files=c");
    }

    #[test]
    fn a_required_value_is_the_next_word_whatever_it_looks_like() {
        assert_eq!(options(&["--files", "--flag", "--files", "--", "--flag"]), "files=--flag files=-- flag");
    }

    #[test]
    fn an_optional_value_is_the_next_word_unless_it_looks_like_an_option() {
        assert_eq!(
            options(&["--class", "X", "--class", "-", "--class", "", "--class"]),
            "class=X class=- class= class"
        );
        assert_eq!(options(&["--class", "--flag", "--class", "--", "X"]), "class flag class");
        assert_eq!(words(&["--class", "-1"]).refusal, Some(Refusal::Unknown("-1".into())));
    }

    #[test]
    fn the_value_behind_an_equals_sign_may_be_empty_or_contain_more_of_them() {
        assert_eq!(options(&["--files=", "--files=a=b", "--flag=false"]), "files= files=a=b flag=false");
    }

    #[test]
    fn words_that_are_no_options_and_words_behind_two_dashes_mean_nothing() {
        assert_eq!(options(&["x", "-", "", "--flag", "y", "--[arguments]=z", "--", "--files", "--nope"]), "flag");
    }

    #[test]
    fn the_first_unknown_word_is_refused_and_the_rest_still_read() {
        let words = words(&["--fla", "-x", "--flag", "--files"]);
        assert_eq!(words.refusal, Some(Refusal::Unknown("--fla".into())));
        assert_eq!(words.options.len(), 2);
    }

    #[test]
    fn a_required_value_may_not_be_missing() {
        assert_eq!(words(&["--files"]).refusal, Some(Refusal::MissingValue("files".into())));
    }

    #[test]
    fn an_equals_sign_without_a_name_is_an_unknown_option() {
        assert_eq!(words(&["--=x"]).refusal, Some(Refusal::Unknown("--=x".into())));
        assert_eq!(words(&["-=x"]).refusal, Some(Refusal::Unknown("-=x".into())));
    }
}
