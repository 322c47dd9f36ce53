import java.io.*;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.*;
import java.util.concurrent.*;
import java.util.function.Supplier;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.common.OffsetAndEpoch;
import org.apache.kafka.server.common.RequestLocal;
import org.apache.kafka.server.storage.log.FetchIsolation;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.checkpoint.CleanShutdownFileHandler;
import org.apache.kafka.storage.internals.checkpoint.OffsetCheckpointFile;
import org.apache.kafka.storage.internals.epoch.LeaderEpochFileCache;
import org.apache.kafka.storage.internals.log.*;
import org.apache.kafka.storage.internals.utils.Throttler;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

/**
 * Drives one real UnifiedLog through a script of JSON lines (run, batch), or makes such scripts (gen, make). README.md
 * describes the language.
 */
public class KafkaLogOracle {
    static final ObjectMapper M = new ObjectMapper();

    // ------------------------------------------------------------------ clock and scheduler
    static final class Clock implements Time {
        volatile long ms;
        Clock(long ms) { this.ms = ms; }
        public long milliseconds() { return ms; }
        public long nanoseconds() { return ms * 1_000_000L; }
        public void sleep(long d) { ms += d; }
        public void waitObject(Object o, Supplier<Boolean> c, long deadline) { throw new UnsupportedOperationException(); }
    }

    static final class Sched implements Scheduler {
        final class Task implements ScheduledFuture<Void> {
            final Runnable r; final long period, seq; long at;
            Task(Runnable r, long at, long period) { this.r = r; this.at = at; this.period = period; this.seq = next++; }
            public long getDelay(TimeUnit u) { return u.convert(at - clock.ms, TimeUnit.MILLISECONDS); }
            public int compareTo(Delayed d) { return Long.compare(at, ((Task) d).at); }
            public boolean cancel(boolean b) { return queue.remove(this); }
            public boolean isCancelled() { return false; }
            public boolean isDone() { return false; }
            public Void get() { return null; }
            public Void get(long t, TimeUnit u) { return null; }
        }
        final Clock clock;
        long next = 0;
        final TreeSet<Task> queue = new TreeSet<>(Comparator.<Task>comparingLong(t -> t.at).thenComparingLong(t -> t.seq));
        Sched(Clock c) { clock = c; }
        public void startup() { }
        public void shutdown() { queue.clear(); }
        public void resizeThreadPool(int n) { }
        public ScheduledFuture<?> schedule(String name, Runnable r, long delay, long period) {
            Task t = new Task(r, clock.ms + delay, period);
            queue.add(t);
            tick();
            return t;
        }
        /** Runs everything that is due, earliest first, on the calling thread. */
        void tick() {
            while (!queue.isEmpty() && queue.first().at <= clock.ms) {
                Task t = queue.pollFirst();
                t.r.run();
                if (t.period >= 0) { t.at += Math.max(1, t.period); queue.add(t); }
            }
        }
    }

    // ------------------------------------------------------------------ the engine under the script
    static final class NotOpen extends RuntimeException { }
    static final class BadScript extends RuntimeException { BadScript(String m) { super(m); } }

    static final class Engine {
        static final Throttler THROTTLER = new Throttler(Double.MAX_VALUE, 300, "oracle", "bytes", Time.SYSTEM);
        static final BrokerTopicStats STATS = new BrokerTopicStats(false);
        final long realStart = System.currentTimeMillis();
        final File root;
        final Clock clock = new Clock(1_700_000_000_000L);
        Sched sched = new Sched(clock);
        LogDirFailureChannel failures = new LogDirFailureChannel(8);
        Map<String, String> props = new TreeMap<>();
        TopicPartition tp = new TopicPartition("t", 0);
        Optional<Uuid> topicId = Optional.empty();
        int pidExpiryMs = 86_400_000, maxTxnTimeoutMs = 900_000;
        boolean verification = false;
        UnifiedLog log;
        LogCleanerManager cleaners;
        ConcurrentMap<TopicPartition, UnifiedLog> logs = new ConcurrentHashMap<>();
        Map<Long, VerificationGuard> guards = new HashMap<>();

        Engine(File root) { this.root = root.getAbsoluteFile(); this.root.mkdirs(); }

        File dir() { return new File(root, tp.topic() + "-" + tp.partition()); }

