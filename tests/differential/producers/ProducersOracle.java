package org.apache.kafka.storage.internals.log;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.*;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.checkpoint.LeaderEpochCheckpointFile;
import org.apache.kafka.storage.internals.epoch.LeaderEpochFileCache;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

/** Takes the steps on stdin, one a line, and says after each what is known and what the files hold. */
public class ProducersOracle {
    static final TopicPartition TP = new TopicPartition("topic", 0);

    static long now;

    static final class Clock implements Time {
        public long milliseconds() { return now; }
        public long nanoseconds() { return now * 1_000_000L; }
        public void sleep(long ms) { }
        public void waitObject(Object o, Supplier<Boolean> condition, long deadline) { }
    }

    /** Does what is due at once, and nothing that repeats. */
    static final class AtOnce implements Scheduler {
        public void startup() { }
        public void shutdown() { }
        public void resizeThreadPool(int n) { }
        public ScheduledFuture<?> schedule(String name, Runnable task, long delay, long period) {
            if (period < 0) task.run();
            return null;
        }
    }

    static final Clock CLOCK = new Clock();
    static final AtOnce AT_ONCE = new AtOnce();
    static final BrokerTopicStats STATS = new BrokerTopicStats();
    static Method analyze;
    static Field managerField;

    static File root;
    static int number;
    static File dir;
    static UnifiedLog log;
    static ProducerStateManager producers;
    static int maxTimeout;
    static ProducerStateManagerConfig config;
    static LeaderEpochFileCache epochs;
    static List<VerificationGuard> guards;
    static TreeSet<Long> verified;

