//! A broker of one node, with a thread for each connection: `cargo run -p kafka-log --example smallest_broker [DIRECTORY [PORT]]`.
//!
//! Enough for clients that produce without idempotence and consume assigned partitions. Fetches that wait are woken by an observer of
//! the logs, and records go from the file to the socket inside of the kernel. The end of standard input stops it.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::{ErrorCode, KafkaError};
use kafka_log::log::types::{FetchIsolation, Watermarks};
use kafka_log::log::{FileSlice, LeaderAppend, Log, LogObserver, TimestampSpec, TopicPartition};
use kafka_log::manager::background::{Background, Clock as _, SystemClock};
use kafka_log::manager::{LogManager, LogManagerConfig, NewTopic, Startup, StdThreads};

/// Key and version of each request that is served: Produce, Fetch, ListOffsets, Metadata, ApiVersions.
const APIS: [(i16, i16); 5] = [(0, 3), (1, 4), (2, 1), (3, 1), (18, 0)];
const NODE: i32 = 1;

type Done = io::Result<()>;

/// Counts the moves of all logs, for the fetches that wait for one.
#[derive(Default)]
struct Moves(Mutex<u64>, Condvar);

impl Moves {
    fn lock(&self) -> MutexGuard<'_, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogObserver for Moves {
    fn moved(&self, _: &TopicPartition, _: Watermarks) {
        *self.lock() += 1;
        self.1.notify_all();
    }
}

struct Broker {
    manager: Arc<LogManager>,
    moves: Arc<Moves>,
    port: u16,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().map_or_else(|| std::env::temp_dir().join("smallest-broker"), Into::into);
    let listener = TcpListener::bind(("localhost", args.next().map_or(Ok(9092), |port| port.parse())?))?;
    let moves = Arc::new(Moves::default());
    let unloaded = LogManager::open(OsFs, &[dir], LogConfig::default(), LogManagerConfig::default())?;
    let startup = Startup { is_sole_replica: &|_| true, ..Startup::plain(SystemClock.now_ms()) };
    let manager = Arc::new(unloaded.observe(Arc::clone(&moves) as Arc<dyn LogObserver>).load(&startup)?.0);
    let background = Background::start(Arc::clone(&manager), Arc::new(SystemClock))?;
    let broker = Arc::new(Broker { manager: Arc::clone(&manager), moves, port: listener.local_addr()?.port() });
    println!("listening on port {}", broker.port);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let broker = Arc::clone(&broker);
            std::thread::spawn(move || broker.serve(&client));
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    background.stop();
    println!("{:?}", manager.shutdown(&StdThreads, -1, SystemClock.now_ms()));
    Ok(())
}

/// A response: bytes, and where in them slices of files go.
#[derive(Default)]
struct Response(Vec<u8>, Vec<(usize, FileSlice<OsFs>)>);
struct Request<'r>(&'r [u8]);
struct Code(i16);

impl<E: KafkaError> From<E> for Code {
    fn from(error: E) -> Self {
        Code(error.code().code())
    }
}

fn code<T>(answer: &Result<T, Code>) -> i16 {
    answer.as_ref().err().map_or(0, |code| code.0)
}

macro_rules! integers {
    ($($int:ident)*) => {
        impl Response {
            $(fn $int(&mut self, value: $int) {
                self.0.extend_from_slice(&value.to_be_bytes());
            })*
        }

        impl Request<'_> {
            $(fn $int(&mut self) -> io::Result<$int> {
                Ok($int::from_be_bytes(self.take(size_of::<$int>())?.try_into().unwrap_or_default()))
            })*
        }
    };
}

integers!(i8 i16 i32 i64);

impl Response {
    fn len_of(&mut self, len: usize) {
        self.i32(i32::try_from(len).unwrap_or(i32::MAX));
    }

    fn string(&mut self, text: &str) {
        self.i16(i16::try_from(text.len()).unwrap_or(i16::MAX));
        self.0.extend_from_slice(text.as_bytes());
    }