        ObjectNode exec(int line, JsonNode op) {
            ObjectNode out = M.createObjectNode();
            out.put("i", line);
            out.put("op", op.path("op").asText());
            try {
                ObjectNode r = M.createObjectNode();
                dispatch(op, r);
                out.put("ok", true);
                if (!r.isEmpty()) out.set("r", r);
            } catch (BadScript e) {
                throw e;
            } catch (Throwable t) {
                out.put("ok", false);
                describe(t, out);
            }
            stampFiles();
            if (log != null) out.set("s", state());
            boolean failedOpen = op.path("op").asText().equals("open") && log == null;
            if (op.path("files").asBoolean(false) && !failedOpen) out.set("files", files());
            return out;
        }

        static void describe(Throwable t, ObjectNode out) {
            if (t instanceof RecordValidationException e) {
                out.put("error", e.invalidException().getClass().getSimpleName());
                out.put("code", Errors.forException(e.invalidException()).name());
                ArrayNode a = out.putArray("records");
                e.recordErrors().forEach(x -> a.add(x.batchIndex));
                return;
            }
            out.put("error", t.getClass().getSimpleName());
            out.put("code", Errors.forException(t).name());
            if (System.getenv("ORACLE_TRACE") != null) t.printStackTrace();
        }

        void need() { if (log == null) throw new NotOpen(); }

        void dispatch(JsonNode op, ObjectNode r) throws Exception {
            String name = op.path("op").asText();
            switch (name) {
                case "open" -> open(op, r);
                case "sleep" -> { clock.ms += op.path("ms").asLong(); sched.tick(); r.put("now", clock.ms); }
                case "mangle" -> mangle(op);
                case "files" -> r.set("files", files());
                default -> { need(); dispatchOpen(name, op, r); }
            }
        }

        void dispatchOpen(String name, JsonNode op, ObjectNode r) throws Exception {
            switch (name) {
                case "append" -> append(op, r);
                case "hw" -> r.put("hw", log.updateHighWatermark(op.path("offset").asLong()));
                case "read" -> read(op, r);
                case "lookup" -> lookup(op, r);
                case "aborted" -> {
                    ArrayNode a = r.putArray("txns");
                    for (AbortedTxn t : log.collectAbortedTransactions(op.path("from").asLong(), op.path("to").asLong()))
                        a.addArray().add(t.producerId()).add(t.firstOffset()).add(t.lastOffset()).add(t.lastStableOffset());
                }
                case "flush" -> log.flush(op.path("force").asBoolean(false));
                case "roll" -> r.put("base", log.roll(op.has("offset") ? Optional.of(op.get("offset").asLong()) : Optional.empty()).baseOffset());
                case "truncate" -> {
                    long target = op.path("offset").asLong();
                    boolean stopCleaner = target < log.activeSegment().baseOffset();
                    boolean done = log.truncateTo(target);
                    if (stopCleaner) cleaners.maybeTruncateCheckpoint(root, tp, log.activeSegment().baseOffset());
                    if (done) checkpointRecovery();
                    r.put("truncated", done);
                }
                case "truncate_full" -> {
                    log.truncateFullyAndStartAt(op.path("offset").asLong(),
                        op.has("start") ? Optional.of(op.get("start").asLong()) : Optional.empty());
                    cleaners.maybeTruncateCheckpoint(root, tp, log.activeSegment().baseOffset());
                    checkpointRecovery();
                }
                case "delete_records" -> {
                    long o = op.path("offset").asLong();
                    if (o == -1) o = log.highWatermark();
                    if (o < 0) throw new org.apache.kafka.common.errors.OffsetOutOfRangeException("negative");
                    r.put("moved", log.maybeIncrementLogStartOffset(o, LogStartOffsetIncrementReason.ClientRecordDeletion));
                }
                case "retention" -> r.put("deleted", log.deleteOldSegments());
                case "clean" -> clean(op, r);
                case "config" -> {
                    op.path("set").fields().forEachRemaining(e -> {
                        if (e.getValue().isNull()) props.remove(e.getKey()); else props.put(e.getKey(), e.getValue().asText());
                    });
                    log.updateConfig(config());
                }
                case "epochs" -> r.set("epochs", epochs());
                case "assign_epoch" -> log.assignEpochStartOffset(op.path("epoch").asInt(), op.path("offset").asLong());
                case "epoch_end" -> {
                    Optional<OffsetAndEpoch> e = log.endOffsetForEpoch(op.path("epoch").asInt());
                    if (e.isPresent()) r.put("epoch", e.get().epoch()).put("offset", e.get().offset());
                    else r.putNull("epoch").putNull("offset");
                }
                case "producers" -> producers(r);
                case "expire" -> log.removeExpiredProducers(clock.ms);
                case "snapshot" -> log.takeProducerSnapshot();
                case "verify" -> {
                    VerificationGuard before = log.verificationGuard(op.path("pid").asLong());
                    VerificationGuard g = log.maybeStartTransactionVerification(op.path("pid").asLong(), op.path("seq").asInt(),
                        (short) op.path("pepoch").asInt(), op.path("epoch_bump").asBoolean(false));
                    guards.put(op.path("pid").asLong(), g);
                    r.put("guard", g.equals(VerificationGuard.SENTINEL) ? "none" : g.equals(before) ? "kept" : "new");
                }
                case "dump" -> dump(r);
                case "checkpoint" -> { checkpointRecovery(); checkpointStart(); checkpointHw(); }
                case "close" -> {
                    checkpointHw();
                    log.flush(true);
                    log.close();
                    checkpointRecovery();
                    checkpointStart();
                    new CleanShutdownFileHandler(root.getPath()).write(-1);
                    drop();
                }
                case "crash" -> { log.closeHandlers(); drop(); }
                default -> throw new BadScript("unknown op " + name);
            }
        }

