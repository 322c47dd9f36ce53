//! krabka-log, another log for brokers, on the workloads of `../engine/KafkaLogBench.java`: same payloads, same option names, one JSON
//! line a result. `benches/engine/compare --krabka` runs it beside ours.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Instant, SystemTime},
};

use bytes::{Bytes, BytesMut};
use krabka_log::{CleanupPolicy, CompactionContext, LeaderEpoch, Log, LogConfig, Offset, ProducerId, VerbatimBatch};
use krabka_protocol::records::{Attributes, Record, RecordBatch, RecordBatchHeader, validate_one_v2_batch};
use krabka_units::prelude::{ByteSize, ByteSizeExt as _};

const USAGE: &str = "usage: krabka-bench SUBCOMMAND [key=value ...]
  make     dir=D name=N [codec=none] [record=1024] [batch=16384] [bytes=1073741824] [keys=0] [segment=2147483647]
  append   dir=D [mode=leader|follower|log] [codec=none] [record=1024] [batch=16384] [bytes=1073741824]
           leader = what krabka's broker does per batch (CRC, every record parsed, append_verbatim);
           follower = append_verbatim_at alone; log = append_verbatim alone (trusts the caller)
  read     log=D/N-0 [what=locate|bytes|batches|records|decoded] [fetch=1048576] [lookups=200000]
  recover  log=D/N-0 [clean=false]   true keeps the snapshot of the last close (krabka-log scans all the same)
  open     dir=D [partitions=1000] [segments=1] [validate=true]
  compact  dir=D [record=1024] [batch=16384] [bytes=1073741824] [dup=2] [segment=268435456]
  look     log=D/N-0 [validate=true] [interval=4096]   open the directory once and print what it says about itself (work on a copy!)
common: [rounds=5] [warmup=1]";

type Anyhow<T> = Result<T, Box<dyn std::error::Error>>;

struct Opts(BTreeMap<String, String>);

impl Opts {
    fn str<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        self.0.get(key).map_or(default, String::as_str)
    }
    fn num(&self, key: &str, default: u64) -> u64 {
        self.0.get(key).map_or(default, |v| v.parse().expect("a number"))
    }
}

// ------------------------------------------------------------------ payloads: the bytes KafkaLogBench makes

struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }
    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 1) % n
    }
    fn word(&mut self) -> &'static str {
        const WORDS: &[&str] = &[
            "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo", "lima",
            "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey",
            "xray", "yankee", "zulu", "order", "payment", "shipped", "pending", "refund", "basket",
        ];
        WORDS[self.below(WORDS.len() as u64) as usize]
    }
}

fn json(r: &mut Rng, id: u64, n: usize) -> Bytes {
    let mut b = format!("{{\"id\":{id}");
    while b.len() < n {
        match r.below(5) {
            0 => b += &format!(",\"status\":\"{}\"", r.word()),
            1 => b += &format!(",\"amount\":{}.{}", r.below(1_000_000), 10 + r.below(90)),
            2 => b += &format!(",\"trace\":\"{:x}\"", r.next()),
            3 => b += &format!(",\"note\":\"{} {} {}\"", r.word(), r.word(), r.word()),
            _ => b += &format!(",\"user\":{{\"name\":\"{}\",\"age\":{}}}", r.word(), r.below(99)),
        }
    }
    b.truncate(n - 1);
    b.push('}');
    b.into()
}

struct Shape {
    codec: i16,
    record: usize,
    raw: usize,
    keys: u64,
}

impl Shape {
    fn from(o: &Opts, keys: u64) -> Self {
        let codec = ["none", "gzip", "snappy", "lz4", "zstd"].iter().position(|c| *c == o.str("codec", "none"));
        Self {
            codec: codec.expect("a codec") as i16,
            record: o.num("record", 1024) as usize,
            raw: o.num("batch", 16384) as usize,
            keys,
        }
    }
    fn count(&self) -> usize {
        ((self.raw - 61) / self.record).max(1)
    }
    fn logical(&self) -> u64 {
        (self.count() * self.record + 61) as u64
    }
    fn batch(&self, r: &mut Rng, first_key: u64, ts: i64, epoch: i32) -> Anyhow<Bytes> {
        let value = self.record.saturating_sub(12 + if self.record > 128 { 9 } else { 7 }).max(8);
        let records: Vec<Record> = (0..self.count())
            .map(|k| {
                let id = if self.keys == 0 { first_key + k as u64 } else { r.below(self.keys) };
                Record {
                    offset_delta: k as i32,
                    key: Some(format!("key-{id:08}").into()),
                    value: Some(json(r, id, value)),
                    ..Record::default()
                }
            })
            .collect();
        let batch = RecordBatch {
            partition_leader_epoch: epoch,
            attributes: Attributes(self.codec),
            last_offset_delta: records.len() as i32 - 1,
            base_timestamp: ts,
            max_timestamp: ts,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            records,
            ..RecordBatch::default()
        };
        let mut out = BytesMut::new();
        batch.encode(&mut out)?;
        Ok(out.freeze())
    }
}

