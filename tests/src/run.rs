//! Runs a command-line tool to its end, with a limit on its time.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a finished process left behind.
#[derive(Clone)]
pub struct Outcome {
    /// Exit code; nothing when a signal ended the process.
    pub code: Option<i32>,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: Vec<u8>,
}

/// Runs `binary` in the folder `cwd`, with nothing on its standard input and without inherited locale settings.
///
/// # Errors
/// When the process cannot be started, or is still running after `limit` (it is killed then).
pub fn run(binary: &Path, args: &[String], cwd: &Path, limit: Duration) -> io::Result<Outcome> {
    let mut child = Command::new(binary)
        .args(args)
        .current_dir(cwd)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    thread::scope(|threads| {
        let out = threads.spawn(|| read_all(out));
        let err = threads.spawn(|| read_all(err));
        let started = Instant::now();
        let mut pause = Duration::from_micros(200);
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if started.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                return Err(io::Error::other(format!("still running after {} s", limit.as_secs())));
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        let joined = |reader: thread::ScopedJoinHandle<'_, io::Result<Vec<u8>>>| {
            reader.join().unwrap_or_else(|_| Err(io::Error::other("the reader of a pipe panicked")))
        };
        Ok(Outcome { code: status.code(), out: joined(out)?, err: joined(err)? })
    })
}

fn read_all(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_does_not_end_is_killed() {
        let sleep = ["5".to_owned()];
        let hung = run(Path::new("/bin/sleep"), &sleep, Path::new("."), Duration::from_millis(50));
        assert!(hung.is_err_and(|e| e.to_string().starts_with("still running")));
    }
}