        void drop() {
            log.removeLogMetrics();
            cleaners.removeMetrics();
            log = null;
            logs.clear();
            guards.clear();
            sched.queue.clear();
        }

        LogConfig config() {
            Properties p = new Properties();
            props.forEach((k, v) -> p.put(k.equals("segment.bytes") ? LogConfig.INTERNAL_SEGMENT_BYTES_CONFIG : k, v));
            return new LogConfig(p);
        }

        OffsetCheckpointFile cp(String name) throws IOException { return new OffsetCheckpointFile(new File(root, name), failures); }

        void checkpointRecovery() throws IOException { cp("recovery-point-offset-checkpoint").write(Map.of(tp, log.recoveryPoint())); }
        void checkpointStart() throws IOException {
            Map<TopicPartition, Long> m = log.logStartOffset() > log.logSegments().get(0).baseOffset() ? Map.of(tp, log.logStartOffset()) : Map.of();
            cp("log-start-offset-checkpoint").write(m);
        }
        void checkpointHw() throws IOException { cp("replication-offset-checkpoint").write(Map.of(tp, log.highWatermark())); }

        void open(JsonNode op, ObjectNode r) throws Exception {
            if (log != null) throw new BadScript("already open");
            if (op.has("now")) clock.ms = op.get("now").asLong();
            if (op.has("config")) {
                props.clear();
                op.get("config").fields().forEachRemaining(e -> props.put(e.getKey(), e.getValue().asText()));
            }
            if (op.has("topic_id")) topicId = Optional.of(Uuid.fromString(op.get("topic_id").asText()));
            pidExpiryMs = op.path("pid_expiry_ms").asInt(pidExpiryMs);
            maxTxnTimeoutMs = op.path("max_txn_timeout_ms").asInt(maxTxnTimeoutMs);
            verification = op.path("verification").asBoolean(verification);
            boolean exists = dir().isDirectory();
            CleanShutdownFileHandler marker = new CleanShutdownFileHandler(root.getPath());
            boolean clean = !exists || marker.exists();
            marker.delete();
            long rp = exists ? cp("recovery-point-offset-checkpoint").read().getOrDefault(tp, 0L) : 0L;
            long start = exists ? cp("log-start-offset-checkpoint").read().getOrDefault(tp, 0L) : 0L;
            failures = new LogDirFailureChannel(8);
            UnifiedLog l = UnifiedLog.create(dir(), config(), start, rp, sched, STATS, clock, maxTxnTimeoutMs,
                new ProducerStateManagerConfig(pidExpiryMs, verification), 600_000, failures, clean, topicId,
                new ConcurrentHashMap<>(), false, LogOffsetsListener.NO_OP_OFFSETS_LISTENER);
            log = l;
            logs.put(tp, l);
            cleaners = new LogCleanerManager(List.of(root), logs, failures);
            long hw = cp("replication-offset-checkpoint").read().getOrDefault(tp, 0L);
            log.updateHighWatermark(hw);
            r.put("clean", clean).put("recovery_point", rp).put("start", start).put("hw", hw);
        }

