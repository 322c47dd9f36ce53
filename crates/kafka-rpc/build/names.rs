//! Kafka's names as Rust's.

/// Words that cannot be names of fields.
const KEYWORDS: &[&str] = &["type", "match"];

/// `topicId` or `TopicId` to `topic_id`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut before = '_';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
        before = letter;
    }
    out
}

/// The name of a struct's field.
pub(crate) fn field_name(name: &str) -> String {
    let name = snake(name);
    if KEYWORDS.contains(&name.as_str()) { format!("r#{name}") } else { name }
}
