//! `log-script run SCRIPT DIR`: drives one partition log through a script of JSON lines, one operation a line, and prints
//! what came of each as a line of JSON. `log-script batch SCRIPTS OUTPUTS WORK` does it with every `*.jsonl` of a folder,
//! `log-script compare SCRIPTS EXPECTED FOUND` shows where two folders of outputs first differ.
//!
//! `tests/oracle/engine` does the same with Kafka's own log; both must print the same. Its README describes the language.

mod batches;
mod checkpoints;
mod mangle;
mod observe;
mod operations;
mod partition;
mod script;
mod world;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use script::{Failure, Op};
use tests::answers::first_difference;
use world::World;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["run", script, dir] => run(Path::new(script), Path::new(dir), io::stdout().lock()),
        ["batch", scripts, outputs, work] => batch(Path::new(scripts), Path::new(outputs), Path::new(work)),
        ["compare", scripts, expected, found] => compare(Path::new(scripts), Path::new(expected), Path::new(found)),
        _ => Err(io::Error::other(
            "usage: log-script run SCRIPT DIR | batch SCRIPTS OUTPUTS WORK | compare SCRIPTS EXPECTED FOUND",
        )),
    }
}

fn run(script: &Path, dir: &Path, out: impl Write) -> io::Result<()> {
    if dir.exists() && fs::read_dir(dir)?.next().is_some() {
        return Err(io::Error::other(format!("{} is not empty", dir.display())));
    }
    let mut out = BufWriter::new(out);
    let mut world = World::new(dir)?;
    for (i, line) in fs::read_to_string(script)?.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let place = |what: String| io::Error::other(format!("{}:{}: {what}", script.display(), i + 1));
        let op = serde_json::from_str(line).map_err(|e| place(e.to_string()))?;
        match world.execute(i + 1, &Op(&op)) {
            Ok(answer) => {
                writeln!(out, "{answer}")?;
                out.flush()?;
            }
            Err(Failure::Kafka { exception, .. }) => return Err(place(format!("{exception} outside of an operation"))),
            Err(Failure::BadScript(what)) => return Err(place(what)),
        }
    }
    out.flush()
}

/// Names of the scripts in a folder, sorted.
fn names(scripts: &Path) -> io::Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(scripts)?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".jsonl")?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn batch(scripts: &Path, outputs: &Path, work: &Path) -> io::Result<()> {
    fs::create_dir_all(outputs)?;
    for name in names(scripts)? {
        let out = fs::File::create(outputs.join(format!("{name}.out")))?;
        let folder = work.join(&name);
        // A script that goes wrong must not keep the others from their turn: what it did not print tells on it.
        match std::panic::catch_unwind(|| run(&scripts.join(format!("{name}.jsonl")), &folder, &out)) {
            Ok(Ok(())) => fs::remove_dir_all(folder)?,
            Ok(Err(error)) => eprintln!("{name}: {error}"),
            Err(_) => eprintln!("{name}: panicked"),
        }
    }
    Ok(())
}

fn compare(scripts: &Path, expected: &Path, found: &Path) -> io::Result<()> {
    const SHOWN: usize = 25;
    let (mut differing, mut lines) = (0, 0);
    let names = names(scripts)?;
    for name in &names {
        let file = format!("{name}.out");
        let (kafka, ours) = (fs::read_to_string(expected.join(&file))?, fs::read_to_string(found.join(&file))?);
        lines += kafka.lines().count();
        let script = fs::read_to_string(scripts.join(format!("{name}.jsonl")))?;
        let Some(difference) = first_difference(&script, &kafka, &ours).map_err(io::Error::other)? else { continue };
        differing += 1;
        if differing > SHOWN {
            continue;
        }
        let operation = script.lines().nth(difference.line.saturating_sub(1) as usize).unwrap_or_default();
        println!("DIFFERS {name}:{}\n  {}", difference.line, shortened(operation));
        for value in difference.values.iter().take(SHOWN) {
            println!("  {}", shortened(value));
        }
    }
    println!("{} scripts, {lines} lines, {differing} scripts differ", names.len());
    if differing > 0 { Err(io::Error::other("the logs differ")) } else { Ok(()) }
}

fn shortened(text: &str) -> String {
    text.chars().take(600).collect()
}