        void mangle(JsonNode op) throws IOException {
            if (log != null) throw new BadScript("mangle needs a closed log");
            Path p = dir().toPath().resolve(op.path("file").asText());
            byte[] data = Files.exists(p) ? Files.readAllBytes(p) : new byte[0];
            switch (op.path("do").asText()) {
                case "cut" -> Files.write(p, Arrays.copyOf(data, Math.max(0, data.length - op.path("n").asInt())));
                case "flip" -> { int at = op.path("at").asInt(); if (at < data.length) { data[at] ^= 1; Files.write(p, data); } }
                case "append" -> Files.write(p, Base64.getDecoder().decode(op.path("b64").asText()), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                case "write" -> Files.write(p, Base64.getDecoder().decode(op.path("b64").asText()));
                case "delete" -> Files.deleteIfExists(p);
                case "copy" -> { if (Files.exists(p)) Files.copy(p, dir().toPath().resolve(op.path("to").asText()), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES); }
                case "rename" -> { if (Files.exists(p)) Files.move(p, dir().toPath().resolve(op.path("to").asText()), StandardCopyOption.REPLACE_EXISTING); }
                default -> throw new BadScript("unknown mangle");
            }
        }

        // -------------------------------------------------------------- records
        static byte[] text(JsonNode n) {
            if (n == null || n.isNull() || n.isMissingNode()) return null;
            if (n.isObject()) {
                byte[] b = new byte[n.path("n").asInt()];
                for (int i = 0; i < b.length; i++) b[i] = (byte) ('a' + i % 26);
                return b;
            }
            return n.asText().getBytes(StandardCharsets.UTF_8);
        }

        static byte[] batch(JsonNode b) {
            byte[] bytes;
            if (b.has("raw")) {
                bytes = Base64.getDecoder().decode(b.get("raw").asText());
            } else {
                byte magic = (byte) b.path("magic").asInt(2);
                long base = b.path("base").asLong(0);
                int epoch = b.path("epoch").asInt(-1);
                long pid = b.path("pid").asLong(-1);
                short pe = (short) b.path("pepoch").asInt(-1);
                boolean control = b.has("control");
                TimestampType tt = b.path("tstype").asText("create").equals("append") ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
                Compression c = Compression.of(CompressionType.forName(b.path("codec").asText("none"))).build();
                MemoryRecordsBuilder mb = MemoryRecords.builder(ByteBuffer.allocate(4096), magic, c, tt, base,
                    b.path("append_time").asLong(-1), pid, pe, b.path("seq").asInt(-1), control || b.path("txn").asBoolean(false), control, epoch);
                if (control) {
                    JsonNode k = b.get("control");
                    ControlRecordType t = k.path("type").asText().equals("commit") ? ControlRecordType.COMMIT : ControlRecordType.ABORT;
                    mb.appendEndTxnMarker(k.path("ts").asLong(), new EndTransactionMarker(t, k.path("coord_epoch").asInt(0)));
                } else {
                    long off = base;
                    for (JsonNode x : b.path("records")) {
                        off = x.path("o").asLong(off);
                        List<Header> hs = new ArrayList<>();
                        for (JsonNode h : x.path("h")) hs.add(new RecordHeader(h.get(0).asText(), text(h.get(1))));
                        mb.appendWithOffset(off, x.path("ts").asLong(-1), text(x.get("k")), text(x.get("v")), hs.toArray(new Header[0]));
                        off++;
                    }
                }
                ByteBuffer buf = mb.build().buffer();
                bytes = new byte[buf.remaining()];
                buf.get(bytes);
            }
            if (b.has("flip") && b.get("flip").asInt() < bytes.length) bytes[b.get("flip").asInt()] ^= 1;
            if (b.has("cut")) bytes = Arrays.copyOf(bytes, Math.max(0, bytes.length - b.get("cut").asInt()));
            return bytes;
        }

        void append(JsonNode op, ObjectNode r) throws Exception {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            try {
                for (JsonNode b : op.path("batches")) all.write(batch(b));
            } catch (Exception x) { throw new BadScript("cannot build the batch: " + x.getMessage()); }
            MemoryRecords recs = MemoryRecords.readableRecords(ByteBuffer.wrap(all.toByteArray()));
            int epoch = op.path("epoch").asInt(0);
            LogAppendInfo info;
            if (op.path("as").asText("leader").equals("follower")) {
                info = log.appendAsFollower(recs, epoch);
            } else {
                AppendOrigin o = AppendOrigin.valueOf(op.path("origin").asText("client").toUpperCase(Locale.ROOT));
                VerificationGuard g = op.has("guard") ? guards.getOrDefault(op.get("guard").asLong(), VerificationGuard.SENTINEL) : VerificationGuard.SENTINEL;
                info = log.appendAsLeader(recs, epoch, o, RequestLocal.noCaching(), g, (short) op.path("tv").asInt(-1));
            }
            r.put("first", info.firstOffset()).put("last", info.lastOffset()).put("max_ts", info.maxTimestamp())
                .put("append_time", info.logAppendTime()).put("bytes", info.validBytes());
        }

        void read(JsonNode op, ObjectNode r) throws Exception {
            FetchIsolation iso = FetchIsolation.valueOf(op.path("isolation").asText("log_end").toUpperCase(Locale.ROOT));
            FetchDataInfo f = log.read(op.path("offset").asLong(), op.path("max").asInt(1 << 20), iso, op.path("min_one").asBoolean(true));
            LogOffsetMetadata m = f.fetchOffsetMetadata;
            r.putArray("at").add(m.messageOffset).add(m.segmentBaseOffset).add(m.relativePositionInSegment);
            r.put("bytes", f.records.sizeInBytes()).put("partial", f.firstEntryIncomplete);
            ArrayNode bs = r.putArray("batches");
            for (RecordBatch b : f.records.batches()) bs.addArray().add(b.baseOffset()).add(b.lastOffset());
            byte[] raw = new byte[0];
            if (f.records instanceof FileRecords fr) {
                ByteBuffer bb = ByteBuffer.allocate(fr.sizeInBytes());
                fr.readInto(bb, 0);
                raw = Arrays.copyOf(bb.array(), bb.limit());
            }
            r.put("sha", sha(raw));
            if (f.abortedTransactions.isPresent()) {
                ArrayNode a = r.putArray("aborted");
                f.abortedTransactions.get().forEach(t -> a.addArray().add(t.producerId()).add(t.firstOffset()));
            }
        }

        void lookup(JsonNode op, ObjectNode r) {
            JsonNode t = op.get("ts");
            long ts = t.isNumber() ? t.asLong() : switch (t.asText()) {
                case "earliest" -> ListOffsetsRequest.EARLIEST_TIMESTAMP;
                case "latest" -> ListOffsetsRequest.LATEST_TIMESTAMP;
                case "max" -> ListOffsetsRequest.MAX_TIMESTAMP;
                case "earliest_local" -> ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP;
                case "latest_tiered" -> ListOffsetsRequest.LATEST_TIERED_TIMESTAMP;
                case "earliest_pending_upload" -> ListOffsetsRequest.EARLIEST_PENDING_UPLOAD_TIMESTAMP;
                default -> throw new BadScript("ts");
            };
            Optional<FileRecords.TimestampAndOffset> o = log.fetchOffsetByTimestamp(ts, Optional.empty()).timestampAndOffsetOpt();
            if (o.isEmpty()) { r.putNull("offset"); return; }
            r.put("ts", o.get().timestamp).put("offset", o.get().offset);
            if (o.get().leaderEpoch.isPresent()) r.put("epoch", o.get().leaderEpoch.get()); else r.putNull("epoch");
        }

        void clean(JsonNode op, ObjectNode r) throws Exception {
            Optional<LogToClean> ltc = cleaners.grabFilthiestCompactedLog(clock, new PreCleanStats());
            r.put("cleaned", ltc.isPresent());
            if (ltc.isEmpty()) return;
            LogToClean c = ltc.get();
            r.put("from", c.firstDirtyOffset()).put("uncleanable", c.firstUncleanableOffset())
                .put("clean_bytes", c.cleanBytes()).put("dirty_bytes", c.cleanableBytes());
            long end = c.firstDirtyOffset();
            try {
                int buf = op.path("io_buffer").asInt(1 << 16);
                Cleaner cl = new Cleaner(0, new SkimpyOffsetMap(op.path("map_bytes").asInt(1 << 18)), buf, buf,
                    op.path("load_factor").asDouble(0.9), THROTTLER, clock, x -> { });
                end = cl.clean(c).getKey();
                r.put("to", end);
            } finally {
                cleaners.doneCleaning(tp, root, end);
            }
        }

        // -------------------------------------------------------------- observation
        void producers(ObjectNode r) {
            ArrayNode a = r.putArray("producers");
            log.activeProducers().stream().sorted(Comparator.comparingLong(p -> p.producerId())).forEach(p ->
                a.addArray().add(p.producerId()).add(p.producerEpoch()).add(p.lastSequence()).add(p.lastTimestamp())
                    .add(p.coordinatorEpoch()).add(p.currentTxnStartOffset()));
            r.put("map_end", log.latestProducerStateEndOffset());
            if (log.firstUnstableOffset().isPresent()) r.put("first_unstable", log.firstUnstableOffset().get()); else r.putNull("first_unstable");
        }

        ArrayNode epochs() {
            ArrayNode a = M.createArrayNode();
            log.leaderEpochCache().epochEntries().forEach(e -> a.addArray().add(e.epoch()).add(e.startOffset()));
            return a;
        }

        ObjectNode state() {
            ObjectNode s = M.createObjectNode();
            s.put("start", log.logStartOffset()).put("end", log.logEndOffset()).put("hw", log.highWatermark())
                .put("lso", log.lastStableOffset()).put("rp", log.recoveryPoint());
            ArrayNode segs = s.putArray("segs");
            for (LogSegment g : log.logSegments()) segs.addArray().add(g.baseOffset()).add(g.size());
            return s;
        }

        void dump(ObjectNode r) {
            ArrayNode segs = r.putArray("segments");
            for (LogSegment g : log.logSegments()) {
                ObjectNode s = segs.addObject();
                s.put("base", g.baseOffset());
                ArrayNode bs = s.putArray("batches");
                for (RecordBatch b : g.log().batches()) {
                    ObjectNode o = bs.addObject();
                    o.put("base", b.baseOffset()).put("last", b.lastOffset()).put("magic", b.magic()).put("codec", b.compressionType().name)
                        .put("ts", b.timestampType().toString()).put("max_ts", b.maxTimestamp()).put("epoch", b.partitionLeaderEpoch());
                    if (b.hasProducerId()) o.putArray("producer").add(b.producerId()).add(b.producerEpoch()).add(b.baseSequence());
                    if (b.isTransactional()) o.put("txn", true);
                    if (b.isControlBatch()) o.put("control", true);
                    if (b.deleteHorizonMs().isPresent()) o.put("horizon", b.deleteHorizonMs().getAsLong());
                    ArrayNode rs = o.putArray("records");
                    for (org.apache.kafka.common.record.internal.Record x : b)
                        rs.addArray().add(x.offset()).add(x.timestamp()).add(show(x.key())).add(show(x.value()));
                }
            }
        }

        static String show(ByteBuffer b) {
            if (b == null) return null;
            byte[] x = new byte[b.remaining()];
            b.duplicate().get(x);
            return x.length > 48 ? "#" + x.length : new String(x, StandardCharsets.ISO_8859_1);
        }

        static String sha(byte[] b) {
            try {
                return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(b)).substring(0, 32);
            } catch (Exception e) { throw new RuntimeException(e); }
        }

