import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidOffsetException;
import org.apache.kafka.metadata.properties.MetaProperties;
import org.apache.kafka.metadata.properties.PropertiesUtils;
import org.apache.kafka.raft.FileQuorumStateStore;
import org.apache.kafka.raft.generated.QuorumStateData;
import org.apache.kafka.server.common.CheckpointFile;
import org.apache.kafka.server.common.OffsetAndEpoch;
import org.apache.kafka.snapshot.SnapshotPath;
import org.apache.kafka.snapshot.Snapshots;
import org.apache.kafka.storage.internals.checkpoint.*;
import org.apache.kafka.storage.internals.log.*;

/** Answers the cases on stdin, one line each, with Kafka's own classes. Argument: a scratch folder. */
public class FilesOracle {
    static final HexFormat HEX = HexFormat.of();
    static Path scratch;
    static long fileNumber;

    interface Answer { String get() throws Exception; }

    public static void main(String[] args) throws Exception {
        scratch = Path.of(args[0]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(answer(line.split("\t", -1)));
        }
        out.flush();
    }

    static String answer(String[] c) {
        return switch (c[0]) {
            case "int" -> orError(() -> "" + Integer.parseInt(text(c[1])));
            case "long" -> orError(() -> "" + Long.parseLong(text(c[1])));
            case "uuid" -> orError(() -> Uuid.fromString(text(c[1])).toString());
            case "oindex" -> orError(() -> offsetIndex(c));
            case "tindex" -> orError(() -> timeIndex(c));
            case "xindex" -> orError(() -> txnIndex(c));
            case "oappend" -> orError(() -> offsetAppend(c));
            case "tappend" -> orError(() -> timeAppend(c));
            case "xappend" -> orError(() -> txnAppend(c));
            case "snapshot" -> orError(() -> snapshot(c));
            case "epochs" -> orError(() -> epochs(c));
            case "offsets" -> orError(() -> offsets(c));
            case "partition" -> orError(() -> {
                PartitionMetadata metadata = new PartitionMetadataFile(file(c[1]), new LogDirFailureChannel(1)).read();
                return metadata.version() + " " + hex(metadata.encode());
            });
            case "meta" -> orError(() -> meta(c));
            case "clean" -> orError(() -> clean(c));
            case "quorum" -> orError(() -> quorum(c));
            case "dir" -> orError(() -> {
                TopicPartition tp = LocalLog.parseTopicPartitionName(new File("/logs", text(c[1])));
                return hex(tp.topic()) + " " + tp.partition();
            });
            case "dirname" -> orError(() -> {
                TopicPartition tp = new TopicPartition(text(c[1]), Integer.parseInt(c[2]));
                return String.join(" ", LocalLog.logDirName(tp), fixed(LocalLog.logDeleteDirName(tp)),
                    fixed(LocalLog.logStrayDirName(tp)), fixed(LocalLog.logFutureDirName(tp)));
            });
            case "fileoffset" -> orError(() -> "" + LogFileUtils.offsetFromFileName(text(c[1])));
            case "snapshotname" -> orError(() -> {
                Optional<SnapshotPath> path = Snapshots.parse(Path.of("/logs").resolve(text(c[1])));
                OffsetAndEpoch id = path.get().snapshotId();
                return id.offset() + " " + id.epoch();
            });
            case "filename" -> orError(() -> LogFileUtils.filenamePrefixFromOffset(Long.parseLong(c[1])) + " "
                + Snapshots.filenameFromSnapshotId(new OffsetAndEpoch(Long.parseLong(c[1]), Integer.parseInt(c[2]))));
            default -> throw new IllegalArgumentException(c[0]);
        };
    }

    static String orError(Answer answer) {
        try {
            return answer.get();
        } catch (Exception | OutOfMemoryError e) {
            if (System.getenv("ORACLE_TRACE") != null) e.printStackTrace();
            return "error";
        }
    }

    static String check(Runnable check) {
        try {
            check.run();
            return "sane";
        } catch (RuntimeException e) {
            return "insane";
        }
    }

    static String offsetIndex(String[] c) throws Exception {
        StringBuilder out = new StringBuilder();
        OffsetIndex index = new OffsetIndex(file(c[2]), Long.parseLong(c[1]), -1, false);
        out.append(index.entries()).append(' ').append(index.lastOffset()).append(' ').append(check(index::sanityCheck));
        for (int i = 3; i < c.length; i++) {
            long target = Long.parseLong(c[i]);
            OffsetPosition found = index.lookup(target);
            out.append(' ').append(found.offset()).append(':').append(found.position());
            Optional<OffsetPosition> upper = index.fetchUpperBoundOffset(new OffsetPosition(0, (int) target), 100);
            out.append(':').append(upper.map(u -> u.offset() + "," + u.position()).orElse("none"));
        }
        index.truncateTo(Long.parseLong(c[c.length - 1]));
        out.append(' ').append(index.entries());
        index.closeHandler();
        return out.toString();
    }

