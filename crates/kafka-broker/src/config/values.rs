//! Typed access to the settings of a broker. All values have been checked before.

use super::given::{Settings, find};
#[cfg(test)]
use super::table::Kind;
use super::value::Value;

/// The settings of a broker, with defaults where they are not set.
pub(super) struct Values<'s>(pub(super) &'s Settings);

impl Values<'_> {
    /// Whether it is set.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value, or the default.
    pub(super) fn get<T: Typed>(&self, name: &str) -> T {
        let value = find(name).and_then(|key| match self.0.get(name) {
            Some(given) => key.parse(&given.value).ok(),
            None => key.default_value(),
        });
        T::of(value)
    }
}

/// A type that settings have.
pub(super) trait Typed {
    /// The types of settings that it stands for.
    #[cfg(test)]
    const KINDS: &'static [Kind];

    /// The value; its own default for null or for another type, which tests rule out.
    fn of(value: Option<Value>) -> Self;
}

macro_rules! integers {
    ($($type:ty: $kind:ident),*) => {
        $(
            impl Typed for $type {
                #[cfg(test)]
    const KINDS: &'static [Kind] = &[Kind::$kind];

                fn of(value: Option<Value>) -> Self {
                    match value {
                        Some(Value::Integer(number)) => <$type>::try_from(number).unwrap_or_default(),
                        _ => 0,
                    }
                }
            }
        )*
    };
}

integers!(i16: Short, i32: Int, i64: Long);

impl Typed for bool {
    #[cfg(test)]
    const KINDS: &'static [Kind] = &[Kind::Boolean];

    fn of(value: Option<Value>) -> Self {
        value == Some(Value::Boolean(true))
    }
}

impl Typed for Option<String> {
    #[cfg(test)]
    const KINDS: &'static [Kind] = &[Kind::String];

    fn of(value: Option<Value>) -> Self {
        match value {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

impl Typed for String {
    #[cfg(test)]
    const KINDS: &'static [Kind] = &[Kind::String];

    fn of(value: Option<Value>) -> Self {
        Option::<String>::of(value).unwrap_or_default()
    }
}

impl Typed for Vec<String> {
    #[cfg(test)]
    const KINDS: &'static [Kind] = &[Kind::List];

    fn of(value: Option<Value>) -> Self {
        match value {
            Some(Value::List(elements)) => elements,
            _ => Vec::new(),
        }
    }
}
