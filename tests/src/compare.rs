//! When two runs of a dump tool are equal: the same rules as `tests/oracle/diff-dump`.
//!
//! Standard output and exit code are Kafka's byte for byte, and so is standard error, with three exceptions: the order of
//! report blocks that Kafka takes from a hash of absolute paths, the stack frames of an uncaught exception, and the
//! exception itself, in whose place a message of our own must stand.

use std::path::Path;

use crate::fixtures::Case;
use crate::run::Outcome;

/// Begins Java's report of an uncaught exception.
const UNCAUGHT: &[u8] = b"Exception in thread \"main\"";
/// Headings of the closing report, each naming a file.
const HEADINGS: [&[u8]; 5] = [
    b"Mismatches in :",
    b"Found timestamp mismatch in :",
    b"Found out of order timestamp in :",
    b"The following indexed offsets are not found in :",
    b"Non-consecutive offsets in ",
];
const SHOWN_MAX: usize = 400;

/// What differs between Kafka's run and ours in the folder `cwd`, as lines to print; nothing when they are equal.
pub fn differences(want: &Case, got: &Outcome, cwd: &Path) -> Vec<String> {
    let mut said = Vec::new();
    if got.code != Some(want.code) {
        let ours = got.code.map_or("ended by a signal".to_owned(), |code| code.to_string());
        said.push(format!("exit code: Kafka {}, ours {ours}", want.code));
    }
    say_first("stdout", &canonical_out(&want.out), &canonical_out(&got.out), &mut said);

    let unordered = is_hash_ordered(&want.err);
    let (kafka, ours) = (canonical_err(&want.err, cwd, unordered), canonical_err(&got.err, cwd, unordered));
    if find(&ours, b"panicked at").is_some() {
        said.push("stderr: a Rust panic".to_owned());
        said.push(format!("  {}", shown(Some(&ours))));
    } else if let Some(at) = find(&kafka, UNCAUGHT) {
        let (before, exception) = kafka.split_at(at);
        match ours.strip_prefix(before) {
            None => say_first("stderr", before, &ours, &mut said),
            Some(rest) if rest.trim_ascii().is_empty() => {
                said.push("stderr: Kafka's tool died of an exception, ours says nothing:".to_owned());
                said.push(format!("  Kafka: {}", shown(exception.split(|&b| b == b'\n').next())));
            }
            Some(_) => {}
        }
    } else {
        say_first("stderr", &kafka, &ours, &mut said);
    }
    said
}

fn say_first(stream: &str, kafka: &[u8], ours: &[u8], said: &mut Vec<String>) {
    if kafka == ours {
        return;
    }
    let (mut a, mut b) = (kafka.split(|&b| b == b'\n'), ours.split(|&b| b == b'\n'));
    for number in 1.. {
        let (kafka, ours) = (a.next(), b.next());
        if kafka != ours {
            said.push(format!("{stream} line {number}:"));
            said.push(format!("  Kafka: {}", shown(kafka)));
            said.push(format!("  ours:  {}", shown(ours)));
            return;
        }
    }
}

fn shown(line: Option<&[u8]>) -> String {
    let Some(line) = line else { return "(nothing: the output ends before this line)".to_owned() };
    let text = String::from_utf8_lossy(line);
    match text.char_indices().nth(SHOWN_MAX) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], line.len()),
    }
}

/// Replaces the identity hash in `[B@1b2c3d`, which is another one in every run of Kafka's default decoder.
fn canonical_out(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find(rest, b"[B@") {
        let (before, hash) = rest.split_at(at + 3);
        let digits = hash.iter().take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).count();
        out.extend_from_slice(before);
        if digits > 0 {
            out.extend_from_slice(b"HASH");
        }
        rest = &hash[digits..];
    }
    out.extend_from_slice(rest);
    out
}