fn verbatim(header: &RecordBatchHeader, bytes: Bytes) -> VerbatimBatch {
    VerbatimBatch {
        last_offset_delta: header.last_offset_delta.get(),
        max_timestamp: header.max_timestamp.get(),
        leader_epoch: LeaderEpoch(0),
        producer_id: ProducerId(header.producer_id.get()),
        producer_epoch: header.producer_epoch.get(),
        base_sequence: header.base_sequence.get(),
        is_transactional: Attributes(header.attributes.get()).is_transactional(),
        bytes,
    }
}

// ------------------------------------------------------------------ logs, measuring

fn config(segment: u64) -> LogConfig {
    LogConfig {
        segment_size: ByteSize::from_bytes(segment),
        max_message_size: ByteSize::from_bytes(16 << 20),
        retention: None,
        ..LogConfig::default()
    }
}

fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = stat.rsplit(')').next().unwrap_or("");
    let f: Vec<f64> = rest.split_whitespace().filter_map(|x| x.parse().ok()).collect();
    f.get(10).zip(f.get(11)).map_or(0.0, |(u, s)| (u + s) / 100.0)
}

fn peak_rss_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

struct Took {
    wall: f64,
    cpu: f64,
}

fn timed<T>(f: impl FnOnce() -> Anyhow<T>) -> Anyhow<(T, Took)> {
    let (c0, t0) = (cpu_seconds(), Instant::now());
    let out = f()?;
    Ok((out, Took { wall: t0.elapsed().as_secs_f64(), cpu: cpu_seconds() - c0 }))
}

fn bench(o: &Opts, name: &str, bytes: u64, ops: u64, mut round: impl FnMut() -> Anyhow<Took>) -> Anyhow<()> {
    for _ in 0..o.num("warmup", 1) {
        round()?;
    }
    let n = o.num("rounds", 5) as usize;
    let took = (0..n).map(|_| round()).collect::<Anyhow<Vec<_>>>()?;
    let mut wall: Vec<f64> = took.iter().map(|t| t.wall).collect();
    let mut cpu: Vec<f64> = took.iter().map(|t| t.cpu).collect();
    wall.sort_by(f64::total_cmp);
    cpu.sort_by(f64::total_cmp);
    let med = wall[n / 2];
    let extra: String = o
        .0
        .iter()
        .filter(|(k, _)| !["dir", "warmup", "rounds"].contains(&k.as_str()))
        .map(|(k, v)| format!(",\"{k}\":\"{}\"", v.rsplit('/').next().unwrap_or(v)))
        .collect();
    println!(
        "{{\"impl\":\"krabka-log 1.0.8\",\"bench\":\"{name}\"{extra},\"bytes\":{bytes},\"ops\":{ops},\"rounds\":{n},\
         \"median_s\":{med:.4},\"min_s\":{:.4},\"max_s\":{:.4},\"cpu_median_s\":{:.2},\"mb_per_s\":{:.1},\
         \"ops_per_s\":{:.0},\"peak_rss_mb\":{}}}",
        wall[0],
        wall[n - 1],
        cpu[n / 2],
        bytes as f64 / 1e6 / med,
        ops as f64 / med,
        peak_rss_mb()
    );
    Ok(())
}

// ------------------------------------------------------------------ subcommands

fn make(o: &Opts) -> Anyhow<()> {
    let dir = PathBuf::from(o.str("dir", ".")).join(format!("{}-0", o.str("name", "data")));
    let _ = fs::remove_dir_all(&dir);
    let shape = Shape::from(o, o.num("keys", 0));
    let mut log = Log::open(&dir, config(o.num("segment", i32::MAX as u64)))?;
    let (mut r, mut done, mut off, mut ts) = (Rng(42), 0, 0, 1_700_000_000_000);
    while done < o.num("bytes", 1 << 30) {
        let b = shape.batch(&mut r, off, ts, 0)?;
        let header = *validate_one_v2_batch(&b)?.header;
        log.append_verbatim(&verbatim(&header, b))?;
        off += shape.count() as u64;
        ts += 1;
        done += shape.logical();
    }
    log.sync()?;
    println!("{{\"made\":\"{}\",\"records\":{off},\"log_bytes\":{}}}", dir.display(), log.size().bytes_u64());
    Ok(())
}

