//! JSON on command lines and in files, with the messages that Kafka's tools have for what is wrong with it: Jackson's for the text,
//! those of `JsonValue` and `DecodeJson` for its structure.

use std::fmt;

use serde_json::Value;

/// What Jackson says instead of showing the source.
const SOURCE: &str = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled);";
const VALUE: &str = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'";

/// Why a text is not the JSON that a tool needs; what is shown is the message of Kafka's exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// There is no text.
    Empty,
    /// The text is no JSON: what is wrong, with line and column.
    Syntax(String, Place),
    /// A value of another type than the expected one.
    Type(&'static str, String),
    /// A value that is no object or array.
    Shape(&'static str, String),
    /// An object without a field of this name.
    NoField(String),
}

/// Line and column of a character, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    line: usize,
    column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SOURCE} line: {}, column: {}]", self.line, self.column)
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JsonError::Empty => f.write_str("The input string shouldn't be empty"),
            JsonError::Syntax(what, place) => write!(f, "{what}\n at {place}"),
            JsonError::Type(expected, found) => write!(f, "Expected `{expected}` value, received {found}"),
            JsonError::Shape(expected, found) => write!(f, "Expected {expected}, received {found}"),
            JsonError::NoField(name) => write!(f, "No such field exists: `{name}`"),
        }
    }
}

/// Reads the value that a text begins with (`Json.tryParseFull`).
pub(crate) fn read(text: &str) -> Result<Value, JsonError> {
    if text.is_empty() {
        return Err(JsonError::Empty);
    }
    match serde_json::Deserializer::from_str(text).into_iter::<Value>().next() {
        Some(Ok(value)) => Ok(value),
        // Blanks alone are a value that is missing, which no type has.
        None => Err(JsonError::Shape("JSON object", String::new())),
        Some(Err(error)) => Err(Scanner::new(text).problem().unwrap_or_else(|| {
            let place = Place { line: error.line(), column: error.column() };
            JsonError::Syntax("Unexpected character".to_owned(), place)
        })),
    }
}

/// A field of an object, if it is there.
pub(crate) fn optional<'v>(value: &'v Value, name: &str) -> Result<Option<&'v Value>, JsonError> {
    let object = value.as_object().ok_or_else(|| JsonError::Shape("JSON object", value.to_string()))?;
    Ok(object.get(name))
}

/// A field of an object.
pub(crate) fn field<'v>(value: &'v Value, name: &str) -> Result<&'v Value, JsonError> {
    optional(value, name)?.ok_or_else(|| JsonError::NoField(name.to_owned()))
}

/// The elements of an array.
pub(crate) fn array(value: &Value) -> Result<&[Value], JsonError> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| JsonError::Shape("JSON array", value.to_string()))
}

/// The elements of an array, each read by `element`.
pub(crate) fn list<T>(value: &Value, element: fn(&Value) -> Result<T, JsonError>) -> Result<Vec<T>, JsonError> {
    let items = value.as_array().ok_or_else(|| JsonError::Type("JSON array", value.to_string()))?;
    items.iter().map(element).collect()
}

/// A text.
pub(crate) fn string(value: &Value) -> Result<String, JsonError> {
    value.as_str().map(str::to_owned).ok_or_else(|| JsonError::Type("String", value.to_string()))
}

/// A number of 32 bits.
pub(crate) fn integer(value: &Value) -> Result<i32, JsonError> {
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
    number.ok_or_else(|| JsonError::Type("Integer", value.to_string()))
}

/// What an array or object is, and where it begins.
struct Open {
    is_array: bool,
    start: Place,
}

