//! The options of a command line (`OptionSet`).

use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

use crate::{Refusal, Usage, Word, Words, split};

/// Why jopt-simple refuses a command line, or an option's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionError {
    /// `UnrecognizedOptionException`, with the option as jopt-simple names it.
    Unknown(String),
    /// `OptionMissingRequiredArgumentException`.
    MissingValue(String),
    /// `MultipleArgumentsForOptionException`: two values where the tool reads one.
    Repeated(&'static str),
    /// `OptionArgumentConversionException`.
    Value {
        /// The option.
        name: &'static str,
        /// Its value.
        value: String,
    },
}

impl fmt::Display for OptionError {
    /// The exception's message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionError::Unknown(name) => write!(f, "{name} is not a recognized option"),
            OptionError::MissingValue(name) => write!(f, "Option {name} requires an argument"),
            OptionError::Repeated(name) => {
                write!(f, "Found multiple arguments for option {name}, but you asked for only one")
            }
            OptionError::Value { name, value } => write!(f, "Cannot parse argument '{value}' of option {name}"),
        }
    }
}

impl std::error::Error for OptionError {}

impl From<Refusal> for OptionError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown(word) => OptionError::Unknown(unknown(&word)),
            Refusal::MissingValue(name) => OptionError::MissingValue(name),
        }
    }
}

/// What jopt-simple calls the option in an unknown word: after one dash it looks at letters, one after the other.
fn unknown(word: &str) -> String {
    match word.strip_prefix("--") {
        Some(name) => name.split('=').next().unwrap_or_default().to_owned(),
        None => word.chars().nth(1).map(String::from).unwrap_or_default(),
    }
}

/// The options of a command line.
#[derive(Debug)]
pub struct Options {
    options: Vec<Word>,
    is_empty: bool,
}

impl Options {
    /// Reads `args`, the words after the program's name. Words that are no UTF-8 lose what is none.
    ///
    /// # Errors
    /// For an unknown option and for a value that is missing.
    pub fn parse(usage: &Usage, args: impl IntoIterator<Item = OsString>) -> Result<Self, OptionError> {
        let Words { options, refusal, is_empty } = split(args.into_iter(), |name| usage.takes(name));
        match refusal {
            Some(refusal) => Err(refusal.into()),
            None => Ok(Options { options, is_empty }),
        }
    }

    /// Whether the command line had no words.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Whether an option is there.
    pub fn has(&self, name: &str) -> bool {
        self.options.iter().any(|word| word.name == name)
    }

    /// How many of these options are there.
    pub fn count(&self, names: &[&str]) -> usize {
        names.iter().filter(|name| self.has(name)).count()
    }

    /// These options as they were given, in the order of the command line, with their values.
    pub fn in_order<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (&'a str, Option<String>)> {
        let named = self.options.iter().filter(|word| names.contains(&word.name.as_str()));
        named.map(|word| (word.name.as_str(), word.value.as_ref().map(|value| value.to_string_lossy().into_owned())))
    }

    /// All values of an option.
    pub fn values(&self, name: &str) -> Vec<String> {
        let named = self.options.iter().filter(|word| word.name == name);
        named.filter_map(|word| word.value.as_ref()).map(|value| value.to_string_lossy().into_owned()).collect()
    }

    /// The value of an option, if it has one.
    ///
    /// # Errors
    /// If it has more than one.
    pub fn value(&self, name: &'static str) -> Result<Option<String>, OptionError> {
        let mut values = self.values(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(OptionError::Repeated(name)),
        }
    }

    /// The value of an option as a number, if it has one. Rust reads what Java's `Integer.valueOf` and `Long.valueOf` read.
    ///
    /// # Errors
    /// If it has more than one, and if that is no number of this type.
    pub fn number<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, OptionError> {
        let parse = |value: String| value.parse().map_err(|_| OptionError::Value { name, value });
        self.value(name)?.map(parse).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
Option                      Description   
------                      -----------   
--list                      List.         
--partitions <Integer: n>   Partitions.   
";

    fn options(line: &[&str]) -> Result<Options, OptionError> {
        Options::parse(&Usage::read(TABLE), line.iter().map(OsString::from))
    }

    #[test]
    fn errors_have_the_words_of_jopt_simple() {
        let text = |line: &[&str]| match options(line) {
            Err(error) => error.to_string(),
            Ok(options) => match options.number::<i32>("partitions") {
                Err(error) => error.to_string(),
                Ok(number) => format!("{number:?}"),
            },
        };
        for (line, expected) in [
            (&["--bogus"][..], "bogus is not a recognized option"),
            (&["--li"], "li is not a recognized option"),
            (&["--bogus=1"], "bogus is not a recognized option"),
            (&["-bogus"], "b is not a recognized option"),
            (&["--partitions"], "Option partitions requires an argument"),
            (&["--partitions", "x"], "Cannot parse argument 'x' of option partitions"),
            (
                &["--partitions=1", "-partitions", "2"],
                "Found multiple arguments for option partitions, but you asked for only one",
            ),
            (&["--partitions", "-5"], "Some(-5)"),
            (&["--list"], "None"),
        ] {
            assert_eq!(text(line), expected, "{line:?}");
        }
    }
}
