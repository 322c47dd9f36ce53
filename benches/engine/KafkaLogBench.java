// Kafka's own storage layer as the yardstick: each subcommand drives the classes of the Kafka jars in-process
// (warm JVM, several rounds) and prints one JSON line per result.
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.Stream;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.CloseableIterator;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.server.common.RequestLocal;
import org.apache.kafka.server.common.TransactionVersion;
import org.apache.kafka.server.storage.log.FetchIsolation;
import org.apache.kafka.server.util.KafkaScheduler;
import org.apache.kafka.storage.internals.log.*;
import org.apache.kafka.storage.internals.utils.Throttler;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

public class KafkaLogBench {
    static final String USAGE = """
        usage: KafkaLogBench SUBCOMMAND [key=value ...]
          make     dir=D name=N [codec=none] [record=1024] [batch=16384] [bytes=1073741824] [keys=0] [segment=2147483647]
                   writes D/N-0/ (.log .index .timeindex ...) through UnifiedLog; batch and bytes count RAW bytes;
                   keys=K draws the key of each record from K distinct keys (for compact), 0 = a fresh key each
          append   dir=D [mode=leader|follower] [codec=none] [record=1024] [batch=16384] [per=1] [bytes=1073741824]
                   per = batches handed over in one append call (follower only: a leader takes one)
          read     log=D/N-0 [what=locate|bytes|batches|records] [fetch=1048576]
          recover  log=D/N-0          open after an unclean shutdown, recovery point 0 (rewrites its indexes)
          open     dir=D [partitions=1000] [segments=1] [threads=1]   cleanly closed partitions
          compact  dir=D [record=1024] [batch=16384] [bytes=1073741824] [dup=2] [segment=268435456]
        common: [rounds=5] [warmup=1]""";

    static final BrokerTopicStats STATS = new BrokerTopicStats();
    static final KafkaScheduler SCHED = new KafkaScheduler(1);
    static final byte V2 = RecordBatch.MAGIC_VALUE_V2;
    static Map<String, String> opt = new HashMap<>();

    static String s(String k, String d) { return opt.getOrDefault(k, d); }
    static int i(String k, int d) { return Integer.parseInt(s(k, "" + d)); }
    static long l(String k, long d) { return Long.parseLong(s(k, "" + d)); }

    // ---------------------------------------------------------------- payloads (the same bytes on every machine)

    /** SplitMix64. */
    static final class Rng {
        long x;
        Rng(long seed) { x = seed; }
        long next() {
            long z = x += 0x9E3779B97F4A7C15L;
            z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
            z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
            return z ^ z >>> 31;
        }
        int below(int n) { return (int) ((next() >>> 1) % n); }
    }

    static final String[] WORDS = ("alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar "
        + "papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu order payment shipped pending refund basket").split(" ");

    /** JSON-like ASCII of exactly n bytes: repeated field names, dictionary words, numbers and some hex noise. */
    static byte[] json(Rng r, long id, int n) {
        StringBuilder b = new StringBuilder(n + 64);
        b.append("{\"id\":").append(id);
        while (b.length() < n) {
            switch (r.below(5)) {
                case 0 -> b.append(",\"status\":\"").append(WORDS[r.below(WORDS.length)]).append('"');
                case 1 -> b.append(",\"amount\":").append(r.below(1_000_000)).append('.').append(10 + r.below(90));
                case 2 -> b.append(",\"trace\":\"").append(Long.toHexString(r.next())).append('"');
                case 3 -> b.append(",\"note\":\"").append(WORDS[r.below(WORDS.length)]).append(' ')
                           .append(WORDS[r.below(WORDS.length)]).append(' ').append(WORDS[r.below(WORDS.length)]).append('"');
                default -> b.append(",\"user\":{\"name\":\"").append(WORDS[r.below(WORDS.length)]).append("\",\"age\":")
                            .append(r.below(99)).append('}');
            }
        }
        b.setLength(n - 1);
        return b.append('}').toString().getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] key(long k) { return String.format("key-%08d", k).getBytes(StandardCharsets.US_ASCII); }