        /** What lies in the root and in the partition folder, in a form that does not depend on when index files are made or grown. */
        ObjectNode files() {
            ObjectNode out = M.createObjectNode();
            try {
                for (File f : sorted(root)) {
                    if (f.isFile() && f.length() > 0) out.put(f.getName(), Files.readString(f.toPath()));
                }
                List<File> all = sorted(dir());
                String active = "";
                if (log != null)
                    for (File f : all) if (f.getName().endsWith(".log") && f.getName().compareTo(active) > 0) active = f.getName();
                String activePrefix = active.isEmpty() ? "?" : active.substring(0, active.length() - 4);
                for (File f : all) {
                    String n = f.getName();
                    byte[] b = Files.readAllBytes(f.toPath());
                    String key = "p/" + n;
                    if (n.endsWith(".deleted")) {
                        if (n.endsWith(".log.deleted") || n.endsWith(".snapshot.deleted")) out.put(key, "");
                    } else if (n.endsWith(".index") || n.endsWith(".timeindex")) {
                        int w = n.endsWith(".index") ? 8 : 12;
                        int len = b.length;
                        if (n.startsWith(activePrefix)) {
                            len -= len % w;
                            while (len > 0 && zero(b, len - w, w)) len -= w;
                            if (len == 0) continue;
                        }
                        out.putArray(key).add(len).add(sha(Arrays.copyOf(b, len)));
                    } else if (n.endsWith(".txnindex")) {
                        if (b.length > 0) out.putArray(key).add(b.length).add(sha(b));
                    } else if (n.endsWith(".snapshot")) {
                        ArrayNode a = out.putArray(key);
                        try {
                            ProducerStateManager.readSnapshot(f).stream().sorted(Comparator.comparingLong(ProducerStateEntry::producerId)).forEach(e -> {
                                ArrayNode p = a.addArray();
                                p.add(e.producerId()).add(e.producerEpoch()).add(e.coordinatorEpoch()).add(e.lastTimestamp())
                                    .add(e.lastDataOffset()).add(e.currentTxnFirstOffset().orElse(-1));
                                e.batchMetadata().forEach(m -> p.add(m.firstSeq()).add(m.lastSeq()).add(m.firstOffset()));
                            });
                        } catch (Exception e) { a.add("corrupt"); }
                    } else if (n.endsWith(".log") || n.endsWith(".swap") || n.endsWith(".cleaned")) {
                        out.putArray(key).add(b.length).add(sha(b));
                    } else {
                        out.put(key, new String(b, StandardCharsets.ISO_8859_1));
                    }
                }
            } catch (IOException e) { throw new UncheckedIOException(e); }
            return out;
        }

