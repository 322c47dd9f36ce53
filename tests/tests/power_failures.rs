//! A whole broker, with its threads, sockets and clients, on the simulated file system. The power fails at some change of a file; the
//! broker that starts on what is left has everything that was acknowledged, once: with `log.flush.interval.messages=1` an acknowledgement
//! comes after the flush.
//!
//! `SEEDS` is the number of runs, `FIRST_SEED` the first one. A seed repeats the requests and what the disk loses, not the order in which
//! threads run.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kafka_broker::{AnyFs, Broker, BrokerConfig, StartError};
use kafka_log::compression::{Compressor, Decompressor};
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::fs::Fs as _;
use kafka_log::segment::batch::{Batch, RawBatch};
use kafka_rpc::Request;
use kafka_rpc::messages::create_topics_request::CreatableTopic;
use kafka_rpc::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_rpc::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_rpc::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_rpc::messages::{
    CreateTopicsRequest, FetchRequest, FindCoordinatorRequest, InitProducerIdRequest, MetadataRequest,
    OffsetCommitRequest, OffsetFetchRequest, ProduceRequest,
};
use kafka_rpc::{Records, Uuid};
use kafka_thin_client::{Connection, ConnectionConfig, Peer, Reply};
use tests::Random;
use tests::sim::{Crash, Fault, SimFs};

const TOPIC: &str = "orders";
const GROUP: &str = "billing";
const PARTITIONS: i32 = 2;
const PRODUCERS: usize = 2;
/// Starts of a broker in a run.
const ROUNDS: usize = 3;
/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the power's failure does to requests: they are answered with an error, or not at all.
struct PowerFailed;

/// What clients know of the broker's data.
#[derive(Default)]
struct Known {
    /// Values by partition and offset.
    records: BTreeMap<(i32, i64), Vec<u8>>,
    topics: BTreeSet<String>,
    committed: i64,
    /// The largest offset that a client tried to commit.
    tried: i64,
}

/// An idempotent producer. It sends what was not acknowledged again, also to the next broker.
struct Producer {
    number: usize,
    id: i64,
    epoch: i16,
    sequences: [i32; PARTITIONS as usize],
    sent: u32,
    unacknowledged: Option<(i32, Vec<Vec<u8>>)>,
}

struct Client<'f> {
    connection: Connection,
    fs: &'f SimFs,
}

impl<'f> Client<'f> {
    fn connect(broker: &Broker, fs: &'f SimFs) -> Result<Self, PowerFailed> {
        let (host, port) =
            broker.bootstrap().rsplit_once(':').map(|(h, p)| (h.to_owned(), p.parse().unwrap())).unwrap();
        // What is asked here is not on disk, so that a broker without power may answer.
        let config = ConnectionConfig { request_timeout: Duration::from_secs(5), ..ConnectionConfig::default() };
        let connected = Connection::connect(Peer { host, port }, config);
        match connected {
            Ok(connection) => Ok(Client { connection, fs }),
            Err(error) => Err(Self::explained(fs, &error)),
        }
    }

    /// Only a failure of the power explains an error.
    fn explained(fs: &SimFs, error: &dyn std::fmt::Display) -> PowerFailed {
        assert!(fs.power_is_off(), "{error}");
        PowerFailed
    }

    fn call<'a, R: Request<'a>>(&mut self, request: &R, version: i16) -> Result<Reply<R>, PowerFailed> {
        let pending = self.connection.send_at(request, version).map_err(|error| Self::explained(self.fs, &error))?;
        let until = Instant::now() + PATIENCE;
        loop {
            let was_off = self.fs.power_is_off();
            let polled = self.connection.poll(pending, Duration::from_millis(100));
            match polled.map_err(|error| Self::explained(self.fs, &error))? {
                Some(reply) => return Ok(reply),
                None if was_off => return Err(PowerFailed),
                None => assert!(Instant::now() < until, "no answer to {:?}", R::API_KEY),
            }
        }
    }

    fn check(&self, code: i16) -> Result<(), PowerFailed> {
        if code == 0 { Ok(()) } else { Err(Self::explained(self.fs, &format!("error {code}"))) }
    }