    fn send(mut self, mut socket: &TcpStream) -> Done {
        if self.0.is_empty() {
            return Ok(());
        }
        let len = self.0.len() + self.1.iter().map(|(_, slice)| slice.len()).sum::<usize>();
        socket.write_all(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes())?;
        let mut at = 0;
        for (end, slice) in &mut self.1 {
            socket.write_all(&self.0[at..*end])?;
            at = *end;
            while !slice.is_empty() {
                slice.send_to(socket)?;
            }
        }
        socket.write_all(&self.0[at..])
    }
}

impl<'r> Request<'r> {
    fn take(&mut self, len: usize) -> io::Result<&'r [u8]> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(io::ErrorKind::InvalidData)?;
        self.0 = rest;
        Ok(taken)
    }

    fn string(&mut self) -> io::Result<&'r str> {
        let len = usize::try_from(self.i16()?).unwrap_or(0);
        std::str::from_utf8(self.take(len)?).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    fn each(&mut self, out: &mut Response, each: impl Fn(&mut Self, &mut Response) -> Done) -> Done {
        let count = self.i32()?.max(0);
        out.i32(count);
        (0..count).try_for_each(|_| each(self, out))
    }

    fn partitions(&mut self, out: &mut Response, each: impl Fn(&mut Self, &mut Response, &str, i32) -> Done) -> Done {
        self.each(out, |request, out| {
            let topic = request.string()?;
            out.string(topic);
            request.each(out, |request, out| {
                let partition = request.i32()?;
                out.i32(partition);
                each(request, out, topic, partition)
            })
        })
    }
}

impl Broker {
    fn serve(&self, client: &TcpStream) -> Done {
        let mut frame = Vec::new();
        loop {
            let mut len = [0; 4];
            (&mut &*client).read_exact(&mut len)?;
            let len = Some(u32::from_be_bytes(len) as usize).filter(|len| *len <= 100 << 20);
            frame.resize(len.ok_or(io::ErrorKind::InvalidData)?, 0);
            (&mut &*client).read_exact(&mut frame)?;
            let mut request = Request(&frame);
            let (key, version, correlation_id) = (request.i16()?, request.i16()?, request.i32()?);
            request.string()?;
            let mut out = Response::default();
            out.i32(correlation_id);
            match (key, version) {
                (0, 3) => self.produce(&mut request, &mut out)?,
                (1, 4) => self.fetch(&mut request, &mut out)?,
                (2, 1) => self.list_offsets(&mut request, &mut out)?,
                (3, 1) => self.metadata(&mut request, &mut out)?,
                // Newer versions of ApiVersions are told which there are.
                (18, _) => {
                    out.i16(if version == 0 { 0 } else { ErrorCode::UnsupportedVersion.code() });
                    out.len_of(APIS.len());
                    APIS.iter().flat_map(|&(key, version)| [key, version, version]).for_each(|value| out.i16(value));
                }
                _ => return Err(io::ErrorKind::Unsupported.into()),
            }
            out.send(client)?;
        }
    }

    /// Creates the topics that are asked for, with one partition.
    fn metadata(&self, request: &mut Request<'_>, out: &mut Response) -> Done {
        out.i32(1);
        out.i32(NODE);
        out.string("localhost");
        out.i32(self.port.into());
        out.i16(-1);
        out.i32(NODE);
        request.each(out, |request, out| {
            let name = request.string()?;
            let new = NewTopic { name, partitions: 1, is_sole_replica: true, ..NewTopic::default() };
            let created = self.manager.create_topic(&new, SystemClock.now_ms());
            let code = created.map_or_else(|error| error.error_code(), |_| 0);
            out.i16(if code == ErrorCode::TopicAlreadyExists.code() { 0 } else { code });
            out.string(name);
            out.i8(0);
            out.i32(1);
            out.i16(0);
            [0, NODE, 1, NODE, 1, NODE].into_iter().for_each(|value| out.i32(value));
            Ok(())
        })
    }