        static boolean zero(byte[] b, int from, int n) { for (int i = from; i < from + n; i++) if (b[i] != 0) return false; return true; }

        static List<File> sorted(File d) {
            File[] fs = d.listFiles(File::isFile);
            List<File> l = fs == null ? new ArrayList<>() : new ArrayList<>(List.of(fs));
            l.sort(Comparator.comparing(File::getName));
            return l;
        }

        /** A file really written during this op gets the script clock as its last-modified time. */
        void stampFiles() {
            for (File f : sorted(dir())) {
                try {
                    if (f.lastModified() >= realStart - 5000) Files.setLastModifiedTime(f.toPath(), FileTime.fromMillis(clock.ms));
                } catch (IOException ignored) { }
            }
        }
    }

    // ------------------------------------------------------------------ run
    static void run(File script, File dir, PrintStream out) throws Exception {
        if (dir.exists() && dir.list().length > 0) throw new BadScript(dir + " is not empty");
        Engine e = new Engine(dir);
        int i = 0;
        for (String line : Files.readAllLines(script.toPath())) {
            i++;
            if (line.isBlank() || line.startsWith("#")) continue;
            out.println(M.writeValueAsString(e.exec(i, M.readTree(line))));
        }
        out.flush();
    }

    public static void main(String[] a) throws Exception {
        PrintStream out = new PrintStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16), false, StandardCharsets.UTF_8);
        if (a.length == 3 && a[0].equals("run")) run(new File(a[1]), new File(a[2]), out);
        else if (a.length >= 3 && a[0].equals("gen")) new ScriptGen(Long.parseLong(a[1]), Integer.parseInt(a[2]), a.length > 3 ? a[3] : null).generate(out);
        else if (a.length == 6 && a[0].equals("make")) {
            ScriptGen.make(Long.parseLong(a[1]), Integer.parseInt(a[2]), Integer.parseInt(a[3]), new File(a[4]), new File(a[5]));
        } else if (a.length == 4 && a[0].equals("batch")) {
            File[] fs = new File(a[1]).listFiles((d, n) -> n.endsWith(".jsonl"));
            Arrays.sort(fs);
            new File(a[2]).mkdirs();
            for (File f : fs) {
                String n = f.getName().replace(".jsonl", "");
                try (PrintStream p = new PrintStream(new BufferedOutputStream(new FileOutputStream(new File(a[2], n + ".out"))), false, StandardCharsets.UTF_8)) {
                    run(f, new File(a[3], n), p);
                }
            }
        } else {
            System.err.println("usage: run SCRIPT DIR | gen SEED STEPS [PROFILE] | make SEED COUNT STEPS SCRIPTS OUTPUTS | batch SCRIPTS OUTPUTS WORK");
            System.exit(2);
        }
        out.flush();
        System.exit(0);
    }
}
