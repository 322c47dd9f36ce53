//! A log of one's own: `cargo run -p kafka-log --example embedded_log [DIRECTORY]`. Run it twice: the records stay.

use std::error::Error;
use std::sync::Arc;

use kafka_log::compression::{Codec, Compressor, Decompressor};
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{LeaderAppend, TopicPartition};
use kafka_log::manager::background::{Background, Clock, SystemClock};
use kafka_log::manager::{CreateLog, LogManager, LogManagerConfig, Startup, StdThreads};
use kafka_log::segment::batch::{Batch, Batches};

fn main() -> Result<(), Box<dyn Error>> {
    // Open the directory, load what is in it, and let threads do the upkeep: retention, checkpoints, compaction.
    let dir = std::env::args().nth(1).map_or_else(|| std::env::temp_dir().join("embedded-log"), Into::into);
    let unloaded = LogManager::open(OsFs, &[dir], LogConfig::default(), LogManagerConfig::default())?;
    let (manager, _) = unloaded.load(&Startup::plain(SystemClock.now_ms()))?;
    let manager = Arc::new(manager);
    let background = Background::start(Arc::clone(&manager), Arc::new(SystemClock))?;

    // Append a batch, make it durable, let consumers see it.
    let now_ms = SystemClock.now_ms();
    let new = CreateLog { is_new: true, ..CreateLog::default() };
    let log = manager.get_or_create_log(&TopicPartition::new("greetings", 0)?, new, now_ms)?;
    let mut builder = RecordBatchBuilder::new(BatchFields { codec: Codec::Zstd, ..BatchFields::default() });
    builder.append(0, now_ms, Some(b"Ada"), Some(b"hello"), &[])?;
    builder.append(1, now_ms, Some(b"Grace"), Some(b"good morning"), &[])?;
    let mut batch = Vec::new();
    builder.finish(&mut Compressor::new(), &mut batch)?;
    log.append_as_leader(&batch, LeaderAppend::from_client(0), now_ms)?;
    log.flush(false, now_ms)?;
    log.update_high_watermark(log.log_end_offset())?;

    // Read all there is, from the start.
    let (mut offset, mut decompressor) = (log.log_start_offset(), Decompressor::new(16 * 1024 * 1024));
    while offset < log.high_watermark() {
        let fetched = log.read(offset, 1024 * 1024, FetchIsolation::HighWatermark, true)?.records.read()?;
        for batch in Batches::new(&fetched) {
            let Batch::Default(batch) = batch?.parse()? else { continue };
            for record in batch.records(&mut decompressor)? {
                let record = record?;
                let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
                println!("{} {}: {}", record.offset, text(record.key), text(record.value));
            }
            offset = batch.header().last_offset() + 1;
        }
    }
    background.stop();
    manager.shutdown(&StdThreads, -1, SystemClock.now_ms());
    Ok(())
}
