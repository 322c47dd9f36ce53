//! A struct as Kafka's JSON of the message: another sink for its fields.

use kafka_rpc::codec::{Failed, Sink, TagSection, Value as Field};
use kafka_rpc::{Records, SchemaErrorKind, UnknownTaggedFields, Uuid};
use serde_json::{Map, Value};

/// The JSON of a message at a version. A field that cannot be written there ends it with `"!"` and the field's name.
pub(crate) fn of<'a>(message: &impl Field<'a>, version: i16) -> Value {
    let mut sink = Json { version, open: vec![Value::Array(Vec::new())] };
    // The sink shows its failures.
    let _ = message.write(&mut sink, "");
    match sink.open.swap_remove(0) {
        Value::Array(mut whole) if whole.len() == 1 => whole.swap_remove(0),
        other => other,
    }
}

/// Whether both are the same; parsed numbers with a fraction may be off by a little.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(key, value)| other.get(key).is_some_and(|it| same(value, it)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a == b || (a - b).abs() <= a.abs() * 1e-15,
            _ => false,
        },
        _ => one == other,
    }
}

struct Json {
    version: i16,
    /// The array or object that is being filled, and those around it.
    open: Vec<Value>,
}

impl Json {
    fn put(&mut self, field: &str, value: Value) {
        match self.open.last_mut() {
            Some(Value::Object(object)) => {
                object.insert(field.to_owned(), value);
            }
            Some(Value::Array(array)) => array.push(value),
            _ => {}
        }
    }

    fn close(&mut self) {
        if let Some(Value::Array(named)) = self.open.pop()
            && let [Value::String(field), value] = named.as_slice()
        {
            let (field, value) = (field.clone(), value.clone());
            self.put(&field, value);
        }
    }

    fn begin(&mut self, field: &str, value: Value) {
        self.open.push(Value::Array(vec![Value::from(field)]));
        self.open.push(value);
    }

    fn end(&mut self) {
        if let (Some(value), Some(Value::Array(named))) = (self.open.pop(), self.open.last_mut()) {
            named.push(value);
        }
        self.close();
    }
}

macro_rules! numbers {
    ($($ty:ident)*) => {$(
        fn $ty(&mut self, field: &'static str, value: $ty) {
            self.put(field, Value::from(value));
        }
    )*};
}

impl<'r> Sink<'r> for Json {
    numbers!(bool i8 i16 u16 i32 i64);

    fn f64(&mut self, field: &'static str, value: f64) {
        // Jackson quotes what is no number in JSON.
        let text = if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        };
        self.put(field, if value.is_finite() { Value::from(value) } else { Value::from(text) });
    }

    fn version(&self) -> i16 {
        self.version
    }

    fn fail(&mut self, field: &'static str, _kind: SchemaErrorKind) -> Failed {
        self.open = vec![Value::from(format!("!{field}"))];
        Failed::default()
    }

    fn uuid(&mut self, field: &'static str, value: Uuid) {
        self.put(field, Value::from(value.to_string()));
    }

    fn string(&mut self, field: &'static str, value: &'r str) -> Result<(), Failed> {
        self.put(field, Value::from(value));
        Ok(())
    }

    fn plain_string(&mut self, field: &'static str, value: Option<&'r str>) -> Result<(), Failed> {
        self.put(field, Value::from(value));
        Ok(())
    }

    fn bytes(&mut self, field: &'static str, value: &'r [u8]) -> Result<(), Failed> {
        self.put(field, Value::from(data_encoding::BASE64.encode(value)));
        Ok(())
    }

    /// Kafka's converters leave records out.
    fn records(&mut self, field: &'static str, _value: &'r Records<'_>) -> Result<(), Failed> {
        self.put(field, Value::from(""));
        Ok(())
    }

    fn null(&mut self, field: &'static str, _short: bool) {
        self.put(field, Value::Null);
    }

    fn null_structure(&mut self, field: &'static str, _tagged: bool) {
        self.put(field, Value::Null);
    }

    fn present(&mut self) {}

    fn begin_structure(&mut self, field: &'static str) {
        self.begin(field, Value::Object(Map::new()));
    }

    fn end_structure(&mut self) {
        self.end();
    }

    fn begin_array(&mut self, field: &'static str, _count: usize) -> Result<(), Failed> {
        self.begin(field, Value::Array(Vec::new()));
        Ok(())
    }

    fn end_array(&mut self) {
        self.end();
    }

    fn begin_tags(&mut self, unknown: &'r UnknownTaggedFields) -> Result<TagSection<'r>, Failed> {
        Ok(TagSection::new(0, unknown))
    }

    fn begin_tag(&mut self, _tags: &mut TagSection<'r>, _tag: u32) -> Result<(), Failed> {
        Ok(())
    }

    fn end_tag(&mut self, _tags: &mut TagSection<'r>) {}

    fn end_tags(&mut self, _tags: TagSection<'r>) -> Result<(), Failed> {
        Ok(())
    }
}