    fn create_topic(&mut self, name: &str, partitions: i32) -> Result<(), PowerFailed> {
        let topic = CreatableTopic {
            name: name.to_owned().into(),
            num_partitions: partitions,
            replication_factor: 1,
            ..Default::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 60_000, ..Default::default() };
        let reply = self.call(&request, 7)?;
        self.check(reply.message().unwrap().topics[0].error_code)
    }

    /// Waits until the topic of committed offsets is there.
    fn find_coordinator(&mut self) -> Result<(), PowerFailed> {
        let until = Instant::now() + PATIENCE;
        loop {
            let request = FindCoordinatorRequest { key: GROUP.into(), ..Default::default() };
            if self.call(&request, 3)?.message().unwrap().error_code == 0 {
                return Ok(());
            }
            assert!(Instant::now() < until, "no coordinator");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn commit(&mut self, offset: i64) -> Result<(), PowerFailed> {
        let partition =
            OffsetCommitRequestPartition { committed_offset: offset, committed_metadata: None, ..Default::default() };
        let topic = OffsetCommitRequestTopic { name: TOPIC.into(), partitions: vec![partition], ..Default::default() };
        let request = OffsetCommitRequest { group_id: GROUP.into(), topics: vec![topic], ..Default::default() };
        let until = Instant::now() + PATIENCE;
        loop {
            let reply = self.call(&request, 8)?;
            let code = reply.message().unwrap().topics[0].partitions[0].error_code;
            // A coordinator that was found may still be taking over its partition.
            if !matches!(code, 14 | 16) || self.fs.power_is_off() || Instant::now() > until {
                return self.check(code);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// -1 where there is none.
    fn committed(&mut self) -> i64 {
        let until = Instant::now() + PATIENCE;
        loop {
            let request = OffsetFetchRequest { group_id: GROUP.into(), topics: None, ..Default::default() };
            let reply = self.call(&request, 7).ok().unwrap();
            let response = reply.message().unwrap();
            if response.error_code == 0 {
                let found = response.topics.first().and_then(|topic| topic.partitions.first());
                return found.map_or(-1, |partition| partition.committed_offset);
            }
            // The groups are being loaded.
            assert!(Instant::now() < until, "error {}", response.error_code);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn topics(&mut self) -> BTreeSet<String> {
        let reply = self.call(&MetadataRequest { topics: None, ..Default::default() }, 9).ok().unwrap();
        let response = reply.message().unwrap();
        let whole = |topic: &&kafka_rpc::messages::metadata_response::MetadataResponseTopic<'_>| {
            topic.error_code == 0 && topic.partitions.iter().all(|partition| partition.error_code == 0)
        };
        response.topics.iter().filter(whole).filter_map(|topic| Some(topic.name.as_deref()?.to_owned())).collect()
    }

    /// All values of a partition by offset.
    fn read(&mut self, number: i32) -> BTreeMap<i64, Vec<u8>> {
        let mut values = BTreeMap::new();
        let mut offset = 0;
        loop {
            let partition = FetchPartition {
                partition: number,
                fetch_offset: offset,
                partition_max_bytes: 1 << 20,
                ..Default::default()
            };
            let topic = FetchTopic { topic: TOPIC.into(), partitions: vec![partition], ..Default::default() };
            let request =
                FetchRequest { max_bytes: 1 << 20, session_epoch: -1, topics: vec![topic], ..Default::default() };
            let reply = self.call(&request, 12).ok().unwrap();
            let response = reply.message().unwrap();
            let partition = &response.responses[0].partitions[0];
            assert_eq!(partition.error_code, 0, "fetch of {number} at {offset}");
            let Some(Records::Bytes(mut bytes)) = partition.records.clone() else { return values };
            let before = offset;
            while let Some(raw) = RawBatch::split_first(&bytes, 0).unwrap_or(None) {
                let size = raw.as_bytes().len();
                if size < raw.overhead.size() {
                    break;
                }
                let Ok(Batch::Default(batch)) = raw.parse() else { panic!("a batch of {number} at {offset}") };
                assert!(batch.is_valid(), "checksum of {number} at {offset}");
                for record in batch.records(&mut Decompressor::new(1 << 20)).unwrap() {
                    let record = record.unwrap();
                    assert_eq!(record.offset, offset, "a gap in {number}");
                    values.insert(offset, record.value.unwrap().to_vec());
                    offset += 1;
                }
                bytes = &bytes[size..];
            }
            if offset == before {
                return values;
            }
        }
    }
}

impl Producer {
    fn new(client: &mut Client<'_>, number: usize) -> Self {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let until = Instant::now() + PATIENCE;
        loop {
            let reply = client.call(&request, 4).ok().unwrap();
            let response = reply.message().unwrap();
            if response.error_code == 0 {
                let (id, epoch) = (response.producer_id, response.producer_epoch);
                return Producer { number, id, epoch, sequences: [0; 2], sent: 0, unacknowledged: None };
            }
            // The ids are being fetched.
            assert!(Instant::now() < until, "error {}", response.error_code);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn batch(&self, partition: i32, values: &[Vec<u8>]) -> Vec<u8> {
        let fields = BatchFields {
            producer_id: self.id,
            producer_epoch: self.epoch,
            base_sequence: self.sequences[partition as usize],
            ..BatchFields::default()
        };
        // Producers and records of long ago would expire.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        let mut builder = RecordBatchBuilder::new(fields);
        for (offset, value) in (0..).zip(values) {
            builder.append(offset, now, None, Some(value), &[]).unwrap();
        }
        let mut bytes = Vec::new();
        builder.finish(&mut Compressor::new(), &mut bytes).unwrap();
        bytes
    }

    /// Sends a batch, the last one again if it was not acknowledged.
    fn send(&mut self, client: &mut Client<'_>, random: &mut Random, known: &Mutex<Known>) -> Result<(), PowerFailed> {
        let (partition, values) = self.unacknowledged.clone().unwrap_or_else(|| {
            let (partition, count) = (random.below(PARTITIONS as usize) as i32, 1 + random.below(4));
            let value = |_| {
                self.sent += 1;
                let mut value = format!("{}-{}-", self.number, self.sent).into_bytes();
                // Some runs fill a segment.
                let longest = 1 << random.below(17);
                value.resize(20 + random.below(longest), b'.');
                value
            };
            (partition, (0..count).map(value).collect())
        });
        self.unacknowledged = Some((partition, values.clone()));
        let records = self.batch(partition, &values);
        let data =
            PartitionProduceData { index: partition, records: Some(Records::Bytes(&records)), ..Default::default() };
        let topic = TopicProduceData {
            name: TOPIC.into(),
            topic_id: Uuid::default(),
            partition_data: vec![data],
            ..Default::default()
        };
        let request = ProduceRequest { acks: -1, timeout_ms: 60_000, topic_data: vec![topic], ..Default::default() };
        let reply = client.call(&request, 9)?;
        let response = reply.message().unwrap();
        let answer = &response.responses[0].partition_responses[0];
        client.check(answer.error_code)?;
        self.unacknowledged = None;
        self.sequences[partition as usize] += values.len() as i32;
        let mut known = known.lock().unwrap();
        for (offset, value) in (answer.base_offset..).zip(values) {
            let before = known.records.insert((partition, offset), value);
            assert!(before.is_none(), "offset {offset} of {partition} twice");
        }
        Ok(())
    }
}

fn start(fs: &SimFs, seed: u64) -> Result<Broker, StartError> {
    let dirs = if seed.is_multiple_of(3) { "/data/one,/data/two" } else { "/data" };
    let settings = [
        ("listeners", "PLAINTEXT://127.0.0.1:0"),
        ("log.dirs", dirs),
        ("log.flush.interval.messages", "1"),
        ("log.segment.bytes", "1048576"),
        ("offsets.topic.num.partitions", "1"),
        ("num.network.threads", "2"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Broker::start_on(&AnyFs::new(fs.clone()), BrokerConfig::load(None, &settings).unwrap().0)
}

/// Clients work until the power fails.
fn work(broker: &Broker, fs: &SimFs, random: &mut Random, producers: &mut [Producer], known: &Mutex<Known>) {
    std::thread::scope(|scope| {
        for producer in producers {
            let mut random = Random::new(random.number());
            scope.spawn(move || {
                let Ok(mut client) = Client::connect(broker, fs) else { return };
                while producer.send(&mut client, &mut random, known).is_ok() {}
            });
        }
        let mut random = Random::new(random.number());
        scope.spawn(move || {
            let Ok(mut client) = Client::connect(broker, fs) else { return };
            let Ok(()) = client.find_coordinator() else { return };
            loop {
                if random.below(4) > 0 {
                    let offset = known.lock().unwrap().tried + 1;
                    known.lock().unwrap().tried = offset;
                    let Ok(()) = client.commit(offset) else { return };
                    known.lock().unwrap().committed = offset;
                } else {
                    let name = format!("topic-{}", random.number());
                    let Ok(()) = client.create_topic(&name, 1) else { return };
                    known.lock().unwrap().topics.insert(name);
                }
            }
        });
    });
}

fn check(broker: &Broker, fs: &SimFs, known: &Known) {
    let Ok(mut client) = Client::connect(broker, fs) else { panic!("nothing fails here") };
    let topics = client.topics();
    assert!(known.topics.is_subset(&topics), "{:?} are lost", known.topics.difference(&topics));
    let mut seen = BTreeSet::new();
    for partition in 0..PARTITIONS {
        let found = client.read(partition);
        for ((_, offset), value) in known.records.range((partition, 0)..(partition + 1, 0)) {
            let found = found.get(offset).map(|found| String::from_utf8_lossy(found));
            let expected = String::from_utf8_lossy(value);
            assert!(found.as_ref() == Some(&expected), "{partition} at {offset}: {expected:.20} became {found:.20?}");
        }
        for (offset, value) in found {
            let text = String::from_utf8_lossy(&value).into_owned();
            assert!(seen.insert(text), "{partition} at {offset}: written twice");
        }
    }
    let committed = client.committed();
    assert!((known.committed..=known.tried).contains(&committed), "{committed} instead of {}", known.committed);
}

fn run(seed: u64) -> usize {
    let mut random = Random::new(seed);
    let mut fs = SimFs::new(seed);
    fs.create_dir_all("/data".as_ref()).unwrap();
    fs.sync_dir("/".as_ref()).unwrap();
    let known = Mutex::new(Known::default());
    let mut broker = start(&fs, seed).unwrap();
    let mut producers: Vec<Producer> = {
        let Ok(mut client) = Client::connect(&broker, &fs) else { panic!("nothing fails here") };
        assert!(client.create_topic(TOPIC, PARTITIONS).is_ok() && client.find_coordinator().is_ok());
        // There is always an offset to be found.
        assert!(client.commit(0).is_ok());
        (0..PRODUCERS).map(|number| Producer::new(&mut client, number)).collect()
    };
    for round in 0..ROUNDS {
        fs.fail_change(fs.changes() + 1 + random.below(500) as u64, Fault::PowerOff);
        work(&broker, &fs, &mut random, &mut producers, &known);
        drop(broker);
        fs = crashed(&fs, &mut random);
        // The power may fail again, while the next broker starts.
        let again = random.below(120) as u64;
        fs.fail_change(fs.changes() + 1 + again, Fault::PowerOff);
        let started = start(&fs, seed);
        fs.disarm();
        broker = match started {
            Ok(broker) if !fs.power_is_off() => broker,
            failed => {
                assert!(fs.power_is_off(), "round {round}: {:?}", failed.err());
                drop(failed);
                fs = crashed(&fs, &mut random);
                start(&fs, seed).unwrap_or_else(|error| panic!("round {round}: {error}"))
            }
        };
        check(&broker, &fs, &known.lock().unwrap());
    }
    assert!(fs.complaints().is_empty(), "{:?}", fs.complaints());
    let known = known.into_inner().unwrap();
    known.records.len() + known.topics.len() + known.committed as usize
}

fn crashed(fs: &SimFs, random: &mut Random) -> SimFs {
    fs.crash(Crash::ALL[random.below(Crash::ALL.len())], random.number())
}

#[test]
fn what_was_acknowledged_survives_power_failures_of_a_whole_broker() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, count): (u64, u64) = (number("FIRST_SEED", 1), number("SEEDS", 20));
    let mut acknowledged = 0;
    for seed in first..first + count {
        let outcome = std::panic::catch_unwind(|| run(seed));
        acknowledged += outcome.unwrap_or_else(|_| panic!("FIRST_SEED={seed} SEEDS=1"));
    }
    println!("{count} runs, {acknowledged} acknowledged records, topics and offsets");
    assert!(acknowledged as u64 > count * 10, "too little was done: {acknowledged}");
}
