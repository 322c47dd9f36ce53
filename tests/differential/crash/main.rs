//! `crash-differential make SEED COUNT SCRIPTS`: what simulated crashes leave, as scripts that lay out the files, open the log and
//! look at everything. `crash-differential compare SCRIPTS KAFKA OURS`: the answers to them.
//!
//! One difference is known: where an index is missing after the recovery point Kafka recovers that segment before those
//! that lie before it, and does not start when one of these is torn. Ours takes them in order.

use std::error::Error;
use std::path::Path;
use std::{env, fs, process};

use data_encoding::BASE64;
use kafka_log::fs::{Fs, read_whole};
use serde_json::{Value, json};
use tests::Random;
use tests::answers::first_difference;
use tests::sim::run::{DIR, Image, image};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", seed, count, scripts] => make(seed.parse()?, count.parse()?, Path::new(scripts)),
        ["compare", scripts, kafka, ours] => compare(Path::new(scripts), Path::new(kafka), Path::new(ours)),
        _ => Err("usage: crash-differential make SEED COUNT SCRIPTS | compare SCRIPTS KAFKA OURS".into()),
    }
}

fn make(seed: u64, count: u64, scripts: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(scripts)?;
    let mut random = Random::new(seed);
    for number in 0..count {
        let (seed, crashes) = (random.number(), 1 + random.below(5));
        let image = image(seed, crashes).map_err(|text| format!("seed {seed}: {text}"))?;
        let lines: Vec<String> = script(&image)?.iter().map(Value::to_string).collect();
        fs::write(scripts.join(format!("crash-{number:04}-{seed}-{crashes}.jsonl")), lines.join("\n"))?;
    }
    Ok(())
}

fn script(image: &Image) -> Result<Vec<Value>, Box<dyn Error>> {
    let config = &image.config;
    let policy = match (config.delete, config.compact) {
        (true, true) => "compact,delete",
        (false, true) => "compact",
        _ => "delete",
    };
    let open = json!({"op": "open", "now": image.now_ms, "files": true, "config": {
        "segment.bytes": config.segment_bytes.to_string(),
        "segment.index.bytes": config.segment_index_bytes.to_string(),
        "index.interval.bytes": config.index_interval_bytes.to_string(),
        "file.delete.delay.ms": config.file_delete_delay_ms.to_string(),
        "cleanup.policy": policy,
    }});
    let mangle =
        |file: &str, bytes: &[u8]| json!({"op": "mangle", "file": file, "do": "write", "b64": BASE64.encode(bytes)});
    // The folder is made by an opening; what that leaves goes.
    let mut lines = vec![open.clone(), json!({"op": "crash"})];
    for name in ["00000000000000000000.log", "00000000000000000000.index", "00000000000000000000.timeindex"] {
        lines.push(json!({"op": "mangle", "file": name, "do": "delete"}));
    }
    for name in ["00000000000000000000.snapshot", "leader-epoch-checkpoint"] {
        lines.push(json!({"op": "mangle", "file": name, "do": "delete"}));
    }
    let mut entries = image.fs.read_dir(Path::new(DIR))?;
    entries.sort();
    for entry in entries {
        let bytes = read_whole(&image.fs, &Path::new(DIR).join(&entry.name))?.unwrap_or_default();
        lines.push(mangle(&entry.name, &bytes));
    }
    let names = ["recovery-point-offset-checkpoint", "log-start-offset-checkpoint", "replication-offset-checkpoint"];
    for (name, offset) in names.iter().zip(image.checkpoints) {
        lines.push(mangle(&format!("../{name}"), format!("0\n1\nt 0 {offset}\n").as_bytes()));
    }
    if image.is_clean {
        lines.push(mangle("../.kafka_cleanshutdown", b"{\"version\":0,\"brokerEpoch\":-1}"));
    }
    lines.push(open);
    lines.extend(["epochs", "producers", "dump"].map(|op| json!({"op": op})));
    lines.push(json!({"op": "aborted", "from": 0, "to": 1_000_000}));
    lines.push(json!({"op": "lookup", "ts": image.now_ms - 100}));
    lines.push(json!({"op": "append", "batches": [{"records": [{"ts": image.now_ms, "k": "k", "v": "v"}]}]}));
    lines.push(json!({"op": "close", "files": true}));
    Ok(lines)
}

fn compare(scripts: &Path, kafka: &Path, ours: &Path) -> Result<(), Box<dyn Error>> {
    let (mut count, mut refused, mut known, mut differing) = (0, 0, 0, 0);
    let mut names: Vec<_> = fs::read_dir(scripts)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    names.sort();
    for script in names {
        let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let read = |dir: &Path| fs::read_to_string(dir.join(format!("{name}.out")));
        let (expected, found) = (read(kafka)?, read(ours)?);
        let text = fs::read_to_string(&script)?;
        let opening = text.lines().count() - 8;
        let answer: Value = serde_json::from_str(expected.lines().nth(opening).unwrap_or("{}"))?;
        count += 1;
        let is_refused = answer["ok"] == false;
        refused += usize::from(is_refused);
        let difference = if is_refused {
            let ours: Value = serde_json::from_str(found.lines().nth(opening).unwrap_or("{}"))?;
            if answer["error"] == "CorruptRecordException" && ours["ok"] == true {
                known += 1;
                continue;
            }
            // How far each came says nothing.
            first_difference("", &answer.to_string(), &ours.to_string())?
        } else {
            first_difference(&text, &expected, &found)?
        };
        let Some(difference) = difference else { continue };
        differing += 1;
        if differing <= 10 {
            let operation = text.lines().nth((difference.line as usize).saturating_sub(1)).unwrap_or_default();
            let operation: String = operation.chars().take(100).collect();
            println!("DIFFERS {name}:{}\n  {operation}\n  {}", difference.line, difference.values.join("\n  "));
        }
    }
    println!("{count} crashes, {refused} that Kafka does not open, {known} of them opened by ours, {differing} differ");
    if differing > 0 {
        process::exit(1);
    }
    Ok(())
}
