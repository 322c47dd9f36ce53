//! A fetch path that never has the records in its own memory: `cargo run -p kafka-log --example sendfile`.
//!
//! The server looks up where the records lie, which reads a few headers, and lets the kernel send that part of the file. The
//! records stay compressed and untouched from the producer to the consumer; a slice keeps its file open, so retention and
//! compaction may go on meanwhile.

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("sendfile from a file to a socket is shown on Linux only");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::error::Error;
    use std::io::{self, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::thread;

    use kafka_log::compression::Compressor;
    use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
    use kafka_log::fs::OsFs;
    use kafka_log::log::types::FetchIsolation;
    use kafka_log::log::{LeaderAppend, Log, LogOptions};
    use kafka_log::segment::batch::Batches;

    const NOW_MS: i64 = 1_700_000_000_000;

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        let dir = std::env::temp_dir().join(format!("sendfile-{}", std::process::id())).join("t-0");
        let log = Arc::new(Log::open(OsFs, &dir, LogOptions::default())?.0);
        append(&log, 1000)?;

        let listener = TcpListener::bind("localhost:0")?;
        let address = listener.local_addr()?;
        let server = {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                serve(&log, &listener.accept()?.0).map_err(|error| io::Error::other(error.to_string()))
            })
        };
        let records = consume(TcpStream::connect(address)?, log.high_watermark())?;
        server.join().map_err(|_| "the server panicked")??;
        println!("received {records} records");
        Arc::into_inner(log).ok_or("the server still has the log")?.delete()?;
        dir.parent().map_or(Ok(()), std::fs::remove_dir)?;
        Ok(())
    }

    /// Answers requests until the client hangs up. A request is an offset, an answer the number of bytes and then these.
    fn serve(log: &Log, client: &TcpStream) -> Result<(), Box<dyn Error>> {
        let mut request = [0; 8];
        while (&*client).read_exact(&mut request).is_ok() {
            let offset = i64::from_be_bytes(request);
            let fetched = log.read(offset, 64 * 1024, FetchIsolation::HighWatermark, true)?;
            (&*client).write_all(&(fetched.records.len() as u32).to_be_bytes())?;
            // From the file to the socket, inside the kernel; as much at once as the socket takes.
            let mut records = fetched.records;
            while !records.is_empty() {
                records.send_to(client)?;
            }
        }
        Ok(())
    }

    /// Fetches up to `end`, and counts the records.
    fn consume(mut server: TcpStream, end: i64) -> Result<u64, Box<dyn Error>> {
        let (mut offset, mut count) = (0, 0);
        while offset < end {
            server.write_all(&i64::to_be_bytes(offset))?;
            let mut len = [0; 4];
            server.read_exact(&mut len)?;
            let mut bytes = vec![0; u32::from_be_bytes(len) as usize];
            server.read_exact(&mut bytes)?;
            for batch in Batches::new(&bytes) {
                // The last batch may be cut off: it comes again with the next fetch.
                let Ok(batch) = batch else { break };
                let kafka_log::segment::batch::Batch::Default(batch) = batch.parse()? else { continue };
                if !batch.is_valid() {
                    return Err("a batch arrived damaged".into());
                }
                count += u64::try_from(batch.header().record_count())?;
                offset = batch.header().last_offset() + 1;
            }
        }
        Ok(count)
    }

    fn append(log: &Log, count: usize) -> Result<(), Box<dyn Error>> {
        for number in 0..count {
            let mut builder = RecordBatchBuilder::new(BatchFields::default());
            let value = format!("record {number} ").repeat(20);
            builder.append(0, NOW_MS, None, Some(value.as_bytes()), &[])?;
            let mut batch = Vec::new();
            builder.finish(&mut Compressor::new(), &mut batch)?;
            log.append_as_leader(&batch, LeaderAppend::from_client(0), NOW_MS)?;
        }
        log.update_high_watermark(log.log_end_offset())?;
        Ok(())
    }
}
