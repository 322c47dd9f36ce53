import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.record.BrokerCompressionType;
import org.apache.kafka.server.util.KafkaScheduler;
import org.apache.kafka.storage.internals.log.*;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

/** Answers, for each line of standard input, what Kafka's log does with the bytes of an append: see generate.rs. */
public class ValidateOracle {
    static final class Clock implements Time {
        long ms;
        public long milliseconds() { return ms; }
        public long nanoseconds() { return ms * 1_000_000L; }
        public void sleep(long d) { ms += d; }
        public void waitObject(Object o, java.util.function.Supplier<Boolean> c, long deadline) { throw new UnsupportedOperationException(); }
    }

    static final LogValidator.MetricsRecorder NO_METRICS = new LogValidator.MetricsRecorder() {
        public void recordInvalidMagic() { }
        public void recordInvalidOffset() { }
        public void recordInvalidSequence() { }
        public void recordInvalidChecksums() { }
        public void recordNoKeyCompactedTopic() { }
    };

    static final Clock CLOCK = new Clock();
    static final BufferSupplier BUFFERS = BufferSupplier.create();
    static final Map<String, LogConfig> CONFIGS = new HashMap<>();

    static LogConfig config(String[] c) {
        return CONFIGS.computeIfAbsent(String.join(" ", java.util.Arrays.copyOfRange(c, 6, 13)), k -> {
            Properties p = new Properties();
            p.put("compression.type", c[6].equals("none") ? "uncompressed" : c[6]);
            if (!c[7].equals("-")) p.put("compression." + c[6] + ".level", c[7]);
            p.put("cleanup.policy", c[8].equals("1") ? "compact" : "delete");
            p.put("message.timestamp.type", c[9].equals("append") ? "LogAppendTime" : "CreateTime");
            p.put("message.timestamp.before.max.ms", c[10]);
            p.put("message.timestamp.after.max.ms", c[11]);
            p.put("max.message.bytes", c[12]);
            return new LogConfig(p);
        });
    }

    static UnifiedLog log(File root, String name, long start) throws Exception {
        KafkaScheduler scheduler = new KafkaScheduler(1);
        scheduler.startup();
        UnifiedLog log = UnifiedLog.create(new File(root, name), new LogConfig(new Properties()), 0, 0, scheduler, new BrokerTopicStats(false), CLOCK,
            900_000, new ProducerStateManagerConfig(86_400_000, false), 600_000, new LogDirFailureChannel(8), true, Optional.empty());
        if (start > 0) log.truncateFullyAndStartAt(start, Optional.empty());
        return log;
    }

    static long fnv(ByteBuffer buffer) {
        ByteBuffer b = buffer.duplicate();
        long hash = 0xcbf29ce484222325L;
        while (b.hasRemaining()) hash = (hash ^ (b.get() & 0xff)) * 0x100000001b3L;
        return hash;
    }

    static String batch(MutableRecordBatch b, boolean whole) throws Exception {
        ByteBuffer bytes = ByteBuffer.allocate(b.sizeInBytes());
        b.writeTo(bytes);
        bytes.flip();
        String fields = " base=" + b.baseOffset() + " epoch=" + b.partitionLeaderEpoch() + " magic=" + b.magic() + " attr=" + bytes.getShort(21)
            + " delta=" + bytes.getInt(23) + " ts=" + bytes.getLong(27) + ".." + bytes.getLong(35)
            + " pid=" + b.producerId() + "/" + b.producerEpoch() + "/" + b.baseSequence() + " count=" + b.countOrNull() + " valid=" + b.isValid();
        if (!whole) {
            byte[] records = ((DefaultRecordBatch) b).recordInputStream(BUFFERS).readAllBytes();
            return fields + " records=" + records.length + ":" + Long.toHexString(fnv(ByteBuffer.wrap(records)));
        }
        return fields + " bytes=" + bytes.remaining() + ":" + Long.toHexString(fnv(bytes));
    }