fn append(o: &Opts) -> Anyhow<()> {
    let dir = PathBuf::from(o.str("dir", ".")).join("bench-append-0");
    let shape = Shape::from(o, 0);
    let pool_len = ((64 << 20) / shape.raw).clamp(8, 1024);
    let mut r = Rng(7);
    let pool = (0..pool_len)
        .map(|k| shape.batch(&mut r, 0, 1_700_000_000_000 + k as i64, 0))
        .collect::<Anyhow<Vec<_>>>()?;
    let calls = (o.num("bytes", 1 << 30) / shape.logical()) as usize;
    let mode = o.str("mode", "leader");
    bench(o, "append", calls as u64 * shape.logical(), calls as u64, || {
        let _ = fs::remove_dir_all(&dir);
        let mut log = Log::open(&dir, config(1 << 30))?;
        let (_, took) = timed(|| {
            for k in 0..calls {
                let bytes = &pool[k % pool_len];
                match mode {
                    "leader" => {
                        let valid = validate_one_v2_batch(bytes)?;
                        valid.validate_records(Default::default())?;
                        log.append_verbatim(&verbatim(valid.header, bytes.clone()))?;
                    }
                    "follower" => {
                        let base = log.log_end_offset();
                        let header = *header_of(bytes)?;
                        log.append_verbatim_at(&verbatim(&header, bytes.clone()), base)?;
                    }
                    _ => {
                        let header = *header_of(bytes)?;
                        log.append_verbatim(&verbatim(&header, bytes.clone()))?;
                    }
                }
            }
            Ok(())
        })?;
        assert_eq!(log.log_end_offset().0 as usize, calls * shape.count());
        drop(log);
        let _ = fs::remove_dir_all(&dir);
        Ok(took)
    })
}

fn header_of(bytes: &[u8]) -> Anyhow<&RecordBatchHeader> {
    use zerocopy::FromBytes as _;
    RecordBatchHeader::ref_from_bytes(&bytes[..61]).map_err(|_| "short header".into())
}

fn read(o: &Opts) -> Anyhow<()> {
    let log = Log::open(o.str("log", "."), config(i32::MAX as u64))?;
    let fetch = ByteSize::from_bytes(o.num("fetch", 1 << 20));
    let end = log.log_end_offset();
    let what = o.str("what", "bytes");
    let round = |counts: &mut (u64, u64)| -> Anyhow<Took> {
        *counts = (0, 0);
        let mut rnd = Rng(1);
        let (_, took) = timed(|| {
            if what == "locate" {
                for _ in 0..o.num("lookups", 200_000) {
                    let at = Offset(rnd.below(end.0 as u64) as i64);
                    counts.0 += log.read_raw_desc(at, end, fetch)?.total as u64;
                    counts.1 += 1;
                }
                return Ok(());
            }
            let mut off = Offset(0);
            while off < end {
                if what == "decoded" {
                    for b in log.read(off, fetch)?.batches {
                        counts.1 += b.records.len() as u64;
                        counts.0 += b.encoded_len() as u64;
                        off = Offset(b.base_offset + i64::from(b.last_offset_delta) + 1);
                    }
                    continue;
                }
                let raw = log.read_raw(off, end, fetch)?;
                let mut rest = &raw.bytes[..];
                while !rest.is_empty() && what != "bytes" {
                    let b = validate_one_v2_batch(rest)?;
                    if what == "records" {
                        b.validate_records_with(Default::default(), |_| counts.1 += 1)?;
                    } else {
                        counts.1 += 1;
                    }
                    rest = &rest[b.total_len..];
                }
                counts.0 += raw.total as u64;
                off = raw.last_offset.ok_or("an empty read before the end")? + 1;
            }
            Ok(())
        })?;
        Ok(took)
    };
    let mut counts = (0, 0);
    round(&mut counts)?;
    let (bytes, ops) = counts;
    bench(o, "read", bytes, ops, || round(&mut counts))
}

fn log_bytes(dir: &Path) -> Anyhow<u64> {
    let mut sum = 0;
    for e in fs::read_dir(dir)? {
        let e = e?;
        if e.path().extension().is_some_and(|x| x == "log") {
            sum += e.metadata()?.len();
        }
    }
    Ok(sum)
}

fn recover(o: &Opts) -> Anyhow<()> {
    let dir = PathBuf::from(o.str("log", "."));
    bench(o, "recover", log_bytes(&dir)?, 1, || {
        for e in fs::read_dir(&dir)? {
            let p = e?.path();
            if o.str("clean", "false") == "false" && p.extension().is_some_and(|x| x == "snapshot") {
                fs::remove_file(p)?;
            }
        }
        let (log, took) = timed(|| Ok(Log::open(&dir, config(i32::MAX as u64))?))?;
        drop(log);
        Ok(took)
    })
}