fn canonical_err(text: &[u8], cwd: &Path, unordered: bool) -> Vec<u8> {
    let text = replace(text, cwd.as_os_str().as_encoded_bytes(), b"@CWD@");
    let lines = text.split(|&b| b == b'\n').filter(|line| !is_frame(line));
    if !unordered {
        return lines.collect::<Vec<_>>().join(&b'\n');
    }
    let mut blocks = vec![Vec::new()];
    for line in lines {
        if is_heading(line) {
            blocks.push(Vec::new());
        }
        blocks.last_mut().expect("there is a block from the start").push(line);
    }
    let mut blocks = blocks.iter().map(|lines| lines.join(&b'\n'));
    let mut out = blocks.next().unwrap_or_default();
    let mut rest: Vec<Vec<u8>> = blocks.map(|block| trim_newlines(&block).to_vec()).collect();
    rest.sort();
    out.extend_from_slice(&rest.join(&b'\n'));
    out.push(b'\n');
    out
}

/// Does the closing report name two files under the same heading?
fn is_hash_ordered(text: &[u8]) -> bool {
    HEADINGS.iter().any(|heading| text.split(|&b| b == b'\n').filter(|line| line.starts_with(heading)).count() > 1)
}

fn is_heading(line: &[u8]) -> bool {
    HEADINGS.iter().any(|heading| line.starts_with(heading))
}

/// `\tat org.apache…` or `\t... 12 more`.
fn is_frame(line: &[u8]) -> bool {
    line.starts_with(b"\tat ")
        || line.strip_prefix(b"\t... ").is_some_and(|rest| {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            digits > 0 && rest[digits..].starts_with(b" more")
        })
}

fn trim_newlines(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix(b"\n") {
        text = rest;
    }
    while let Some(rest) = text.strip_suffix(b"\n") {
        text = rest;
    }
    text
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|&b| b == first) {
        if text[from + at..].starts_with(what) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

fn replace(text: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find(rest, what) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with);
        rest = &rest[at + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kafka: (i32, &str, &str), ours: (i32, &str, &str)) -> Vec<String> {
        let want = Case { id: String::new(), args: vec![], code: kafka.0, out: kafka.1.into(), err: kafka.2.into() };
        let got = Outcome { code: Some(ours.0), out: ours.1.into(), err: ours.2.into() };
        differences(&want, &got, Path::new("/data/here"))
    }

    #[test]
    fn equal_runs_differ_in_nothing() {
        assert!(said((0, "a\nb\n", "in @CWD@/x"), (0, "a\nb\n", "in /data/here/x")).is_empty());
        assert!(said((0, "key: [B@HASH x", ""), (0, "key: [B@1f9a x", "")).is_empty());
    }

    #[test]
    fn the_first_differing_line_is_shown_with_its_number() {
        let lines = said((0, "a\nb\nc", ""), (1, "a\nB\nc", ""));
        assert_eq!(lines, ["exit code: Kafka 0, ours 1", "stdout line 2:", "  Kafka: b", "  ours:  B"]);
        let lines = said((0, "", "a\n"), (0, "", "a\nb"));
        assert_eq!(lines, ["stderr line 2:", "  Kafka: ", "  ours:  b"]);
    }

    #[test]
    fn an_array_hash_without_digits_is_no_hash() {
        assert!(!said((0, "[B@HASH", ""), (0, "[B@", "")).is_empty());
    }

    #[test]
    fn in_place_of_an_exception_a_message_of_ours_must_stand() {
        let kafka = (1, "", "Warned\nException in thread \"main\" java.X: y\n\tat a.b\n\t... 3 more\n");
        assert!(said(kafka, (1, "", "Warned\nx.log: cut short\n")).is_empty());
        assert_eq!(said(kafka, (1, "", "Warned\n")).len(), 2);
        assert_eq!(said(kafka, (1, "", "x.log: cut short\n")).len(), 3);
        assert_eq!(said(kafka, (1, "", "Warned\nthread 'main' panicked at x.rs\n")).len(), 2);
    }

    #[test]
    fn the_order_of_files_in_the_closing_report_is_free_only_under_one_heading() {
        let (a, b) = ("Mismatches in :@CWD@/a\n  1\n", "Mismatches in :@CWD@/b\n  2\n");
        assert!(said((0, "", &format!("{a}{b}")), (0, "", &format!("{b}{a}"))).is_empty());
        assert!(!said((0, "", &format!("{a}{b}")), (0, "", &format!("{b}{b}"))).is_empty());
        let other = "Non-consecutive offsets in :x\n";
        assert!(!said((0, "", &format!("{a}{other}")), (0, "", &format!("{other}{a}"))).is_empty());
    }
}
