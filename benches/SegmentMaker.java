// Writes one benchmark log through Kafka's own UnifiedLog: the same bytes on every machine and in every run. See segments.
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.util.KafkaScheduler;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

public class SegmentMaker {
    static final String USAGE = """
        usage: SegmentMaker dir=D name=N [codec=none] [record=1024] [batch=16384] [bytes=1073741824]
        writes D/N-0/ (.log .index .timeindex ...); record, batch and bytes count uncompressed bytes""";

    /** SplitMix64. */
    static final class Rng {
        private long state;

        Rng(long seed) { state = seed; }

        long next() {
            long z = state += 0x9E3779B97F4A7C15L;
            z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
            z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
            return z ^ z >>> 31;
        }

        int below(int n) { return (int) ((next() >>> 1) % n); }
    }

    static final String[] WORDS = ("alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar "
        + "papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu order payment shipped pending refund basket").split(" ");

    static String word(Rng r) { return WORDS[r.below(WORDS.length)]; }

    /** ASCII that looks like JSON, exactly n bytes: repeated field names, words, numbers and some noise. */
    static byte[] json(Rng r, long id, int n) {
        StringBuilder b = new StringBuilder(n + 64);
        b.append("{\"id\":").append(id);
        while (b.length() < n) {
            switch (r.below(5)) {
                case 0 -> b.append(",\"status\":\"").append(word(r)).append('"');
                case 1 -> b.append(",\"amount\":").append(r.below(1_000_000)).append('.').append(10 + r.below(90));
                case 2 -> b.append(",\"trace\":\"").append(Long.toHexString(r.next())).append('"');
                case 3 -> b.append(",\"note\":\"").append(word(r)).append(' ').append(word(r)).append(' ').append(word(r)).append('"');
                default -> b.append(",\"user\":{\"name\":\"").append(word(r)).append("\",\"age\":").append(r.below(99)).append('}');
            }
        }
        b.setLength(n - 1);
        return b.append('}').toString().getBytes(StandardCharsets.US_ASCII);
    }

    /** A batch of about `raw` bytes, of records of `record` bytes each, both with their overheads. */
    static MemoryRecords batch(Compression codec, Rng r, long baseOffset, int record, int raw, long timestamp) {
        MemoryRecordsBuilder b = MemoryRecords.builder(ByteBuffer.allocate(raw + record + 1024), RecordBatch.MAGIC_VALUE_V2,
            codec, TimestampType.CREATE_TIME, baseOffset, RecordBatch.NO_TIMESTAMP, 0);
        for (int k = 0; k < recordsIn(record, raw); k++) {
            long id = baseOffset + k;
            // 12 bytes of key; lengths, deltas and attributes of a record take 7 to 9 bytes
            byte[] key = String.format("key-%08d", id).getBytes(StandardCharsets.US_ASCII);
            b.append(timestamp, key, json(r, id, Math.max(8, record - 12 - (record > 128 ? 9 : 7))));
        }
        return b.build();
    }

    static int recordsIn(int record, int raw) { return Math.max(1, (raw - 61) / record); }

    static UnifiedLog open(File dir, KafkaScheduler scheduler) throws IOException {
        LogConfig config = new LogConfig(Map.of("segment.bytes", "" + Integer.MAX_VALUE, "max.message.bytes", "16777216",
            "index.interval.bytes", "4096", "retention.ms", "-1"));
        return UnifiedLog.create(dir, config, 0L, 0L, scheduler, new BrokerTopicStats(), Time.SYSTEM, 900_000,
            new ProducerStateManagerConfig(86_400_000, false), 600_000, new LogDirFailureChannel(1), true, Optional.empty());
    }

    static void remove(File dir) throws IOException {
        if (!dir.exists()) return;
        try (Stream<Path> paths = Files.walk(dir.toPath())) {
            paths.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> options = new HashMap<>(Map.of("codec", "none", "record", "1024", "batch", "16384", "bytes", "1073741824"));
        for (String arg : args) {
            String[] pair = arg.split("=", 2);
            if (pair.length != 2) { System.err.println(USAGE); System.exit(2); }
            options.put(pair[0], pair[1]);
        }
        if (!options.containsKey("dir") || !options.containsKey("name")) { System.err.println(USAGE); System.exit(2); }

        File dir = new File(options.get("dir"), options.get("name") + "-0");
        int record = Integer.parseInt(options.get("record")), raw = Integer.parseInt(options.get("batch"));
        long want = Long.parseLong(options.get("bytes"));
        Compression codec = Compression.of(options.get("codec")).build();
        KafkaScheduler scheduler = new KafkaScheduler(1);
        scheduler.startup();
        remove(dir);
        UnifiedLog log = open(dir, scheduler);
        log.assignTopicId(new Uuid(1, 1));
        Rng r = new Rng(42);
        long done = 0, offset = 0, timestamp = 1_700_000_000_000L, batches = 0;
        while (done < want) {
            MemoryRecords records = batch(codec, r, offset, record, raw, timestamp++);
            offset = records.batches().iterator().next().nextOffset();
            log.appendAsFollower(records, Integer.MAX_VALUE);
            done += recordsIn(record, raw) * (long) record + 61;
            batches++;
        }
        long size = log.size();
        log.flush(true);
        log.close();
        System.out.printf("%-10s %,15d bytes %,11d batches %,12d records%n", options.get("name"), size, batches, offset);
        System.exit(0);
    }
}
