//! Regular expressions in the syntax of RE2/J, which Kafka uses.
//!
//! `regex-lite` has the same syntax but for a few details, which are rewritten here. What it does not know at all, such as `\C`, `\p{L}` and
//! octal numbers, is refused. Names of topics are ASCII.

use std::fmt;

use regex_lite::{Regex, RegexBuilder};

/// Longest program, in bytes: an expression of a few characters can ask for gigabytes, and the time for a name grows with the program.
const PROGRAM_LEN_MAX: usize = 1 << 16;

/// An expression that cannot be used: it is none, or needs too much memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError;

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid syntax, or too large")
    }
}

/// An expression that matches whole names.
pub(super) fn compile(expression: &str) -> Result<Regex, SyntaxError> {
    let inner = translate(expression).ok_or(SyntaxError)?;
    // Alone first: `a)(b` must not become right because of what is put around it.
    build(&inner)?;
    build(&format!(r"\A(?:{inner})\z"))
}

fn build(expression: &str) -> Result<Regex, SyntaxError> {
    RegexBuilder::new(expression).size_limit(PROGRAM_LEN_MAX).build().map_err(|_| SyntaxError)
}

/// Writes an expression of RE2 the way `regex-lite` reads it; `None` for flags that RE2 does not have.
fn translate(expression: &str) -> Option<String> {
    let mut out = String::with_capacity(expression.len());
    let mut rest = expression;
    // In a class, and whether its first character is still to come.
    let (mut in_class, mut is_first) = (false, false);
    while let Some(next) = rest.chars().next() {
        let was_first = std::mem::take(&mut is_first);
        if let Some(quoted) = rest.strip_prefix(r"\Q") {
            let (text, after) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
            out.push_str(&regex_lite::escape(text));
            rest = after;
            continue;
        }
        let (piece, len) = match next {
            '\\' => {
                let len = 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
                match rest.get(..len)? {
                    r"\<" => ("<".to_owned(), len),
                    r"\>" => (">".to_owned(), len),
                    escape => (escape.to_owned(), len),
                }
            }
            '[' if !in_class => {
                (in_class, is_first) = (true, true);
                let len = if rest.starts_with("[^") { 2 } else { 1 };
                (rest.get(..len)?.to_owned(), len)
            }
            '[' if rest.starts_with("[:") => match rest.find(":]") {
                Some(end) => (rest.get(..end + 2)?.to_owned(), end + 2),
                None => (r"\[".to_owned(), 1),
            },
            // Classes do not nest, and there are no operations on them.
            '[' | '&' | '~' if in_class => (format!(r"\{next}"), 1),
            ']' if in_class && was_first => (r"\]".to_owned(), 1),
            ']' if in_class => {
                in_class = false;
                ("]".to_owned(), 1)
            }
            '-' if in_class && rest.starts_with("--") => (r"\-".to_owned(), 1),
            '{' if !in_class && !is_repetition(rest) => (r"\{".to_owned(), 1),
            '(' if !in_class && rest.starts_with("(?") => {
                let flags = rest.get(2..)?.split([':', ')', '<', 'P']).next().unwrap_or_default();
                if flags.chars().any(|flag| !"imsU-".contains(flag)) {
                    return None;
                }
                ("(".to_owned(), 1)
            }
            other => (other.to_string(), other.len_utf8()),
        };
        out.push_str(&piece);
        rest = rest.get(len..)?;
    }
    Some(out)
}

/// Whether this is `{n}`, `{n,}` or `{n,m}`.
fn is_repetition(text: &str) -> bool {
    let Some((inner, _)) = text.get(1..).and_then(|text| text.split_once('}')) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match inner.split_once(',') {
        None => is_number(inner),
        Some((from, to)) => is_number(from) && (to.is_empty() || is_number(to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_mean_what_they_mean_to_re2() {
        let cases: [(&str, &[&str], &[&str]); 12] = [
            ("t[0-9]+", &["t1", "t42"], &["t", "at1", "t1a"]),
            ("a|b", &["a", "b"], &["ab", "ba"]),
            (r"\Qa.b\E.*", &["a.b", "a.bc"], &["axb"]),
            (r"a\.b", &["a.b"], &["aab"]),
            ("[[a]", &["[", "a"], &["b"]),
            ("[a&&b]+", &["a", "&", "ab&"], &["c"]),
            ("[]a]+", &["a", "]a"], &["b"]),
            ("[[:alpha:]]+", &["ab"], &["a1"]),
            ("a{,2}", &["a{,2}"], &["a", "aa"]),
            ("a{1,2}", &["a", "aa"], &["aaa"]),
            ("(?i)ab", &["AB", "aB"], &["ac"]),
            ("", &[""], &["a"]),
        ];
        for (expression, matching, others) in cases {
            let compiled = compile(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
            matching.iter().for_each(|name| assert!(compiled.is_match(name), "{expression} {name}"));
            others.iter().for_each(|name| assert!(!compiled.is_match(name), "{expression} {name}"));
        }
        for expression in ["(", "a)(b", "[", "*", "(?x)a", r"\8", "(?<n"] {
            assert!(compile(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn a_short_expression_cannot_take_much_memory() {
        assert_eq!(compile("((a{1000}){1000}){1000}").err(), Some(SyntaxError));
    }
}