    static String timeIndex(String[] c) throws Exception {
        StringBuilder out = new StringBuilder();
        TimeIndex index = new TimeIndex(file(c[2]), Long.parseLong(c[1]), -1, false);
        TimestampOffset last = index.lastEntry();
        out.append(index.entries()).append(' ').append(last.timestamp()).append(':').append(last.offset());
        out.append(' ').append(check(index::sanityCheck));
        for (int i = 3; i < c.length; i++) {
            TimestampOffset found = index.lookup(Long.parseLong(c[i]));
            out.append(' ').append(found.timestamp()).append(':').append(found.offset());
        }
        index.truncateTo(Long.parseLong(c[c.length - 1]));
        out.append(' ').append(index.entries());
        index.closeHandler();
        return out.toString();
    }

    static String txnIndex(String[] c) throws Exception {
        StringBuilder out = new StringBuilder();
        File file = file(c[2]);
        try (TransactionIndex index = new TransactionIndex(Long.parseLong(c[1]), file)) {
            out.append(orError(() -> {
                StringBuilder all = new StringBuilder();
                for (AbortedTxn t : index.allAbortedTxns()) all.append(txn(t)).append(' ').append(t.version()).append(';');
                return all.toString();
            }));
        }
        try (TransactionIndex index = new TransactionIndex(Long.parseLong(c[1]), file)) {
            out.append('|').append(check(index::sanityCheck));
        }
        try (TransactionIndex index = new TransactionIndex(Long.parseLong(c[1]), file)) {
            out.append('|').append(orError(() -> {
                TxnIndexSearchResult result = index.collectAbortedTxns(Long.parseLong(c[3]), Long.parseLong(c[4]));
                StringBuilder all = new StringBuilder();
                for (AbortedTxn t : result.abortedTransactions()) all.append(txn(t)).append(';');
                return all.toString() + result.isComplete();
            }));
        }
        try (TransactionIndex index = new TransactionIndex(Long.parseLong(c[1]), file)) {
            out.append('|').append(orError(() -> {
                index.truncateTo(Long.parseLong(c[5]));
                return "" + file.length();
            }));
        }
        return out.toString();
    }

    static String txn(AbortedTxn t) {
        return t.producerId() + " " + t.firstOffset() + " " + t.lastOffset() + " " + t.lastStableOffset();
    }

    static String append(ThrowingRun steps, File file, AutoCloseable index) throws Exception {
        String end = "all";
        try {
            steps.run();
        } catch (InvalidOffsetException e) {
            end = "order";
        } catch (IndexOffsetOverflowException e) {
            return "overflow";
        } catch (IllegalStateException e) {
            end = "time";
        } catch (IllegalArgumentException e) {
            end = e.getMessage().contains("full") ? "full" : "order";
        } catch (java.nio.BufferOverflowException e) {
            end = "full";
        }
        index.close();
        return end + " " + HEX.formatHex(Files.readAllBytes(file.toPath()));
    }

    interface ThrowingRun { void run() throws Exception; }

    static String offsetAppend(String[] c) throws Exception {
        File file = newFile();
        OffsetIndex index = new OffsetIndex(file, Long.parseLong(c[1]), Integer.parseInt(c[2]), true);
        return append(() -> {
            for (int i = 3; i < c.length; i += 2) index.append(Long.parseLong(c[i]), Integer.parseInt(c[i + 1]));
        }, file, index);
    }

    static String timeAppend(String[] c) throws Exception {
        File file = newFile();
        TimeIndex index = new TimeIndex(file, Long.parseLong(c[1]), Integer.parseInt(c[2]), true);
        return append(() -> {
            for (int i = 3; i < c.length; i += 3)
                index.maybeAppend(Long.parseLong(c[i]), Long.parseLong(c[i + 1]), c[i + 2].equals("true"));
        }, file, index);
    }

    static String txnAppend(String[] c) throws Exception {
        File file = file("");
        TransactionIndex index = new TransactionIndex(0, file);
        return append(() -> {
            for (int i = 1; i < c.length; i += 4)
                index.append(new AbortedTxn(Long.parseLong(c[i]), Long.parseLong(c[i + 1]), Long.parseLong(c[i + 2]),
                    Long.parseLong(c[i + 3])));
        }, file, index);
    }

    static String snapshot(String[] c) throws Exception {
        File file = file(c[1]);
        List<ProducerStateEntry> entries;
        try {
            entries = ProducerStateManager.readSnapshot(file);
        } catch (CorruptSnapshotException e) {
            return hex(e.getMessage() + "\n");
        }
        StringBuilder out = new StringBuilder();
        Map<Long, ProducerStateEntry> map = new LinkedHashMap<>();
        for (ProducerStateEntry e : entries) {
            map.put(e.producerId(), e);
            out.append("producerId: " + e.producerId() + " producerEpoch: " + e.producerEpoch() + " coordinatorEpoch: "
                + e.coordinatorEpoch() + " currentTxnFirstOffset: " + e.currentTxnFirstOffset() + " lastTimestamp: "
                + e.lastTimestamp());
            for (BatchMetadata b : e.batchMetadata())
                out.append(" firstSequence: " + b.firstSeq() + " lastSequence: " + b.lastSeq() + " lastOffset: "
                    + b.lastOffset() + " offsetDelta: " + b.offsetDelta() + " timestamp: " + b.timestamp());
            out.append('\n');
        }
        File written = file("");
        ProducerStateManager.writeSnapshot(written, map, false);
        return hex(out.toString()) + " " + HEX.formatHex(Files.readAllBytes(written.toPath()));
    }

