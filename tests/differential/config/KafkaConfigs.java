import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.StringJoiner;
import kafka.server.KafkaConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.coordinator.transaction.TransactionLogConfig;
import org.apache.kafka.coordinator.transaction.TransactionStateManagerConfig;
import org.apache.kafka.storage.internals.log.CleanerConfig;
import org.apache.kafka.storage.internals.log.LogConfig;

/** What Kafka makes of settings; the protocol is that of `main.rs`. */
public class KafkaConfigs {
    static final Map<String, String> REQUIRED = Map.of(
        "process.roles", "broker,controller", "node.id", "1", "controller.quorum.voters", "1@localhost:9093",
        "controller.listener.names", "CONTROLLER", "listeners", "PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093");

    static Map<String, Object> defaults;

    public static void main(String[] args) throws Exception {
        defaults = new KafkaConfig(new HashMap<>(REQUIRED), false).extractLogConfigMap();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] c = line.split("\t", -1);
            Map<String, String> settings = new HashMap<>();
            for (String setting : c[2].split(",")) {
                if (!setting.isEmpty()) settings.put(unhex(setting.split("=", -1)[0]), unhex(setting.split("=", -1)[1]));
            }
            String answer;
            try {
                answer = answer(c[0], c[1], settings);
            } catch (Exception e) {
                answer = e.getClass().getSimpleName();
            }
            out.println(answer);
        }
        out.flush();
    }

    static String unhex(String text) {
        return new String(HexFormat.of().parseHex(text), StandardCharsets.UTF_8);
    }

    static String answer(String kind, String flags, Map<String, String> settings) {
        switch (kind) {
            case "topic":
                return show(new LogConfig(settings));
            case "validate":
                LogConfig.validate(settings);
                return "ok";
            case "tiered":
                Map<String, String> existing = Map.of(TopicConfig.REMOTE_LOG_STORAGE_ENABLE_CONFIG, "" + (flags.charAt(0) == '1'));
                LogConfig.validate(existing, settings, defaults, flags.charAt(1) == '1');
                return "ok";
            case "manager":
                Map<String, String> ofBroker = new HashMap<>(REQUIRED);
                ofBroker.putAll(settings);
                return manager(new KafkaConfig(ofBroker, false));
            case "broker":
                Map<String, String> all = new HashMap<>(REQUIRED);
                all.putAll(settings);
                return show(new LogConfig(new KafkaConfig(all, false).extractLogConfigMap()));
            default:
                throw new IllegalStateException(kind);
        }
    }

    static String manager(KafkaConfig c) {
        CleanerConfig cleaner = new CleanerConfig(c);
        TransactionLogConfig transactions = new TransactionLogConfig(c);
        StringJoiner out = new StringJoiner(" ");
        for (long number : new long[] {
            c.numRecoveryThreadsPerDataDir(), c.logCleanupIntervalMs(), c.logFlushSchedulerIntervalMs(), c.logFlushOffsetCheckpointIntervalMs(),
            c.logFlushStartOffsetCheckpointIntervalMs(), c.replicaHighWatermarkCheckpointIntervalMs(), c.logInitialTaskDelayMs(),
            transactions.producerIdExpirationMs(), transactions.producerIdExpirationCheckIntervalMs(),
            new TransactionStateManagerConfig(c).transactionMaxTimeoutMs(), cleaner.numThreads, cleaner.dedupeBufferSize,
            Double.doubleToLongBits(cleaner.dedupeBufferLoadFactor), cleaner.ioBufferSize, Double.doubleToLongBits(cleaner.maxIoBytesPerSecond),
            cleaner.backoffMs, cleaner.maxMessageSize}) out.add("" + number);
        out.add("" + transactions.transactionPartitionVerificationEnable());
        out.add("" + c.remoteLogManagerConfig().isRemoteStorageSystemEnabled()).add("" + cleaner.enableCleaner);
        return out.toString();
    }

    static String show(LogConfig c) {
        StringJoiner out = new StringJoiner(" ");
        for (long number : new long[] {
            c.segmentSize(), c.segmentMs, c.segmentJitterMs, c.maxIndexSize, c.flushInterval, c.flushMs, c.retentionSize, c.retentionMs,
            c.maxMessageSize(), c.indexInterval, c.fileDeleteDelayMs, c.deleteRetentionMs, c.compactionLagMs, c.maxCompactionLagMs,
            c.minInSyncReplicas, c.getInt("compression.gzip.level"), c.getInt("compression.lz4.level"), c.getInt("compression.zstd.level"),
            c.messageTimestampBeforeMaxMs, c.messageTimestampAfterMaxMs, c.localRetentionMs(), c.localRetentionBytes(), c.maxSegmentMs(),
            c.initFileSize(), Double.doubleToLongBits(c.minCleanableRatio)}) out.add("" + number);
        for (boolean flag : new boolean[] {
            c.compact, c.delete, c.uncleanLeaderElectionEnable, c.preallocate, c.remoteStorageEnable(), c.remoteLogCopyDisable(),
            c.remoteLogDeleteOnDisable()}) out.add("" + flag);
        out.add(c.compressionType.name()).add(c.messageTimestampType.name);
        out.add("[" + String.join("|", c.leaderReplicationThrottledReplicas) + "]");
        out.add("[" + String.join("|", c.followerReplicationThrottledReplicas) + "]");
        return out.toString();
    }
}