/// Goes through a text as Jackson does, up to what is wrong.
struct Scanner<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    next: Place,
    open: Vec<Open>,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str) -> Self {
        Scanner { rest: text.chars().peekable(), next: Place { line: 1, column: 1 }, open: Vec::new() }
    }

    /// What is wrong; `None` if this scanner finds nothing.
    fn problem(&mut self) -> Option<JsonError> {
        self.value().err()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.next = match c {
            '\n' => Place { line: self.next.line + 1, column: 1 },
            _ => Place { column: self.next.column + 1, ..self.next },
        };
        Some(c)
    }

    fn skip_blanks(&mut self) {
        while self.rest.peek().is_some_and(|c| " \t\r\n".contains(*c)) {
            self.bump();
        }
    }

    fn error<T>(&self, what: String, place: Place) -> Result<T, JsonError> {
        Err(JsonError::Syntax(what, place))
    }

    /// The end of the text inside an array or object.
    fn end<T>(&self) -> Result<T, JsonError> {
        let what = match self.open.last() {
            Some(Open { is_array, start }) => {
                let marker = if *is_array { "Array" } else { "Object" };
                format!("Unexpected end-of-input: expected close marker for {marker} (start marker at {start})")
            }
            None => "Unexpected end-of-input".to_owned(),
        };
        self.error(what, self.next)
    }

    /// The end of the text after a comma, or around a colon.
    fn end_between<T>(&self) -> Result<T, JsonError> {
        let of = match self.open.last() {
            Some(Open { is_array: true, .. }) => "Array",
            Some(_) => "Object",
            None => "root",
        };
        self.error(format!("Unexpected end-of-input within/between {of} entries"), self.next)
    }

    /// The next character is none of those that can stand here.
    fn unexpected<T>(&mut self, comment: &str) -> Result<T, JsonError> {
        let place = self.next;
        let Some(c) = self.bump() else { return self.end() };
        let code = u32::from(c);
        let shown = match c {
            c if c.is_control() => format!("(CTRL-CHAR, code {code})"),
            c if code > 255 => format!("'{c}' (code {code} / 0x{code:x})"),
            c => format!("'{c}' (code {code})"),
        };
        self.error(format!("Unexpected character ({shown}): {comment}"), place)
    }

    fn value(&mut self) -> Result<(), JsonError> {
        self.skip_blanks();
        match self.rest.peek() {
            None => self.end_between(),
            Some('{') => self.object(),
            Some('[') => self.array(),
            Some('"') => self.string(": was expecting closing quote for a string value", "string value"),
            Some('-' | '0'..='9') => {
                while self.rest.peek().is_some_and(|c| c.is_ascii_digit() || "+-.eE".contains(*c)) {
                    self.bump();
                }
                Ok(())
            }
            Some(c) if c.is_alphabetic() || "_$".contains(*c) => self.word(),
            Some(_) => self.unexpected(&format!("expected a valid value ({VALUE})")),
        }
    }

    fn word(&mut self) -> Result<(), JsonError> {
        let start = self.next;
        let mut word = String::new();
        while let Some(c) = self.rest.peek().filter(|c| c.is_alphanumeric() || "_$".contains(**c)) {
            word.push(*c);
            self.bump();
        }
        match word.as_str() {
            "true" | "false" | "null" => Ok(()),
            _ => self.error(format!("Unrecognized token '{word}': was expecting ({VALUE})"), start),
        }
    }

    /// A text in quotes; `end` says what is wrong if the input ends in it, `what` names it.
    fn string(&mut self, end: &str, what: &str) -> Result<(), JsonError> {
        self.bump();
        loop {
            let place = self.next;
            match self.bump() {
                Some('"') => return Ok(()),
                Some('\\') => {
                    self.bump();
                }
                Some(c) if c < ' ' => {
                    let code = u32::from(c);
                    let how = "has to be escaped using backslash to be included in";
                    let what = format!("Illegal unquoted character ((CTRL-CHAR, code {code})): {how} {what}");
                    return self.error(what, place);
                }
                Some(_) => {}
                None => return self.error(format!("Unexpected end-of-input{end}"), self.next),
            }
        }
    }

    fn array(&mut self) -> Result<(), JsonError> {
        self.open.push(Open { is_array: true, start: self.next });
        self.bump();
        self.skip_blanks();
        match self.rest.peek() {
            Some(']') => return self.close(),
            None => return self.end(),
            Some(_) => {}
        }
        loop {
            self.value()?;
            self.skip_blanks();
            match self.rest.peek() {
                Some(',') => {
                    self.bump();
                }
                Some(']') => return self.close(),
                _ => return self.unexpected("was expecting comma to separate Array entries"),
            }
        }
    }

    fn object(&mut self) -> Result<(), JsonError> {
        self.open.push(Open { is_array: false, start: self.next });
        self.bump();
        self.skip_blanks();
        match self.rest.peek() {
            Some('}') => return self.close(),
            None => return self.end(),
            Some(_) => {}
        }
        loop {
            self.skip_blanks();
            match self.rest.peek() {
                Some('"') => self.string(" in field name", "name")?,
                Some(_) => return self.unexpected("was expecting double-quote to start field name"),
                None => return self.end_between(),
            }
            self.skip_blanks();
            match self.rest.peek() {
                Some(':') => self.bump(),
                Some(_) => return self.unexpected("was expecting a colon to separate field name and value"),
                None => return self.end_between(),
            };
            self.value()?;
            self.skip_blanks();
            match self.rest.peek() {
                Some(',') => {
                    self.bump();
                }
                Some('}') => return self.close(),
                _ => return self.unexpected("was expecting comma to separate Object entries"),
            }
        }
    }

    fn close(&mut self) -> Result<(), JsonError> {
        self.bump();
        self.open.pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        let error = read(text).expect_err(text).to_string();
        error.replace(SOURCE, "")
    }

    #[test]
    fn what_is_wrong_is_told_as_jackson_tells_it() {
        for (text, expected) in [
            (
                "{\"version\":1,\"partitions\":[\n",
                "Unexpected end-of-input: expected close marker for Array (start marker at  line: 1, column: 27])\n at  \
                 line: 2, column: 1]",
            ),
            (
                "{\"a\": x}",
                "Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or \
                 'false')\n at  line: 1, column: 7]",
            ),
            (
                "{a",
                "Unexpected character ('a' (code 97)): was expecting double-quote to start field name\n at  line: 1, \
                 column: 2]",
            ),
            ("{\"a\": 1,\n", "Unexpected end-of-input within/between Object entries\n at  line: 2, column: 1]"),
            (
                "[\"a\n",
                "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in \
                 string value\n at  line: 1, column: 4]",
            ),
            ("", "The input string shouldn't be empty"),
            (" ", "Expected JSON object, received "),
        ] {
            assert_eq!(message(text), expected, "{text}");
        }
        assert_eq!(read("{} x"), Ok(serde_json::json!({})));
    }

    #[test]
    fn values_of_other_types_are_refused() {
        let value = serde_json::json!({"a": [1], "b": 1.5});
        let text = |error: JsonError| error.to_string();
        assert_eq!(field(&value, "c").map_err(text), Err("No such field exists: `c`".into()));
        let b = field(&value, "b").expect("there");
        assert_eq!(integer(b).map_err(text), Err("Expected `Integer` value, received 1.5".into()));
        assert_eq!(string(b).map_err(text), Err("Expected `String` value, received 1.5".into()));
        assert_eq!(array(b).map_err(text), Err("Expected JSON array, received 1.5".into()));
        assert_eq!(field(b, "a").map_err(text), Err("Expected JSON object, received 1.5".into()));
        assert_eq!(list(field(&value, "a").expect("there"), integer), Ok(vec![1]));
    }
}