    /** One v2 batch of about `raw` bytes of records of `record` bytes each (both with their overheads). */
    static MemoryRecords batch(Compression c, Rng r, long baseOffset, long firstKey, int keys, int record, int raw, long ts, int epoch) {
        ByteBuffer buf = ByteBuffer.allocate(raw + record + 1024);
        MemoryRecordsBuilder b = MemoryRecords.builder(buf, V2, c, TimestampType.CREATE_TIME, baseOffset,
            RecordBatch.NO_TIMESTAMP, epoch);
        int n = Math.max(1, (raw - 61) / record);
        for (int k = 0; k < n; k++) {
            long id = keys == 0 ? firstKey + k : r.below(keys);
            // 12 bytes of key; varints and attributes of a record take 7 to 9 bytes
            b.append(ts, key(id), json(r, id, Math.max(8, record - 12 - (record > 128 ? 9 : 7))));
        }
        return b.build();
    }

    // ---------------------------------------------------------------- logs

    static LogConfig config(Map<String, String> over) {
        Map<String, String> m = new HashMap<>(Map.of("segment.bytes", "1073741824", "max.message.bytes", "16777216",
            "index.interval.bytes", "4096", "retention.ms", "-1"));
        m.putAll(over);
        return new LogConfig(m);
    }

    static UnifiedLog open(File dir, LogConfig cfg, long recoveryPoint, boolean clean) throws IOException {
        return UnifiedLog.create(dir, cfg, 0L, recoveryPoint, SCHED, STATS, Time.SYSTEM, 900_000,
            new ProducerStateManagerConfig(86_400_000, false), 600_000, new LogDirFailureChannel(1), clean, Optional.empty());
    }

