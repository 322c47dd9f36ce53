import java.io.File;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeMap;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.FileLogInputStream;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.CloseableIterator;
import org.apache.kafka.storage.internals.checkpoint.LeaderEpochCheckpointFile;
import org.apache.kafka.storage.internals.checkpoint.OffsetCheckpointFile;
import org.apache.kafka.storage.internals.checkpoint.PartitionMetadataFile;
import org.apache.kafka.storage.internals.log.AbortedTxn;
import org.apache.kafka.storage.internals.log.BatchMetadata;
import org.apache.kafka.storage.internals.log.EpochEntry;
import org.apache.kafka.storage.internals.log.OffsetIndex;
import org.apache.kafka.storage.internals.log.OffsetPosition;
import org.apache.kafka.storage.internals.log.ProducerStateEntry;
import org.apache.kafka.storage.internals.log.ProducerStateManager;
import org.apache.kafka.storage.internals.log.TimeIndex;
import org.apache.kafka.storage.internals.log.TimestampOffset;
import org.apache.kafka.storage.internals.log.TransactionIndex;

/** Reads the segment folders in its arguments with Kafka's classes and compares them with the listings in them. */
public class ReadSegments {
    static final HexFormat HEX = HexFormat.of();
    static long batches, records, entries, changes, differences;

    public static void main(String[] folders) throws Exception {
        for (String folder : folders) {
            Path path = Path.of(folder);
            List<String> listing = Files.readAllLines(path.resolve("listing"));
            compare(folder, listing.stream().filter(line -> !line.startsWith("M ")).toList(), read(path));
            change(path, listing.stream().filter(line -> line.startsWith("M ")).toList());
        }
        System.out.printf("%d batches, %d records, %d entries of other files, %d batches changed in place: %d differences%n",
            batches, records, entries, changes, differences);
        System.exit(differences > 0 ? 1 : 0);
    }

    static void compare(String what, List<String> ours, List<String> kafkas) {
        for (int i = 0; i < Math.max(ours.size(), kafkas.size()); i++) {
            String our = i < ours.size() ? ours.get(i) : "nothing", kafka = i < kafkas.size() ? kafkas.get(i) : "nothing";
            if (!our.equals(kafka)) {
                if (++differences <= 10)
                    System.out.printf("DIFFERS %s line %d%n  meant %.400s%n  kafka %.400s%n", what, i + 1, our, kafka);
                return;
            }
        }
    }