    fn log(&self, topic: &str, partition: i32) -> Result<Arc<Log>, Code> {
        let log = self.manager.get_log(&TopicPartition::new(topic, partition)?);
        log.ok_or(Code(ErrorCode::UnknownTopicOrPartition.code()))
    }

    fn produce(&self, request: &mut Request<'_>, out: &mut Response) -> Done {
        request.string()?;
        let (acks, _timeout) = (request.i16()?, request.i32()?);
        request.partitions(out, |request, out, topic, partition| {
            let len = usize::try_from(request.i32()?).unwrap_or(0);
            let (records, now_ms) = (request.take(len)?, SystemClock.now_ms());
            let log = self.log(topic, partition);
            let appended =
                log.and_then(|log| Ok(log.append_as_leader(records, LeaderAppend::from_client(0), now_ms)?));
            out.i16(code(&appended));
            out.i64(appended.as_ref().map_or(-1, |info| info.first_offset));
            out.i64(appended.map_or(-1, |info| info.log_append_time));
            Ok(())
        })?;
        out.i32(0);
        *out = if acks == 0 { Response::default() } else { std::mem::take(out) };
        Ok(())
    }

    fn fetch(&self, request: &mut Request<'_>, out: &mut Response) -> Done {
        let [_replica, max_wait, min_bytes, max_bytes] = [(); 4].map(|()| request.i32().unwrap_or(0));
        let isolation = FetchIsolation::from_wire(request.i8()?).ok_or(io::ErrorKind::InvalidData)?;
        let until = Instant::now() + Duration::from_millis(max_wait.max(0).unsigned_abs().into());
        let (partitions, before, max_bytes) = (request.0, out.0.len(), max_bytes.max(0) as usize);
        loop {
            let seen = *self.moves.lock();
            let taken = Cell::new(0_usize);
            out.i32(0);
            request.partitions(out, |request, out, topic, partition| {
                let (offset, max) = (request.i64()?, request.i32()?.max(0) as usize);
                let max = max.min(max_bytes.saturating_sub(taken.get()));
                let read = self.log(topic, partition);
                let read = read.and_then(|log| Ok(log.read(offset, max, isolation, taken.get() == 0)?));
                out.i16(code(&read));
                out.i64(read.as_ref().map_or(-1, |read| read.watermarks.high_watermark));
                out.i64(read.as_ref().map_or(-1, |read| read.watermarks.last_stable));
                let Ok(read) = read else {
                    taken.set(usize::MAX); // an error is told at once
                    out.i64(0); // neither aborted transactions nor records
                    return Ok(());
                };
                let aborted = read.aborted_transactions.unwrap_or_default();
                out.len_of(aborted.len());
                for txn in aborted {
                    out.i64(txn.producer_id);
                    out.i64(txn.first_offset);
                }
                taken.set(taken.get().saturating_add(read.records.len()));
                out.len_of(read.records.len());
                out.1.push((out.0.len(), read.records));
                Ok(())
            })?;
            if taken.get() >= min_bytes.max(0) as usize || Instant::now() >= until {
                return Ok(());
            }
            let left = until.saturating_duration_since(Instant::now());
            drop(self.moves.1.wait_timeout_while(self.moves.lock(), left, |count| *count == seen));
            request.0 = partitions;
            out.0.truncate(before);
            out.1.clear();
        }
    }

    fn list_offsets(&self, request: &mut Request<'_>, out: &mut Response) -> Done {
        let _replica = request.i32()?;
        request.partitions(out, |request, out, topic, partition| {
            let spec = TimestampSpec::from_wire(request.i64()?).ok_or(Code(ErrorCode::UnsupportedVersion.code()));
            let found = self.log(topic, partition);
            let found = found.and_then(|log| Ok(log.offset_for_timestamp(spec?, FetchIsolation::HighWatermark)?));
            out.i16(code(&found));
            let found = found.ok().flatten();
            out.i64(found.map_or(-1, |found| found.timestamp));
            out.i64(found.map_or(-1, |found| found.offset));
            Ok(())
        })
    }
}
