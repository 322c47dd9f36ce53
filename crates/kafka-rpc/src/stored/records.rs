//! An enum of all records of a topic.

/// Makes an enum with a variant for each record, which goes by [`Record::RECORD_TYPE`](super::Record::RECORD_TYPE).
macro_rules! records {
    ($(#[$about:meta])* $name:ident: $($variant:ident($record:ty),)*) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name<'a> {
            $(
                #[doc = concat!("`", stringify!($variant), "`.")]
                $variant($record),
            )*
        }

        impl<'a> $name<'a> {
            /// The number of its type.
            pub fn record_type(&self) -> i16 {
                match self {
                    $($name::$variant(_) => <$record as crate::stored::Record>::RECORD_TYPE,)*
                }
            }

            /// The highest version of its type.
            pub fn highest_version(&self) -> i16 {
                match self {
                    $($name::$variant(_) => *<$record as crate::Message>::VERSIONS.end(),)*
                }
            }

            /// Reads the message of this type; returns it and the bytes after it. `None` for an unknown type.
            fn decode_message(
                record_type: i16,
                version: i16,
                bytes: &'a [u8],
            ) -> Option<Result<(Self, &'a [u8]), crate::SchemaError>> {
                $(
                    if record_type == <$record as crate::stored::Record>::RECORD_TYPE {
                        let decoded = <$record as crate::Message>::decode(bytes, version);
                        return Some(decoded.map(|(message, rest)| ($name::$variant(message), rest)));
                    }
                )*
                None
            }

            fn encode_message(&self, version: i16, out: &mut Vec<u8>) -> Result<(), crate::SchemaError> {
                match self {
                    $($name::$variant(message) => crate::Message::encode(message, version, out),)*
                }
            }
        }

        $(
            impl<'a> From<$record> for $name<'a> {
                fn from(record: $record) -> Self {
                    $name::$variant(record)
                }
            }
        )*
    };
}

pub(crate) use records;
