//! Options of the form key=value.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use kafka_log::compression::Codec;

use crate::Anyhow;

pub(crate) struct Options(BTreeMap<String, String>);

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Anyhow<Self> {
        let pairs = arguments.map(|argument| {
            let (key, value) = argument.split_once('=').ok_or_else(|| format!("expected key=value: {argument}"))?;
            Ok((key.to_owned(), value.to_owned()))
        });
        Ok(Options(pairs.collect::<Anyhow<_>>()?))
    }

    pub(crate) fn text<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        self.0.get(key).map_or(default, String::as_str)
    }

    pub(crate) fn number<T: FromStr>(&self, key: &str, default: T) -> Anyhow<T> {
        match self.0.get(key) {
            Some(text) => text.parse().map_err(|_| format!("expected a number: {key}={text}").into()),
            None => Ok(default),
        }
    }

    pub(crate) fn path(&self, key: &str) -> PathBuf {
        PathBuf::from(self.text(key, "."))
    }

    pub(crate) fn codec(&self) -> Anyhow<Codec> {
        let name = self.text("codec", "none");
        Codec::ALL.into_iter().find(|codec| codec.name() == name).ok_or_else(|| format!("no such codec: {name}").into())
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }
}