fn open(o: &Opts) -> Anyhow<()> {
    let root = PathBuf::from(o.str("dir", ".")).join("bench-open");
    let _ = fs::remove_dir_all(&root);
    let (n, segments) = (o.num("partitions", 1000), o.num("segments", 1));
    let shape = Shape { codec: 0, record: 1024, raw: 8192, keys: 0 };
    let mut r = Rng(3);
    for p in 0..n {
        let mut log = Log::open(root.join(format!("t-{p}")), config(1 << 30))?;
        for s in 0..segments {
            if s > 0 {
                log.roll()?;
            }
            for b in 0..4 {
                let bytes = shape.batch(&mut r, 0, 1_700_000_000_000 + b, -1)?;
                let header = *header_of(&bytes)?;
                log.append_verbatim(&verbatim(&header, bytes))?;
            }
        }
        log.sync()?;
        log.take_producer_snapshot()?;
        log.close();
    }
    let cfg = LogConfig { validate_on_open: o.str("validate", "true") == "true", ..config(1 << 30) };
    bench(o, "open", 0, n, || {
        let (logs, took) = timed(|| {
            (0..n).map(|p| Ok(Log::open(root.join(format!("t-{p}")), cfg.clone())?)).collect::<Anyhow<Vec<_>>>()
        })?;
        logs.into_iter().for_each(Log::close);
        Ok(took)
    })?;
    fs::remove_dir_all(&root)?;
    Ok(())
}

fn compact(o: &Opts) -> Anyhow<()> {
    let dir = PathBuf::from(o.str("dir", ".")).join("bench-compact-0");
    let want = o.num("bytes", 1 << 30);
    let shape = Shape::from(o, want / o.num("record", 1024) / o.num("dup", 2));
    let cfg = LogConfig { cleanup_policy: CleanupPolicy::Compact, ..config(o.num("segment", 256 << 20)) };
    let mut after = (0, 0);
    let mut round = || -> Anyhow<Took> {
        let _ = fs::remove_dir_all(&dir);
        let mut log = Log::open(&dir, cfg.clone())?;
        let (mut r, mut ts) = (Rng(11), 1_700_000_000_000);
        while log.size().bytes_u64() < want {
            let bytes = shape.batch(&mut r, 0, ts, 0)?;
            let header = *header_of(&bytes)?;
            log.append_verbatim(&verbatim(&header, bytes))?;
            ts += 1;
        }
        log.roll()?;
        log.sync()?;
        let ctx = CompactionContext { now: SystemTime::now(), last_stable_offset: log.log_end_offset() };
        let before = peak_rss_mb();
        let (_, took) = timed(|| Ok(log.compact(&ctx)?))?;
        after = (log.size().bytes_u64(), log.log_end_offset().0 as u64);
        eprintln!("compacted to {} bytes; peak RSS before {before} MB, after {} MB", after.0, peak_rss_mb());
        log.close();
        Ok(took)
    };
    let ops = {
        round()?;
        want / 1024
    };
    bench(o, "compact", want, ops, &mut round)?;
    fs::remove_dir_all(&dir)?;
    Ok(())
}

fn look(o: &Opts) -> Anyhow<()> {
    let dir = PathBuf::from(o.str("log", "."));
    let before = log_bytes(&dir)?;
    let validate_on_open = o.str("validate", "true") == "true";
    let opened = Log::open(
        &dir,
        LogConfig {
            validate_on_open,
            index_interval: ByteSize::from_bytes(o.num("interval", 4096)),
            retention: None,
            ..LogConfig::default()
        },
    );
    let after = log_bytes(&dir)?;
    match opened {
        Ok(log) => println!(
            "opened {}: offsets {}..{}, log bytes {before} -> {after}",
            dir.display(),
            log.log_start_offset(),
            log.log_end_offset()
        ),
        Err(e) => println!("refused {}: {e}; log bytes {before} -> {after}", dir.display()),
    }
    Ok(())
}

fn main() -> Anyhow<()> {
    let mut args = std::env::args().skip(1);
    let Some(command) = args.next() else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    let options = args.filter_map(|a| a.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())));
    let o = Opts(options.collect());
    match command.as_str() {
        "make" => make(&o),
        "append" => append(&o),
        "read" => read(&o),
        "recover" => recover(&o),
        "open" => open(&o),
        "compact" => compact(&o),
        "look" => look(&o),
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2)
        }
    }
}
