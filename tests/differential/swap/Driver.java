import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own clients, alive while the broker behind the port is exchanged: the idempotent producers keep their ids and go on
 * with their sequence numbers. Commands come on stdin, a line each; every answer is one line, "ok" or "failed: WHY".
 *   create            topics, quotas, credentials
 *   write TURN        records, commits, changes of topics and settings; TURN 1 and others are not the same
 *   only-kafka TURN   what only Kafka's broker serves
 *   storm             writes numbered records until `calm`, whatever happens to the broker
 *   calm FILE         waits until all of them are acknowledged, writes where each one was
 *   dump FILE         writes everything that a client can see: lines of what TAB value
 */
public class Driver {
    static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};
    static final int STORM_PARTITIONS = 4;
    static String bootstrap;
    static Random random;
    static Admin admin;
    static final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
    static volatile boolean isStorm;
    static Thread stormThread;
    static final List<Future<RecordMetadata>> stormSent = new ArrayList<>();

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        random = new Random(Long.parseLong(args[1]));
        admin = Admin.create(settings());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) {
            String[] words = line.split(" ");
            try {
                switch (words[0]) {
                    case "create" -> create();
                    case "write" -> write(Integer.parseInt(words[1]));
                    case "only-kafka" -> onlyKafka(Integer.parseInt(words[1]));
                    case "storm" -> storm();
                    case "calm" -> calm(Path.of(words[1]));
                    case "dump" -> dump(Path.of(words[1]));
                    default -> throw new IllegalArgumentException(line);
                }
                System.out.println("ok");
            } catch (Exception e) {
                StringWriter trace = new StringWriter();
                e.printStackTrace(new PrintWriter(trace));
                System.out.println("failed: " + trace.toString().replace("\n", " | "));
            }
        }
        System.exit(0);
    }

    static Map<String, Object> settings() {
        return new HashMap<>(Map.of("bootstrap.servers", bootstrap, "reconnect.backoff.ms", 20, "reconnect.backoff.max.ms", 200,
            "retry.backoff.ms", 50, "retry.backoff.max.ms", 200, "default.api.timeout.ms", 20000, "request.timeout.ms", 5000));
    }

    static KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
        Map<String, Object> all = settings();
        all.remove("default.api.timeout.ms");
        all.putAll(Map.of("delivery.timeout.ms", 60000, "linger.ms", 2, "batch.size", 4000));
        all.putAll(more);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> more) {
        Map<String, Object> all = settings();
        all.putAll(Map.of("enable.auto.commit", false, "auto.offset.reset", "earliest"));
        all.putAll(more);
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** Stays for all turns. */
    static KafkaProducer<byte[], byte[]> lasting(String codec) {
        return producers.computeIfAbsent(codec, c -> producer(Map.of("compression.type", c.equals("storm") ? "lz4" : c)));
    }

    static NewTopic topic(String name, int partitions, String... configs) {
        Map<String, String> map = new TreeMap<>();
        for (int i = 0; i < configs.length; i += 2) map.put(configs[i], configs[i + 1]);
        return new NewTopic(name, partitions, (short) 1).configs(map);
    }

    static void create() throws Exception {
        List<NewTopic> topics = new ArrayList<>();
        for (String codec : CODECS) topics.add(topic("codec-" + codec, 2));
        topics.add(topic("recompressed", 1, "compression.type", "zstd", "message.timestamp.type", "LogAppendTime"));
        topics.add(topic("compacted", 2, "cleanup.policy", "compact", "segment.ms", "50", "min.cleanable.dirty.ratio", "0.01",
            "max.compaction.lag.ms", "500", "delete.retention.ms", "100"));
        topics.add(topic("trimmed", 1, "segment.ms", "50", "file.delete.delay.ms", "100", "retention.bytes", "1000000000"));
        topics.add(topic("transactions", 2, "segment.ms", "50"));
        topics.add(topic("open", 1));
        topics.add(topic("identities", 1));
        topics.add(topic("kcat", 1));
        topics.add(topic("storm", STORM_PARTITIONS, "flush.messages", "1000"));
        topics.add(topic("doomed", 2));
        topics.add(topic("growing", 1, "max.message.bytes", "123456", "unclean.leader.election.enable", "false"));
        admin.createTopics(topics).all().get();
        admin.alterClientQuotas(List.of(
            quota(Map.of("user", "alice"), "producer_byte_rate", 1e9),
            quota(Map.of("client-id", "some"), "consumer_byte_rate", 2e9))).all().get();
        admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion("bob",
            new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), "secret"))).all().get();
    }

    static ClientQuotaAlteration quota(Map<String, String> entity, String key, Double value) {
        return new ClientQuotaAlteration(new ClientQuotaEntity(entity), List.of(new ClientQuotaAlteration.Op(key, value)));
    }

    static byte[] bytes(int max) {
        byte[] bytes = new byte[random.nextInt(max)];
        // Halves that can be compressed.
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) (i % 2 == 0 ? 'x' : random.nextInt(256));
        return bytes;
    }

    static void send(KafkaProducer<byte[], byte[]> producer, String topic, int partitions, int count, List<Future<RecordMetadata>> sent) {
        for (int i = 0; i < count; i++) {
            List<Header> headers = new ArrayList<>();
            for (int h = random.nextInt(8) - 4; h > 0; h--) {
                headers.add(new RecordHeader("h" + random.nextInt(3), random.nextInt(4) == 0 ? null : bytes(20)));
            }
            byte[] key = random.nextInt(4) == 0 ? null : ("key-" + random.nextInt(20)).getBytes();
            byte[] value = random.nextInt(10) == 0 ? null : bytes(random.nextInt(20) == 0 ? 5000 : 100);
            long timestamp = System.currentTimeMillis() - random.nextInt(5000);
            sent.add(producer.send(new ProducerRecord<>(topic, random.nextInt(partitions), timestamp, key, value, headers)));
        }
    }

    static void finish(List<Future<RecordMetadata>> sent) throws Exception {
        for (Future<RecordMetadata> record : sent) record.get();
    }

    static void write(int turn) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (String codec : CODECS) {
            send(lasting(codec), "codec-" + codec, 2, 100, sent);
            send(lasting(codec), "recompressed", 1, 20, sent);
        }
        for (KafkaProducer<byte[], byte[]> producer : producers.values()) producer.flush();
        try (KafkaProducer<byte[], byte[]> fresh = producer(Map.of())) {
            send(fresh, "identities", 1, 5, sent);
        }
        try (KafkaProducer<byte[], byte[]> plain = producer(Map.of("enable.idempotence", false, "acks", "1", "batch.size", 0))) {
            send(plain, "doomed", 2, 10, sent);
            send(plain, "growing", 1, 20, sent);
        }
        // Each round is a segment of its own; keys come again, some for the last time.
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 30; i++) {
                byte[] key = ("k" + random.nextInt(10) + (random.nextInt(5) == 0 ? "-" + turn : "")).getBytes();
                byte[] value = random.nextInt(8) == 0 ? null : ("turn " + turn + " round " + round + " " + i).getBytes();
                sent.add(lasting("lz4").send(new ProducerRecord<>("compacted", i % 2, key, value)));
            }
            send(lasting("none"), "trimmed", 1, 30, sent);
            for (KafkaProducer<byte[], byte[]> producer : producers.values()) producer.flush();
            Thread.sleep(80);
        }
        finish(sent);
        long end = offsets(List.of(new TopicPartition("trimmed", 0)), OffsetSpec.latest()).values().iterator().next().offset();
        admin.deleteRecords(Map.of(new TopicPartition("trimmed", 0), RecordsToDelete.beforeOffset(end - 25))).all().get();
        groups(turn);
        change(turn);
    }

    static void groups(int turn) throws Exception {
        for (String group : List.of("lasting", "turn-" + turn)) {
            try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("group.id", group))) {
                consumer.subscribe(List.of("codec-none", "codec-zstd"));
                for (int read = 0; read < 150; ) {
                    int count = consumer.poll(Duration.ofSeconds(10)).count();
                    if (count == 0) break;
                    read += count;
                }
                for (TopicPartition partition : consumer.assignment()) {
                    consumer.commitSync(Map.of(partition, new OffsetAndMetadata(consumer.position(partition), Optional.empty(), "in turn " + turn)));
                }
            }
        }
        // A static member stays in the group when it goes.
        try (KafkaConsumer<byte[], byte[]> member = consumer(Map.of("group.id", "static", "group.instance.id", "member-1",
                "client.id", "static-client", "session.timeout.ms", 600000))) {
            member.subscribe(List.of("codec-gzip"));
            while (member.assignment().isEmpty()) member.poll(Duration.ofMillis(50));
            member.commitSync(Map.of(new TopicPartition("codec-gzip", 1), new OffsetAndMetadata(turn)));
        }
        admin.alterConsumerGroupOffsets("by hand", Map.of(
            new TopicPartition("codec-lz4", turn % 2), new OffsetAndMetadata(turn * 10L, Optional.of(0), "é \"" + turn + "\""),
            new TopicPartition("growing", 0), new OffsetAndMetadata(turn))).all().get();
        admin.alterConsumerGroupOffsets("to go " + turn, Map.of(new TopicPartition("growing", 0), new OffsetAndMetadata(1))).all().get();
        if (turn == 1) {
            return;
        }
        admin.deleteConsumerGroups(List.of("to go " + (turn - 1))).all().get();
        admin.deleteConsumerGroupOffsets("by hand", Set.of(new TopicPartition("growing", 0))).all().get();
    }

    /** Topics and settings change in each turn. */
    static void change(int turn) throws Exception {
        ConfigResource growing = new ConfigResource(ConfigResource.Type.TOPIC, "growing");
        ConfigResource everyBroker = new ConfigResource(ConfigResource.Type.BROKER, "");
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, "1");
        Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
        changes.put(growing, List.of(set("retention.ms", "" + (900_000_000L + turn)), set("min.insync.replicas", "1"),
            turn % 2 == 0 ? delete("max.message.bytes") : set("max.message.bytes", "" + (200000 + turn))));
        changes.put(everyBroker, List.of(set("log.segment.delete.delay.ms", "" + (60000 + turn))));
        changes.put(broker, List.of(turn % 2 == 0 ? delete("log.cleaner.io.max.bytes.per.second") : set("log.cleaner.io.max.bytes.per.second", "" + (5e8 + turn))));
        admin.incrementalAlterConfigs(changes).all().get();
        admin.createTopics(List.of(topic("made-in-" + turn, 2, "local.retention.ms", "123456"))).all().get();
        if (turn > 1) {
            admin.createPartitions(Map.of("growing", NewPartitions.increaseTo(turn))).all().get();
            admin.deleteTopics(List.of("doomed")).all().get();
            // The name comes back with another id. Kafka takes away the old one on its own time.
            Thread.sleep(300);
            admin.createTopics(List.of(topic("doomed", 2, "segment.bytes", "" + (1048576 + turn)))).all().get();
            admin.deleteTopics(List.of("made-in-" + (turn - 1))).all().get();
        }
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
            send(producer, "made-in-" + turn, 2, 20, sent);
            send(producer, "growing", Math.max(1, turn), 20, sent);
            send(producer, "doomed", 2, 20, sent);
        }
        finish(sent);
        admin.alterClientQuotas(List.of(quota(Map.of("user", "alice"), "producer_byte_rate", 1e9 + turn),
            quota(Map.of("client-id", "some"), "consumer_byte_rate", turn % 2 == 0 ? null : Double.valueOf(3e9)))).all().get();
    }

    static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    }

    static AlterConfigOp delete(String name) {
        return new AlterConfigOp(new ConfigEntry(name, null), AlterConfigOp.OpType.DELETE);
    }

    /** What ours keeps and does not serve: transactions, and groups of the protocol with assignment by the broker. */
    static void onlyKafka(int turn) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of("transactional.id", "writer"))) {
            producer.initTransactions();
            for (boolean commits : new boolean[] {true, false, true}) {
                List<Future<RecordMetadata>> sent = new ArrayList<>();
                producer.beginTransaction();
                send(producer, "transactions", 2, 20, sent);
                producer.flush();
                if (commits) producer.commitTransaction(); else producer.abortTransaction();
            }
        }
        // Neither commits nor aborts.
        KafkaProducer<byte[], byte[]> open = producer(Map.of("transactional.id", "open-" + turn, "transaction.timeout.ms", 600000));
        open.initTransactions();
        open.beginTransaction();
        send(open, "open", 1, 10, new ArrayList<>());
        open.flush();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("group.id", "modern", "group.protocol", "consumer"))) {
            consumer.subscribe(List.of("codec-snappy"));
            while (consumer.assignment().isEmpty()) consumer.poll(Duration.ofMillis(50));
            consumer.commitSync(Map.of(new TopicPartition("codec-snappy", 0), new OffsetAndMetadata(turn)));
        }
    }

    static void storm() {
        isStorm = true;
        stormThread = new Thread(() -> {
            for (int i = 0; isStorm; i++) {
                byte[] number = Integer.toString(stormSent.size() / STORM_PARTITIONS).getBytes();
                stormSent.add(lasting("storm").send(new ProducerRecord<>("storm", stormSent.size() % STORM_PARTITIONS, null, number)));
                if (i % 20 == 0) {
                    try {
                        Thread.sleep(4);
                    } catch (InterruptedException e) {
                        return;
                    }
                }
            }
        });
        stormThread.start();
    }

    static void calm(Path file) throws Exception {
        isStorm = false;
        stormThread.join();
        try (PrintStream out = new PrintStream(file.toFile())) {
            for (int i = 0; i < stormSent.size(); i++) {
                RecordMetadata record = stormSent.get(i).get();
                out.println(record.partition() + "\t" + record.offset() + "\t" + i / STORM_PARTITIONS);
            }
        }
    }

    static Map<TopicPartition, ListOffsetsResultInfo> offsets(Collection<TopicPartition> partitions, OffsetSpec spec) throws Exception {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        for (TopicPartition partition : partitions) asked.put(partition, spec);
        return admin.listOffsets(asked).all().get();
    }

    static String hex(byte[] bytes) {
        return bytes == null ? "null" : "x" + HexFormat.of().formatHex(bytes);
    }

    static void dump(Path file) throws Exception {
        try (PrintStream out = new PrintStream(file.toFile(), "UTF-8")) {
            Map<String, TopicDescription> topics = new TreeMap<>(admin.describeTopics(admin.listTopics(
                new org.apache.kafka.clients.admin.ListTopicsOptions().listInternal(true)).names().get()).allTopicNames().get());
            List<TopicPartition> all = new ArrayList<>();
            List<ConfigResource> resources = new ArrayList<>(List.of(new ConfigResource(ConfigResource.Type.BROKER, "1"),
                new ConfigResource(ConfigResource.Type.BROKER, "")));
            topics.forEach((name, topic) -> {
                out.println("topic " + name + "\t" + topic.topicId() + " internal " + topic.isInternal() + " " + topic.partitions().stream()
                    .map(p -> p.partition() + ":" + p.leader().id() + p.replicas() + p.isr() + p.elr() + p.lastKnownElr()).toList());
                for (int i = 0; i < topic.partitions().size(); i++) all.add(new TopicPartition(name, i));
                resources.add(new ConfigResource(ConfigResource.Type.TOPIC, name));
            });
            for (Map.Entry<ConfigResource, Config> config : admin.describeConfigs(resources).all().get().entrySet()) {
                boolean isTopic = config.getKey().type() == ConfigResource.Type.TOPIC;
                for (ConfigEntry entry : config.getValue().entries()) {
                    // What the two brokers were started with is theirs.
                    if (isTopic || entry.source().toString().startsWith("DYNAMIC")) {
                        out.println("config " + config.getKey().name() + " " + entry.name() + "\t" + entry.value() + " " + entry.source());
                    }
                }
            }
            out.println("quotas\t" + new TreeMap<>(stringKeys(admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get())));
            out.println("scram\t" + admin.describeUserScramCredentials().all().get());
            out.println("features\t" + new TreeMap<>(stringKeys(admin.describeFeatures().featureMetadata().get().finalizedFeatures()))
                + " supported " + new TreeMap<>(stringKeys(admin.describeFeatures().featureMetadata().get().supportedFeatures())));
            out.println("quorum\t" + admin.describeMetadataQuorum().quorumInfo().get().voters().stream().map(v -> v.replicaId() + " " + v.replicaDirectoryId()).toList());
            for (OffsetSpec spec : List.of(OffsetSpec.earliest(), OffsetSpec.latest(), OffsetSpec.maxTimestamp())) {
                offsets(all, spec).forEach((partition, found) -> {
                    if (!isOwn(partition.topic())) {
                        out.println("offset " + partition + " " + spec.getClass().getSimpleName() + "\t" + found.offset() + " " + found.timestamp());
                    }
                });
            }
            producers(out, all);
            groups(out);
            records(out, all, "read_uncommitted");
            all.removeIf(partition -> !Set.of("transactions", "open").contains(partition.topic()));
            records(out, all, "read_committed");
        }
    }

    /** Topics that brokers write to when they start. */
    static boolean isOwn(String topic) {
        return topic.startsWith("__");
    }

    static Map<String, Object> stringKeys(Map<?, ?> map) {
        Map<String, Object> named = new TreeMap<>();
        map.forEach((key, value) -> named.put(key.toString(), value instanceof Map<?, ?> inner ? new TreeMap<>(inner) : value));
        return named;
    }

    static void producers(PrintStream out, List<TopicPartition> all) throws Exception {
        List<TopicPartition> asked = all.stream().filter(partition -> !isOwn(partition.topic())).toList();
        admin.describeProducers(asked).all().get().forEach((partition, states) -> {
            for (ProducerState state : states.activeProducers()) {
                out.println("producer " + partition + " " + state.producerId() + "\tepoch " + state.producerEpoch() + " sequence " + state.lastSequence()
                    + " time " + state.lastTimestamp() + " coordinator " + state.coordinatorEpoch() + " open " + state.currentTransactionStartOffset());
            }
        });
    }

    @SuppressWarnings("deprecation")
    static void groups(PrintStream out) throws Exception {
        Set<String> names = new TreeSet<>();
        admin.listGroups().all().get().forEach(group -> {
            names.add(group.groupId());
            out.println("group " + group.groupId() + "\t" + group.type() + " protocol '" + group.protocol() + "' " + group.groupState());
        });
        for (String name : names) {
            for (MemberDescription member : admin.describeConsumerGroups(List.of(name)).all().get().get(name).members()) {
                out.println("member " + name + " " + member.groupInstanceId() + "\t" + member.consumerId() + " " + member.clientId() + " " + member.host()
                    + " " + member.assignment());
            }
            admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata().get().forEach((partition, committed) ->
                out.println("committed " + name + " " + partition + "\t" + committed));
        }
    }

    static void records(PrintStream out, List<TopicPartition> all, String isolation) throws Exception {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("isolation.level", isolation, "fetch.max.wait.ms", 50))) {
            List<TopicPartition> read = all.stream().filter(partition -> !isOwn(partition.topic())).toList();
            consumer.assign(read);
            consumer.seekToBeginning(read);
            Map<TopicPartition, Long> ends = consumer.endOffsets(read);
            long deadline = System.currentTimeMillis() + 20000;
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                if (System.currentTimeMillis() > deadline) throw new IllegalStateException("cannot read to the end: " + ends);
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    StringBuilder headers = new StringBuilder();
                    record.headers().forEach(header -> headers.append(header.key()).append('=').append(hex(header.value())).append(','));
                    out.println("record " + isolation + " " + record.topic() + " " + record.partition() + " " + record.offset() + "\t" + record.timestampType() + " "
                        + record.timestamp() + " epoch " + record.leaderEpoch() + " " + hex(record.key()) + " " + hex(record.value()) + " " + headers);
                }
            }
        }
    }
}