    static String error(Throwable t) {
        if (t instanceof InvocationTargetException e) return error(e.getCause());
        if (t instanceof OutOfMemoryError) return "unknown";
        if (System.getenv("TRACE") != null) t.printStackTrace();
        String records = "";
        if (t instanceof RecordValidationException e) {
            records = e.recordErrors().stream().map(r -> String.valueOf(r.batchIndex)).collect(Collectors.joining(","));
            t = e.invalidException();
        }
        return "error " + t.getClass().getSimpleName() + " " + Errors.forException(t).name() + " [" + records + "]";
    }

    public static void main(String[] args) throws Exception {
        File root = new File(args[0]);
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        UnifiedLog empty = log(root, "t-0", 0);
        UnifiedLog full = log(root, "t-1", Long.parseLong(args[1]));
        Method analyze = null, trim = null;
        for (Method m : UnifiedLog.class.getDeclaredMethods()) {
            if (m.getName().equals("analyzeAndValidateRecords")) analyze = m;
            if (m.getName().equals("trimInvalidBytes")) trim = m;
        }
        analyze.setAccessible(true);
        trim.setAccessible(true);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] c = line.split("\t");
            String answer;
            try {
                answer = answer(c, empty, full, analyze, trim);
            } catch (Throwable t) {
                answer = error(t);
            }
            out.println(c[0] + " " + answer);
        }
        out.flush();
        System.exit(0);
    }

    static String answer(String[] c, UnifiedLog empty, UnifiedLog full, Method analyze, Method trim) throws Throwable {
        boolean follower = c[1].equals("follower");
        AppendOrigin origin = follower ? AppendOrigin.REPLICATION : AppendOrigin.valueOf(c[2].toUpperCase(Locale.ROOT));
        int epoch = Integer.parseInt(c[3]);
        long leo = Long.parseLong(c[4]);
        CLOCK.ms = Long.parseLong(c[5]);
        LogConfig config = config(c);
        empty.updateConfig(config);
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(HexFormat.of().parseHex(c.length > 13 ? c[13] : "")));
        boolean assign = !follower && origin != AppendOrigin.RAFT_LEADER;
        LogAppendInfo info = (LogAppendInfo) analyze.invoke(empty, records, origin, follower, !assign, epoch);
        String answer = "first=" + info.firstOffset() + " last=" + info.lastOffset() + " max=" + info.maxTimestamp()
            + " epoch=" + info.lastLeaderEpoch().map(String::valueOf).orElse("-") + " codec=" + info.sourceCompression().name
            + " bytes=" + info.validBytes() + " firstOrLast=" + info.firstOrLastOffsetOfFirstBatch();
        if (info.validBytes() <= 0) return answer;
        if (follower && info.firstOrLastOffsetOfFirstBatch() < full.logEndOffset()) {
            try {
                full.appendAsFollower(records, epoch);
            } catch (Throwable t) {
                return answer + " " + error(t);
            }
            return answer + " no error";
        }
        if (!assign) return answer;
        MemoryRecords trimmed = (MemoryRecords) trim.invoke(empty, records, info);
        Compression target = BrokerCompressionType.targetCompression(config.compression, info.sourceCompression());
        PrimitiveRef.LongRef offset = PrimitiveRef.ofLong(leo);
        LogValidator.ValidationResult result = new LogValidator(trimmed, empty.topicPartition(), CLOCK, info.sourceCompression(), target,
            config.compact, RecordBatch.CURRENT_MAGIC_VALUE, config.messageTimestampType, config.messageTimestampBeforeMaxMs,
            config.messageTimestampAfterMaxMs, epoch, origin).validateMessagesAndAssignOffsets(offset, NO_METRICS, BUFFERS);
        boolean changed = result.messageSizeMaybeChanged();
        answer += " -> max=" + result.maxTimestampMs() + " time="
            + (config.messageTimestampType == TimestampType.LOG_APPEND_TIME ? result.logAppendTimeMs() : -1)
            + " last=" + (offset.value - 1) + " changed=" + changed;
        for (MutableRecordBatch b : result.validatedRecords().batches())
            answer += batch(b, !changed || target.type() == CompressionType.NONE);
        return answer;
    }
}
