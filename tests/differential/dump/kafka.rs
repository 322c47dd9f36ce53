//! Kafka's tool, many calls in one virtual machine (`tests/oracle/java/DumpRunner.java`).

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tests::fixtures::{Case as Recorded, root};

use crate::case::Case;

pub(crate) struct Kafka {
    child: Child,
    feed: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    results: PathBuf,
}

impl Kafka {
    /// Starts the virtual machine in the folder `cwd`; what the tool prints is kept in `results` for a while.
    pub(crate) fn start(cwd: &Path, results: &Path) -> io::Result<Self> {
        let mut child = Command::new(root().join("tests/oracle/bin/helper"))
            .arg("DumpRunner")
            .arg(results)
            .arg("-")
            .current_dir(cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("a pipe is missing");
        let feed = child.stdin.take().ok_or_else(missing)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        Ok(Kafka { child, feed: Some(feed), answers, results: results.to_owned() })
    }

    /// Asks for a call; it runs while this process goes on.
    pub(crate) fn ask(&mut self, case: &Case) -> io::Result<()> {
        let line = format!("{}\t{}\n", case.id, case.args.join("\u{1f}"));
        match &mut self.feed {
            Some(feed) => feed.write_all(line.as_bytes()).and_then(|()| feed.flush()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// The outcome of the next call asked for.
    pub(crate) fn answer(&mut self, case: &Case) -> io::Result<Recorded> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let mut parts = line.split('\t');
        let (id, code) = (parts.next(), parts.next().and_then(|code| code.parse().ok()));
        let (Some(code), true) = (code, id == Some(&case.id)) else {
            return Err(io::Error::other(format!("the virtual machine answered {line:?} to {}", case.id)));
        };
        let stream = |name: &str| {
            let path = self.results.join(format!("{}.{name}", case.id));
            let bytes = fs::read(&path)?;
            fs::remove_file(&path)?;
            io::Result::Ok(bytes)
        };
        Ok(Recorded { id: case.id.clone(), args: case.args.clone(), code, out: stream("out")?, err: stream("err")? })
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.feed = None;
        let _ = self.child.wait();
    }
}