    public static void main(String[] args) throws Exception {
        root = new File(args[0]);
        analyze = Arrays.stream(UnifiedLog.class.getDeclaredMethods())
            .filter(m -> m.getName().equals("analyzeAndValidateProducerState")).findFirst().orElseThrow();
        analyze.setAccessible(true);
        managerField = UnifiedLog.class.getDeclaredField("producerStateManager");
        managerField.setAccessible(true);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] step = line.split("\t", -1);
            String answer;
            try {
                answer = step(step);
            } catch (InvocationTargetException e) {
                answer = e.getCause().getClass().getSimpleName();
            } catch (RuntimeException e) {
                answer = e.getClass().getSimpleName();
            }
            out.println(answer + "\t" + state());
        }
        out.flush();
    }

    static long number(String text) { return Long.parseLong(text); }

    static String step(String[] s) throws Exception {
        switch (s[0]) {
            case "new" -> {
                dir = new File(root, ++number + "/topic-0");
                dir.mkdirs();
                now = 0;
                maxTimeout = Integer.parseInt(s[2]);
                config = new ProducerStateManagerConfig(Integer.parseInt(s[1]), Boolean.parseBoolean(s[3]));
                log = UnifiedLog.create(dir, new LogConfig(new Properties()), 0, 0, AT_ONCE, STATS, CLOCK, maxTimeout, config, 600_000,
                    new LogDirFailureChannel(1), true, Optional.empty(), new ConcurrentHashMap<>(), false,
                    LogOffsetsListener.NO_OP_OFFSETS_LISTENER);
                producers = log.producerStateManager();
                epochs = epochs();
                guards = new ArrayList<>();
                verified = new TreeSet<>();
                return "ok";
            }
            case "time" -> { now = number(s[1]); return "ok"; }
            case "append" -> { return append(s); }
            case "replay" -> { return replay(s); }
            case "verify" -> {
                long id = number(s[1]);
                verified.add(id);
                VerificationGuard guard = log.maybeStartTransactionVerification(id, Integer.parseInt(s[2]), Short.parseShort(s[3]), Boolean.parseBoolean(s[4]));
                if (!guard.equals(VerificationGuard.SENTINEL) && !guards.contains(guard)) guards.add(guard);
                return "" + guards.indexOf(guard);
            }
            case "unverify" -> { producers.clearVerificationStateEntry(number(s[1])); return "ok"; }
            case "hw" -> { producers.onHighWatermarkUpdated(number(s[1])); return "ok"; }
            case "start" -> { producers.onLogStartOffsetIncremented(number(s[1])); return "ok"; }
            case "expire" -> { producers.removeExpiredProducers(number(s[1])); return "ok"; }
            case "late" -> { return "" + producers.hasLateTransaction(number(s[1])); }
            case "mapend" -> { producers.updateMapEndOffset(number(s[1])); return "ok"; }
            case "snapshot" -> { return "" + producers.takeSnapshot(true).isPresent(); }
            case "reload" -> { producers.truncateAndReload(number(s[1]), number(s[2]), number(s[3])); return "ok"; }
            case "restart" -> {
                producers = new ProducerStateManager(TP, dir, maxTimeout, config, CLOCK);
                managerField.set(log, producers);
                producers.truncateAndReload(number(s[1]), number(s[2]), number(s[3]));
                return "ok";
            }
            case "damage" -> {
                File file = LogFileUtils.producerSnapshotFile(dir, number(s[1]));
                if (!file.exists()) return "none";
                byte[] bytes = Files.readAllBytes(file.toPath());
                bytes[bytes.length - 1] ^= 1;
                Files.write(file.toPath(), bytes);
                return "ok";
            }
            case "fully" -> { producers.truncateFullyAndStartAt(number(s[1])); return "ok"; }
            case "strays" -> {
                List<Long> bases = Arrays.stream(s[1].split(",")).filter(t -> !t.isEmpty()).map(Long::parseLong).toList();
                producers.removeStraySnapshots(bases);
                return "ok";
            }
            case "mark" -> { return "" + producers.removeAndMarkSnapshotForDeletion(number(s[1])).isPresent(); }
            case "before" -> { producers.deleteSnapshotsBefore(number(s[1])); return "ok"; }
            case "assign" -> { epochs.assign(Integer.parseInt(s[1]), number(s[2])); return "ok"; }
            case "cutend" -> { epochs.truncateFromEndAsyncFlush(number(s[1])); return "ok"; }
            case "cutstart" -> { epochs.truncateFromStartAsyncFlush(number(s[1])); return "ok"; }
            case "clear" -> { epochs.clearAndFlush(); return "ok"; }
            case "reopen" -> { epochs = epochs(); return "ok"; }
            case "endoffset" -> {
                Map.Entry<Integer, Long> end = epochs.endOffsetFor(Integer.parseInt(s[1]), number(s[2]));
                return end.getValue() == -1 ? "none" : end.getKey() + " " + end.getValue();
            }
            case "epochs" -> {
                int epoch = Integer.parseInt(s[1]);
                return or(epochs.epochForOffset(number(s[2]))) + " " + or(epochs.previousEpoch(epoch)) + " " + or(epochs.nextEpoch(epoch));
            }
            default -> throw new IllegalStateException(s[0]);
        }
    }

    static String or(OptionalInt value) { return value.isPresent() ? "" + value.getAsInt() : "none"; }

    static LeaderEpochFileCache epochs() throws Exception {
        File file = LeaderEpochCheckpointFile.newFile(dir);
        return new LeaderEpochFileCache(TP, new LeaderEpochCheckpointFile(file, new LogDirFailureChannel(1)), AT_ONCE);
    }

    static MemoryRecords records(String hex) {
        return MemoryRecords.readableRecords(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
    }

    @SuppressWarnings("unchecked")
    static String append(String[] s) throws Exception {
        AppendOrigin origin = AppendOrigin.valueOf(s[1]);
        int guard = Integer.parseInt(s[3]);
        MemoryRecords records = records(s[4]);
        long first = records.firstBatch().baseOffset(), last = 0;
        for (RecordBatch batch : records.batches()) last = batch.lastOffset();
        Object result = analyze.invoke(log, new LogOffsetMetadata(first, 0L, 7), records, origin,
            guard < 0 || guard >= guards.size() ? VerificationGuard.SENTINEL : guards.get(guard), Short.parseShort(s[2]));
        Optional<BatchMetadata> duplicate = (Optional<BatchMetadata>) part(result, "maybeDuplicate");
        if (duplicate.isPresent()) {
            BatchMetadata b = duplicate.get();
            return "duplicate " + b.firstSeq() + " " + b.lastSeq() + " " + b.firstOffset() + " " + b.lastOffset() + " " + b.timestamp();
        }
        ((Map<Long, ProducerAppendInfo>) part(result, "updatedProducers")).values().forEach(producers::update);
        StringBuilder said = new StringBuilder("ok");
        for (CompletedTxn txn : (List<CompletedTxn>) part(result, "completedTxns")) said.append(complete(txn));
        producers.updateMapEndOffset(last + 1);
        return said.toString();
    }

    static Object part(Object result, String name) throws Exception {
        Field field = result.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(result);
    }

    static String complete(CompletedTxn txn) {
        long stable = producers.lastStableOffset(txn);
        producers.completeTxn(txn);
        return " " + txn.producerId() + " " + txn.firstOffset() + " " + txn.lastOffset() + " " + txn.isAborted() + " " + stable;
    }

    /** As LogSegment.updateProducerState, which needs a segment. */
    static String replay(String[] s) {
        StringBuilder said = new StringBuilder("ok");
        for (RecordBatch batch : records(s[1]).batches()) {
            if (batch.hasProducerId()) {
                ProducerAppendInfo info = producers.prepareUpdate(batch.producerId(), AppendOrigin.REPLICATION);
                Optional<CompletedTxn> txn = info.append(batch, Optional.empty());
                producers.update(info);
                txn.ifPresent(t -> said.append(complete(t)));
            }
            producers.updateMapEndOffset(batch.lastOffset() + 1);
        }
        return said.toString();
    }

    static String state() throws Exception {
        StringBuilder out = new StringBuilder();
        out.append("end ").append(producers.mapEndOffset());
        out.append(" unstable ").append(producers.firstUnstableOffset().map(o -> o.messageOffset + "@" + o.segmentBaseOffset + "+" + o.relativePositionInSegment).orElse("none"));
        out.append(" undecided ").append(producers.firstUndecidedOffset().orElse(-1));
        out.append(" snapshots ").append(producers.oldestSnapshotOffset().orElse(-1)).append("..").append(producers.latestSnapshotOffset().orElse(-1));
        out.append(" empty ").append(producers.isEmpty());
        for (ProducerStateEntry p : new TreeMap<>(producers.activeProducers()).values()) {
            out.append(" [").append(p.producerId()).append(" ").append(p.producerEpoch()).append(" ").append(p.coordinatorEpoch())
                .append(" ").append(p.lastTimestamp()).append(" ").append(p.currentTxnFirstOffset().orElse(-1)).append(" ").append(p.lastSeq());
            for (BatchMetadata b : p.batchMetadata())
                out.append(" ").append(b.firstSeq()).append("-").append(b.lastSeq()).append("@").append(b.firstOffset()).append("-").append(b.lastOffset()).append("/").append(b.timestamp());
            out.append("]");
        }
        out.append(" guards");
        for (long id : verified) out.append(" ").append(id).append("=").append(guards.indexOf(log.verificationGuard(id)));
        out.append(" epochs ").append(epochs.epochEntries().stream().map(e -> e.epoch() + ":" + e.startOffset()).collect(Collectors.joining(",")));
        File[] files = dir.listFiles((d, name) -> name.contains(".snapshot") || name.startsWith("leader-epoch"));
        Arrays.sort(files);
        for (File file : files) {
            byte[] bytes = Files.readAllBytes(file.toPath());
            out.append(" ").append(file.getName()).append(":").append(bytes.length).append(":");
            out.append(file.getName().contains(".snapshot") ? producersOf(bytes) : "" + crc(bytes, 0));
        }
        return out.toString();
    }

    /** The checksum of the entries, sorted: their order means nothing. */
    static String producersOf(byte[] snapshot) {
        if (snapshot.length < 10 || crc(snapshot, 6) != (ByteBuffer.wrap(snapshot).getInt(2) & 0xffffffffL)) return "corrupt";
        List<byte[]> entries = new ArrayList<>();
        for (int at = 10; at < snapshot.length; at += 46) entries.add(Arrays.copyOfRange(snapshot, at, at + 46));
        entries.sort(Arrays::compareUnsigned);
        ByteBuffer sorted = ByteBuffer.allocate(46 * entries.size());
        entries.forEach(sorted::put);
        return "" + crc(sorted.array(), 0);
    }

    static long crc(byte[] bytes, int from) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, bytes.length - from);
        return crc.getValue();
    }
}