    static String epochs(String[] c) throws Exception {
        File file = file(c[1]);
        CheckpointFile<EpochEntry> checkpoint = new CheckpointFile<>(file, 0, LeaderEpochCheckpointFile.FORMATTER);
        List<EpochEntry> entries = checkpoint.read();
        StringBuilder out = new StringBuilder();
        for (EpochEntry e : entries) out.append(e.epoch()).append(':').append(e.startOffset()).append(' ');
        checkpoint.write(entries);
        return out + HEX.formatHex(Files.readAllBytes(file.toPath()));
    }

    static String offsets(String[] c) throws Exception {
        File file = file(c[1]);
        OffsetCheckpointFile checkpoint = new OffsetCheckpointFile(file, new LogDirFailureChannel(1));
        TreeMap<String, Long> sorted = new TreeMap<>();
        Map<TopicPartition, Long> read = checkpoint.read();
        read.forEach((tp, offset) -> sorted.put(hex(tp.topic()) + ":" + tp.partition(), offset));
        StringBuilder out = new StringBuilder();
        sorted.forEach((tp, offset) -> out.append(tp).append(':').append(offset).append(' '));
        if (read.size() < 2) {
            checkpoint.write(read);
            out.append(HEX.formatHex(Files.readAllBytes(file.toPath())));
        }
        return out.toString();
    }

    static String meta(String[] c) throws Exception {
        File file = file(c[1]);
        MetaProperties meta = new MetaProperties.Builder(PropertiesUtils.readPropertiesFile(file.getPath())).build();
        PropertiesUtils.writePropertiesFile(meta.toProperties(), file.getPath(), false);
        String written = new String(Files.readAllBytes(file.toPath()), StandardCharsets.UTF_8);
        String[] lines = written.split("\n", 3);
        return meta.version().number() + " " + meta.clusterId().map(FilesOracle::hex).orElse("none") + " "
            + (meta.nodeId().isPresent() ? meta.nodeId().getAsInt() : "none") + " "
            + meta.directoryId().map(Uuid::toString).orElse("none") + " " + hex(lines[0] + "\n#DATE\n" + lines[2]);
    }

    static String clean(String[] c) throws Exception {
        File file = file(c[1]);
        Path dir = scratch.resolve("clean");
        Files.createDirectories(dir);
        Path target = dir.resolve(".kafka_cleanshutdown");
        Files.copy(file.toPath(), target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        CleanShutdownFileHandler handler = new CleanShutdownFileHandler(dir.toString());
        OptionalLong epoch = handler.read();
        if (epoch.isEmpty()) return "none";
        handler.write(epoch.getAsLong());
        return epoch.getAsLong() + " " + HEX.formatHex(Files.readAllBytes(target));
    }

    static String quorum(String[] c) throws Exception {
        File file = file(c[1]);
        FileQuorumStateStore store = new FileQuorumStateStore(file);
        Method read = FileQuorumStateStore.class.getDeclaredMethod("readStateFromFile", File.class);
        read.setAccessible(true);
        QuorumStateData data = (QuorumStateData) read.invoke(store, file);
        String fields = hex(data.clusterId()) + " " + data.leaderId() + " " + data.leaderEpoch() + " " + data.votedId() + " "
            + data.votedDirectoryId() + " " + data.appliedOffset() + " "
            + (data.currentVoters() == null ? "null" : data.currentVoters().stream().map(v -> v.voterId()).toList());
        StringBuilder out = new StringBuilder(fields);
        Method write = FileQuorumStateStore.class.getDeclaredMethod("writeElectionStateToFile", File.class,
            QuorumStateData.class, short.class);
        write.setAccessible(true);
        for (short version = 0; version < 2; version++) {
            final short v = version;
            out.append(' ').append(orError(() -> {
                write.invoke(store, file, data, v);
                return HEX.formatHex(Files.readAllBytes(file.toPath()));
            }));
        }
        return out.toString();
    }

    static String fixed(String dirName) {
        return dirName.replaceFirst("\\.[0-9a-f]{32}-", "." + "f".repeat(32) + "-");
    }

    static String text(String hex) {
        return new String(HEX.parseHex(hex), StandardCharsets.UTF_8);
    }

    static String hex(String text) {
        return HEX.formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    static File file(String hex) throws Exception {
        File file = newFile();
        Files.write(file.toPath(), HEX.parseHex(hex));
        return file;
    }

    /** A name that repeats after a while, so that the scratch folder stays small. */
    static File newFile() throws Exception {
        File file = scratch.resolve("f" + fileNumber++ % 64).toFile();
        Files.deleteIfExists(file.toPath());
        return file;
    }
}