    /** Waits for what the logs have scheduled (the flush after a roll, deletions). */
    static void drain() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        SCHED.scheduleOnce("drain", done::countDown);
        done.await();
    }

    static void rm(File f) {
        // Threads of Kafka's own may still rename what is in there.
        for (int tries = 0; f.exists(); tries++) {
            try (Stream<Path> w = Files.walk(f.toPath())) {
                w.sorted(Comparator.reverseOrder()).forEach(p -> p.toFile().delete());
            } catch (UncheckedIOException e) {
                if (tries == 10) throw e;
            } catch (IOException e) { throw new UncheckedIOException(e); }
        }
    }

    // ---------------------------------------------------------------- reporting

    interface Round { double run() throws Exception; }  // returns seconds of the timed part

    static void bench(String name, long bytes, long ops, Round r) throws Exception {
        int warm = i("warmup", 1), n = i("rounds", 5);
        for (int k = 0; k < warm; k++) r.run();
        double[] t = new double[n], c = new double[n];
        for (int k = 0; k < n; k++) { System.gc(); t[k] = r.run(); c[k] = cpu; }
        Arrays.sort(t);
        Arrays.sort(c);
        double med = n % 2 == 1 ? t[n / 2] : (t[n / 2 - 1] + t[n / 2]) / 2;
        StringBuilder o = new StringBuilder("{\"impl\":\"kafka\",\"bench\":\"" + name + "\"");
        new TreeMap<>(opt).forEach((k, v) -> {
            if (!Set.of("dir", "log", "warmup", "rounds").contains(k)) o.append(",\"").append(k).append("\":\"").append(v).append('"');
            if (k.equals("log")) o.append(",\"log\":\"").append(new File(v).getName()).append('"');
        });
        o.append(String.format(Locale.ROOT, ",\"bytes\":%d,\"ops\":%d,\"rounds\":%d,\"median_s\":%.4f,\"min_s\":%.4f,\"max_s\":%.4f",
            bytes, ops, n, med, t[0], t[n - 1]));
        // processor seconds of the whole JVM during the timed part: steadier than wall time on a shared machine
        o.append(String.format(Locale.ROOT, ",\"cpu_median_s\":%.4f,\"cpu_min_s\":%.4f", c[n / 2], c[0]));
        o.append(String.format(Locale.ROOT, ",\"mb_per_s\":%.1f,\"ops_per_s\":%.0f}", bytes / 1e6 / med, ops / med));
        System.out.println(o);
    }

    static final com.sun.management.OperatingSystemMXBean OS =
        (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();
    static long cpu0;
    static double cpu;

    static long start() { cpu0 = OS.getProcessCpuTime(); return System.nanoTime(); }
    static double since(long t0) {
        double t = (System.nanoTime() - t0) / 1e9;
        cpu = (OS.getProcessCpuTime() - cpu0) / 1e9;
        return t;
    }

    // ---------------------------------------------------------------- subcommands

    static void make() throws Exception {
        File dir = new File(s("dir", "."), s("name", "data") + "-0");
        rm(dir);
        int record = i("record", 1024), raw = i("batch", 16384), keys = i("keys", 0);
        long want = l("bytes", 1L << 30), done = 0, off = 0, ts = 1_700_000_000_000L;
        Compression c = Compression.of(s("codec", "none")).build();
        UnifiedLog log = open(dir, config(Map.of("segment.bytes", s("segment", "" + Integer.MAX_VALUE))), 0, true);
        log.assignTopicId(new Uuid(1, 1));
        Rng r = new Rng(42);
        long batches = 0;
        while (done < want) {
            MemoryRecords m = batch(c, r, off, off, keys, record, raw, ts++, 0);
            off = m.batches().iterator().next().nextOffset();
            log.appendAsFollower(m, Integer.MAX_VALUE);
            done += Math.max(1, (raw - 61) / record) * (long) record + 61;
            batches++;
        }
        long size = log.size();
        log.flush(true);
        log.close();
        System.out.printf("{\"made\":\"%s\",\"batches\":%d,\"records\":%d,\"raw_bytes\":%d,\"log_bytes\":%d}%n", dir.getName(), batches, off, done, size);
    }

    static void append() throws Exception {
        File dir = new File(s("dir", "."), "bench-append-0");
        boolean leader = s("mode", "leader").equals("leader");
        int record = i("record", 1024), raw = i("batch", 16384), per = leader ? 1 : i("per", 1);
        Compression c = Compression.of(s("codec", "none")).build();
        // a pool of different buffers, so the payload does not sit in the first-level cache
        int pool = (int) Math.max(8, Math.min(1024, (64L << 20) / ((long) raw * per)));
        Rng r = new Rng(7);
        ByteBuffer[] bufs = new ByteBuffer[pool];
        for (int k = 0; k < pool; k++) {
            ByteBuffer all = ByteBuffer.allocate((raw + record + 1024) * per);
            for (int j = 0; j < per; j++) all.put(batch(c, r, 0, 0, 0, record, raw, 1_700_000_000_000L + k, 0).buffer());
            all.flip();
            bufs[k] = all;
        }
        long logical = 0, stored = 0;
        int perCall = Math.max(1, (raw - 61) / record) * per;
        long rawCall = ((long) Math.max(1, (raw - 61) / record) * record + 61) * per, calls = l("bytes", 1L << 30) / rawCall;
        for (int k = 0; k < calls; k++) { logical += rawCall; stored += bufs[k % pool].limit(); }
        RequestLocal local = RequestLocal.withThreadConfinedCaching();
        opt.put("stored_bytes", "" + stored);
        long n = calls;
        bench("append", logical, n, () -> {
            rm(dir);
            UnifiedLog log = open(dir, config(Map.of()), 0, true);
            log.assignTopicId(new Uuid(1, 1));
            long next = 0;
            long t0 = start();
            for (long k = 0; k < n; k++) {
                ByteBuffer b = bufs[(int) (k % pool)];
                if (leader) {
                    b.putLong(0, 0L);                       // as it comes from a producer: base offset 0
                    log.appendAsLeader(MemoryRecords.readableRecords(b), 0, AppendOrigin.CLIENT, local,
                        VerificationGuard.SENTINEL, TransactionVersion.TV_UNKNOWN);
                } else {
                    int p = 0;                              // as it comes from a leader: offsets assigned
                    for (int j = 0; j < per; j++) {
                        b.putLong(p, next);
                        next += b.getInt(p + 23) + 1;
                        p += 12 + b.getInt(p + 8);
                    }
                    log.appendAsFollower(MemoryRecords.readableRecords(b), Integer.MAX_VALUE);
                }
            }
            double t = since(t0);
            if (log.logEndOffset() != n * perCall) throw new IllegalStateException("end offset " + log.logEndOffset());
            drain();
            log.closeHandlers();
            rm(dir);
            return t;
        });
    }

    static void read() throws Exception {
        File dir = new File(s("log", "."));
        String what = s("what", "bytes");
        int fetch = i("fetch", 1 << 20);
        UnifiedLog log = open(dir, config(Map.of("segment.bytes", "" + Integer.MAX_VALUE)), Long.MAX_VALUE, true);
        long[] counts = new long[2];
        ByteBuffer buf = ByteBuffer.allocate(fetch * 2);
        BufferSupplier supplier = BufferSupplier.create();
        Random rnd = new Random(1);
        long end = log.logEndOffset();
        Round round = () -> {
            counts[0] = counts[1] = 0;
            long off = 0;
            long t0 = start();
            if (what.equals("locate")) {                     // offset -> file slice, nothing read (the sendfile path)
                for (int k = 0; k < 200_000; k++) {
                    counts[1]++;
                    counts[0] += log.read((rnd.nextLong() >>> 1) % end, fetch, FetchIsolation.LOG_END, true).records.sizeInBytes();
                }
                return since(t0);
            }
            while (off < end) {
                FileRecords slice = (FileRecords) log.read(off, fetch, FetchIsolation.LOG_END, true).records;
                buf.clear().limit(Math.min(slice.sizeInBytes(), buf.capacity()));
                slice.readInto(buf, 0);
                int lim = buf.limit(), p = 0;
                if (what.equals("bytes")) {
                    while (lim - p >= 61 && lim - p >= 12 + buf.getInt(p + 8)) {
                        off = buf.getLong(p) + buf.getInt(p + 23) + 1;
                        p += 12 + buf.getInt(p + 8);
                        counts[1]++;
                    }
                    counts[0] += p;
                    continue;
                }
                for (MutableRecordBatch b : MemoryRecords.readableRecords(buf).batches()) {
                    b.ensureValid();
                    if (what.equals("records")) {
                        try (CloseableIterator<Record> it = b.streamingIterator(supplier)) {
                            while (it.hasNext()) { it.next(); counts[1]++; }
                        }
                    } else counts[1]++;
                    counts[0] += b.sizeInBytes();
                    off = b.nextOffset();
                }
            }
            return since(t0);
        };
        round.run();
        bench("read", counts[0], counts[1], round);
        log.close();
    }

    static void recover() throws Exception {
        File dir = new File(s("log", "."));
        long size = 0;
        for (File f : dir.listFiles()) if (f.getName().endsWith(".log")) size += f.length();
        bench("recover", size, 1, () -> {
            for (File f : dir.listFiles()) if (f.getName().endsWith(".snapshot")) f.delete();
            long t0 = start();
            UnifiedLog log = open(dir, config(Map.of("segment.bytes", "" + Integer.MAX_VALUE)), 0, false);
            double t = since(t0);
            log.close();
            return t;
        });
    }

    static void openMany() throws Exception {
        File root = new File(s("dir", "."), "bench-open");
        int n = i("partitions", 1000), segs = i("segments", 1), threads = i("threads", 1);
        rm(root);
        LogConfig cfg = config(Map.of());
        Rng r = new Rng(3);
        Compression none = Compression.of("none").build();
        long[] ends = new long[n];
        for (int p = 0; p < n; p++) {
            UnifiedLog log = open(new File(root, "t-" + p), cfg, 0, true);
            log.assignTopicId(new Uuid(1, 1 + p));
            for (int sgm = 0; sgm < segs; sgm++) {
                if (sgm > 0) log.roll();
                for (int b = 0; b < 4; b++) log.appendAsLeader(batch(none, r, 0, 0, 0, 1024, 8192, 1_700_000_000_000L + b, -1), 0);
            }
            ends[p] = log.logEndOffset();
            drain();
            log.close();
        }
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        bench("open", 0, n, () -> {
            List<Future<UnifiedLog>> fs = new ArrayList<>();
            long t0 = start();
            for (int p = 0; p < n; p++) {
                int q = p;
                fs.add(pool.submit(() -> open(new File(root, "t-" + q), cfg, ends[q], true)));
            }
            List<UnifiedLog> logs = new ArrayList<>();
            for (Future<UnifiedLog> f : fs) logs.add(f.get());
            double t = since(t0);
            for (UnifiedLog log : logs) log.close();
            return t;
        });
        pool.shutdown();
        rm(root);
    }

    static void compact() throws Exception {
        File dir = new File(s("dir", "."), "bench-compact-0");
        int record = i("record", 1024), raw = i("batch", 16384), dup = i("dup", 2), segment = i("segment", 256 << 20);
        long want = l("bytes", 1L << 30);
        int keys = (int) (want / record / dup);
        LogConfig cfg = config(Map.of("cleanup.policy", "compact", "segment.bytes", "" + segment, "file.delete.delay.ms", "0"));
        Compression c = Compression.of(s("codec", "none")).build();
        SkimpyOffsetMap map = new SkimpyOffsetMap(128 << 20);
        long[] sizes = new long[3];
        Round round = () -> {
            rm(dir);
            UnifiedLog log = open(dir, cfg, 0, true);
            log.assignTopicId(new Uuid(1, 1));
            Rng r = new Rng(11);
            long off = 0, ts = 1_700_000_000_000L;
            while (log.size() < want) {     // every key appears about `dup` times, in random order
                MemoryRecords m = batch(c, r, off, 0, keys, record, raw, ts++, 0);
                off = m.batches().iterator().next().nextOffset();
                log.appendAsFollower(m, Integer.MAX_VALUE);
            }
            log.roll();
            log.flush(false);
            drain();
            sizes[0] = log.size();
            sizes[2] = off;
            Cleaner cleaner = new Cleaner(0, map, 512 << 10, 32 << 20, 0.9,
                new Throttler(Double.MAX_VALUE, 300, "throttler", "entries", Time.SYSTEM), Time.SYSTEM, tp -> { });
            long t0 = start();
            cleaner.clean(new LogToClean(log, 0, log.activeSegment().baseOffset(), false));
            double t = since(t0);
            sizes[1] = log.size();
            drain();
            log.close();
            rm(dir);
            return t;
        };
        round.run();
        opt.put("bytes_after", "" + sizes[1]);
        bench("compact", sizes[0], sizes[2], round);
    }

    public static void main(String[] a) throws Exception {
        if (a.length == 0) { System.err.println(USAGE); System.exit(2); }
        for (int k = 1; k < a.length; k++) {
            String[] kv = a[k].split("=", 2);
            if (kv.length != 2) { System.err.println(USAGE); System.exit(2); }
            opt.put(kv[0], kv[1]);
        }
        SCHED.startup();
        switch (a[0]) {
            case "make" -> make();
            case "append" -> append();
            case "read" -> read();
            case "recover" -> recover();
            case "open" -> openMany();
            case "compact" -> compact();
            default -> { System.err.println(USAGE); System.exit(2); }
        }
        System.exit(0);
    }
}
