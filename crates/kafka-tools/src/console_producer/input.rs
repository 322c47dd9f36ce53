//! Lines of standard input, read beside the producer so that neither waits for the other.

use std::io::{self, BufRead, IsTerminal};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// How many lines may wait.
const LINES_AHEAD: usize = 1000;

/// Whether somebody is typing.
pub(super) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The lines of standard input, as `BufferedReader.readLine` finds them. The channel closes at the end.
pub(super) fn lines() -> Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::sync_channel(LINES_AHEAD);
    // The thread ends with the input or with the process: nothing else can interrupt its reading.
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut after_return = false;
        loop {
            let line = read_line(&mut input, &mut after_return);
            let is_error = line.is_err();
            let Some(line) = line.transpose() else { return };
            if sender.send(line).is_err() || is_error {
                return;
            }
        }
    });
    receiver
}

/// The next line, which ends with `\n`, `\r` or `\r\n`. Bytes that are no UTF-8 are replaced.
fn read_line(input: &mut impl BufRead, after_return: &mut bool) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut has_bytes = false;
    loop {
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let Some(first) = bytes.first() else {
            return Ok(has_bytes.then(|| String::from_utf8_lossy(&line).into_owned()));
        };
        if std::mem::take(after_return) && *first == b'\n' {
            input.consume(1);
            continue;
        }
        has_bytes = true;
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        line.extend_from_slice(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default());
        let is_return = end.and_then(|end| bytes.get(end)) == Some(&b'\r');
        let used = end.map_or(bytes.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            *after_return = is_return;
            return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_java() {
        let (mut input, mut after_return, mut lines) = (&b"a\r\n\rb\n\nlast"[..], false, Vec::new());
        while let Some(line) = read_line(&mut input, &mut after_return).unwrap() {
            lines.push(line);
        }
        assert_eq!(lines, ["a", "", "b", "", "last"]);
        assert_eq!(read_line(&mut &b"x\n"[..], &mut false).unwrap(), Some("x".into()));
        assert_eq!(read_line(&mut &b""[..], &mut false).unwrap(), None);
    }
}
