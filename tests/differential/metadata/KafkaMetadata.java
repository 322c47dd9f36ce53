import java.io.File;
import java.util.*;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.metadata.*;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.quota.*;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.image.*;
import org.apache.kafka.image.writer.*;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.apache.kafka.server.common.ApiMessageAndVersion;

/** Kafka's own view of the metadata.
 *  records FILE...          the records of snapshots, control records by their types
 *  image FOLDER             the image of a metadata log, as the records of a snapshot, one line of JSON each
 *  describe ADDRESS OUT     topics, settings and features, as clients see them
 *  change ADDRESS NAME      creates, changes and deletes topics, settings, quotas and credentials */
public class KafkaMetadata {
    public static void main(String[] args) throws Exception {
        if (args[0].equals("image")) {
            image(new File(args[1]));
            return;
        }
        if (args[0].equals("records")) {
            for (int i = 1; i < args.length; i++) records(new File(args[i]));
            return;
        }
        Properties properties = new Properties();
        properties.put("bootstrap.servers", args[1]);
        try (Admin admin = Admin.create(properties)) {
            if (args[0].equals("change")) change(admin, args[2]);
            else describe(admin);
        }
    }

    static void image(File folder) throws Exception {
        String[] snapshots = folder.list((dir, name) -> name.endsWith(".checkpoint"));
        String[] logs = folder.list((dir, name) -> name.endsWith(".log"));
        Arrays.sort(snapshots);
        Arrays.sort(logs);
        MetadataImage image = MetadataImage.EMPTY;
        long from = 0;
        if (snapshots.length > 0) {
            String newest = snapshots[snapshots.length - 1];
            from = Long.parseLong(newest.substring(0, 20));
            image = replay(new File(folder, newest), -1, image);
        }
        for (String log : logs) image = replay(new File(folder, log), from, image);
        RecordListWriter writer = new RecordListWriter();
        image.write(writer, new ImageWriterOptions.Builder(image).build());
        for (ApiMessageAndVersion record : writer.records()) {
            String type = MetadataRecordType.fromId(record.message().apiKey()).toString();
            System.out.println("{\"type\":\"" + type + "\",\"version\":" + record.version() + ",\"data\":"
                + MetadataJsonConverters.writeJson(record.message(), record.version()) + "}");
        }
    }

    static void records(File file) throws Exception {
        System.out.println(file.getName());
        try (FileRecords records = FileRecords.open(file, false)) {
            for (FileLogInputStream.FileChannelRecordBatch batch : records.batches()) {
                System.out.println("batch " + batch.baseOffset() + " " + batch.partitionLeaderEpoch() + " " + batch.isValid());
                for (org.apache.kafka.common.record.internal.Record record : batch) {
                    if (batch.isControlBatch()) {
                        System.out.println(record.offset() + " " + ControlRecordType.parse(record.key()) + " " + record.valueSize());
                    } else {
                        var message = MetadataRecordSerde.INSTANCE.read(new ByteBufferAccessor(record.value()), record.valueSize());
                        System.out.println(record.offset() + " " + message);
                    }
                }
            }
        }
    }

    /** Batch by batch: in one delta, settings of a topic would outlive it. */
    static MetadataImage replay(File file, long from, MetadataImage image) throws Exception {
        try (FileRecords records = FileRecords.open(file, false)) {
            for (FileLogInputStream.FileChannelRecordBatch batch : records.batches()) {
                batch.ensureValid();
                if (batch.isControlBatch()) continue;
                MetadataDelta delta = new MetadataDelta.Builder().setImage(image).build();
                for (org.apache.kafka.common.record.internal.Record record : batch) {
                    if (record.offset() < from) continue;
                    var message = MetadataRecordSerde.INSTANCE.read(new ByteBufferAccessor(record.value()), record.valueSize()).message();
                    switch (MetadataRecordType.fromId(message.apiKey())) {
                        case BEGIN_TRANSACTION_RECORD, END_TRANSACTION_RECORD -> { }
                        default -> delta.replay(message);
                    }
                }
                image = delta.apply(new MetadataProvenance(0, 0, 0, true));
            }
        }
        return image;
    }

    static void describe(Admin admin) throws Exception {
        var names = admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get();
        for (var topic : new TreeMap<>(admin.describeTopics(names).allTopicNames().get()).values()) {
            for (var partition : topic.partitions()) {
                System.out.println("partition " + topic.name() + " " + topic.topicId() + " " + partition.partition() + " "
                    + partition.leader().id() + " " + ids(partition.replicas()) + " " + ids(partition.isr()));
            }
            var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic.name());
            var entries = admin.describeConfigs(List.of(resource)).all().get().get(resource).entries();
            for (var entry : entries.stream().sorted(Comparator.comparing(ConfigEntry::name)).toList()) {
                if (entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG) {
                    System.out.println("config " + topic.name() + " " + entry.name() + " " + entry.value());
                }
            }
        }
        for (var feature : new TreeMap<>(admin.describeFeatures().featureMetadata().get().finalizedFeatures()).entrySet()) {
            System.out.println("feature " + feature.getKey() + " " + feature.getValue().maxVersionLevel());
        }
    }

    static String ids(List<org.apache.kafka.common.Node> nodes) {
        return nodes.stream().map(node -> "" + node.id()).collect(Collectors.joining(","));
    }

    static void change(Admin admin, String name) throws Exception {
        var settings = Map.of("retention.ms", "1234567", "cleanup.policy", "compact");
        admin.createTopics(List.of(new NewTopic(name, 3, (short) 1).configs(settings), new NewTopic(name + "_gone", 2, (short) 1),
            new NewTopic(name + ".manual", Map.of(0, List.of(1), 1, List.of(1))))).all().get();
        admin.deleteTopics(List.of(name + "_gone")).all().get();
        admin.createPartitions(Map.of(name, NewPartitions.increaseTo(5))).all().get();
        admin.incrementalAlterConfigs(Map.of(
            new ConfigResource(ConfigResource.Type.TOPIC, name), List.of(
                new AlterConfigOp(new ConfigEntry("retention.ms", ""), AlterConfigOp.OpType.DELETE),
                new AlterConfigOp(new ConfigEntry("segment.bytes", "2000000"), AlterConfigOp.OpType.SET)),
            new ConfigResource(ConfigResource.Type.BROKER, ""), List.of(
                new AlterConfigOp(new ConfigEntry("log.retention.ms", "98765432"), AlterConfigOp.OpType.SET)))).all().get();
        admin.alterClientQuotas(List.of(new ClientQuotaAlteration(new ClientQuotaEntity(Map.of("user", name, "client-id", "c")),
            List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 1024.0))))).all().get();
        admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(name,
            new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), "secret"))).all().get();
    }
}