    static File named(Path folder, String ending) throws Exception {
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith("." + ending)).findFirst().orElseThrow().toFile();
        }
    }

    static List<String> read(Path folder) throws Exception {
        List<String> lines = new ArrayList<>();
        File log = named(folder, "log");
        long base = Long.parseLong(log.getName().substring(0, 20));
        List<long[]> placed = new ArrayList<>();
        FileRecords file = FileRecords.open(log, false);
        for (FileLogInputStream.FileChannelRecordBatch batch : file.batches()) {
            batch.ensureValid();
            OptionalLong horizon = batch.deleteHorizonMs();
            lines.add(String.join(" ", "B", "" + batch.position(), "" + batch.sizeInBytes(), "" + batch.magic(),
                "" + batch.baseOffset(), "" + batch.lastOffset(), batch.compressionType().name,
                batch.timestampType().name, "" + batch.maxTimestamp(), "" + batch.producerId(), "" + batch.producerEpoch(),
                "" + batch.baseSequence(), "" + batch.lastSequence(), "" + batch.isTransactional(),
                "" + batch.isControlBatch(), horizon.isPresent() ? "" + horizon.getAsLong() : "-",
                "" + batch.partitionLeaderEpoch(), batch.countOrNull() == null ? "-" : "" + batch.countOrNull()));
            placed.add(new long[] {batch.lastOffset(), batch.position()});
            int from = lines.size();
            for (Iterator<Record> i = batch.iterator(); i.hasNext();) lines.add(record(i.next()));
            List<String> streamed = new ArrayList<>();
            try (CloseableIterator<Record> i = batch.streamingIterator(BufferSupplier.NO_CACHING)) {
                while (i.hasNext()) streamed.add(record(i.next()));
            }
            compare(log + " streamed", lines.subList(from, lines.size()), streamed);
            batches++;
            records += streamed.size();
        }
        if (!placed.isEmpty()) {
            long[] last = placed.get(placed.size() - 1);
            if (file.searchForOffsetFromPosition(last[0], 0).position != last[1]) differences++;
        }
        int end = file.sizeInBytes();
        file.close();

        int from = lines.size();
        readIndexes(folder, base, end, lines);
        for (AbortedTxn txn : transactions(folder, base))
            lines.add(String.join(" ", "A", "" + txn.producerId(), "" + txn.firstOffset(), "" + txn.lastOffset(),
                "" + txn.lastStableOffset()));
        for (ProducerStateEntry entry : ProducerStateManager.readSnapshot(named(folder, "snapshot"))) {
            BatchMetadata batch = entry.batchMetadata().iterator().next();
            lines.add(String.join(" ", "P", "" + entry.producerId(), "" + entry.producerEpoch(), "" + batch.lastSeq(),
                "" + batch.lastOffset(), "" + batch.offsetDelta(), "" + entry.lastTimestamp(), "" + entry.coordinatorEpoch(),
                "" + entry.currentTxnFirstOffset().orElse(-1)));
        }
        File epochs = folder.resolve("leader-epoch-checkpoint").toFile();
        for (EpochEntry entry : new LeaderEpochCheckpointFile(epochs, null).read())
            lines.add("E " + entry.epoch() + " " + entry.startOffset());
        File offsets = folder.resolve("recovery-point-offset-checkpoint").toFile();
        var sorted = new TreeMap<Integer, String>();
        new OffsetCheckpointFile(offsets, null).read().forEach((TopicPartition partition, Long offset) ->
            sorted.put(partition.partition(), "C " + partition.topic() + " " + partition.partition() + " " + offset));
        lines.addAll(sorted.values());
        lines.add("D " + new PartitionMetadataFile(folder.resolve("partition.metadata").toFile(), null).read().topicId());
        entries += lines.size() - from;
        return lines;
    }

    static void readIndexes(Path folder, long base, int end, List<String> lines) throws Exception {
        try (OffsetIndex offsets = new OffsetIndex(named(folder, "index"), base, -1, false);
             TimeIndex times = new TimeIndex(named(folder, "timeindex"), base, -1, false)) {
            offsets.sanityCheck();
            times.sanityCheck();
            for (int i = 0; i < offsets.entries(); i++) {
                OffsetPosition entry = offsets.entry(i);
                lines.add("O " + entry.offset() + " " + entry.position());
                if (!offsets.lookup(entry.offset()).equals(entry) || entry.position() >= end) differences++;
            }
            for (int i = 0; i < times.entries(); i++) {
                TimestampOffset entry = times.entry(i);
                lines.add("T " + entry.timestamp() + " " + entry.offset());
                if (!times.lookup(entry.timestamp()).equals(entry)) differences++;
            }
        }
    }

    static List<AbortedTxn> transactions(Path folder, long base) throws Exception {
        try (TransactionIndex index = new TransactionIndex(base, named(folder, "txnindex"))) {
            index.sanityCheck();
            return index.allAbortedTxns();
        }
    }

    static String record(Record record) {
        record.ensureValid();
        StringBuilder line = new StringBuilder("R " + record.offset() + " " + record.timestamp() + " " + record.sequence());
        line.append(' ').append(hex(record.key())).append(' ').append(hex(record.value()));
        for (Header header : record.headers()) {
            ByteBuffer key = ByteBuffer.wrap(header.key().getBytes(java.nio.charset.StandardCharsets.UTF_8));
            line.append(' ').append(hex(key)).append('=');
            line.append(hex(header.value() == null ? null : ByteBuffer.wrap(header.value())));
        }
        return line.toString();
    }

    static String hex(ByteBuffer bytes) {
        if (bytes == null) return "-";
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return "x" + HEX.formatHex(copy);
    }

    /** The changes of the listing made by Kafka, to be compared with the bytes that ours left. */
    static void change(Path folder, List<String> listing) throws Exception {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(named(folder, "log").toPath()));
        Iterator<String> lines = listing.iterator();
        for (MutableRecordBatch batch : MemoryRecords.readableRecords(bytes).batches()) {
            String[] line = lines.next().split(" ");
            batch.setLastOffset(Long.parseLong(line[1]));
            boolean withEpoch = done(() -> batch.setPartitionLeaderEpoch(Integer.parseInt(line[2])));
            TimestampType type = TimestampType.forName(line[3]);
            boolean withTime = done(() -> batch.setMaxTimestamp(type, Long.parseLong(line[4])));
            if (withEpoch != Boolean.parseBoolean(line[5]) || withTime != Boolean.parseBoolean(line[6])) differences++;
            changes++;
        }
        byte[] ours = Files.readAllBytes(folder.resolve("changed"));
        int at = java.util.Arrays.mismatch(ours, bytes.array());
        if (at >= 0 && ++differences <= 10) System.out.printf("DIFFERS %s changed in place, byte %d%n", folder, at);
        for (RecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(ours)).batches()) batch.ensureValid();
    }

    static boolean done(Runnable change) {
        try {
            change.run();
            return true;
        } catch (UnsupportedOperationException refused) {
            return false;
        }
    }
}
