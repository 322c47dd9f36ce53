import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Reads and writes through a running broker.
 *   BothWays BOOTSTRAP create                  makes the topics of `topics`
 *   BothWays BOOTSTRAP run SEED OUT [forever]  writes all records to OUT.before, produces, writes all records to OUT.after;
 *                                              forever: says "ready" then and goes on producing
 */
public class BothWays {
    static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};
    static final Map<String, Integer> PARTITIONS = new TreeMap<>(Map.of("codecs", 5, "transactions", 2, "compacted", 2, "appendtime", 1));
    static String bootstrap;
    static Random random;

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        if (args[1].equals("create")) {
            create(args[2]);
            return;
        }
        random = new Random(Long.parseLong(args[2]));
        Path out = Path.of(args[3]);
        dump(out.resolveSibling(out.getFileName() + ".before"));
        produce();
        dump(out.resolveSibling(out.getFileName() + ".after"));
        if (args.length > 4) {
            System.out.println("ready");
            System.out.flush();
            try (KafkaProducer<byte[], byte[]> p = producer("lz4", null)) {
                while (true) {
                    send(p, "codecs", 3, 1 + random.nextInt(20));
                    p.flush();
                }
            }
        }
    }

    /** The settings of each topic: lines of topic TAB name TAB value. */
    static void create(String settings) throws Exception {
        Map<String, Map<String, String>> configs = new HashMap<>();
        for (String line : java.nio.file.Files.readAllLines(Path.of(settings))) {
            String[] parts = line.split("\\t", -1);
            configs.computeIfAbsent(parts[0], t -> new HashMap<>()).put(parts[1], parts[2]);
        }
        List<NewTopic> topics = new ArrayList<>();
        PARTITIONS.forEach((topic, count) -> topics.add(new NewTopic(topic, count, (short) 1).configs(configs.get(topic))));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            admin.createTopics(topics).all().get();
        }
    }

    static KafkaProducer<byte[], byte[]> producer(String codec, String transactionalId) {
        Map<String, Object> c = new HashMap<>();
        c.put("bootstrap.servers", bootstrap);
        c.put("key.serializer", ByteArraySerializer.class);
        c.put("value.serializer", ByteArraySerializer.class);
        c.put("compression.type", codec);
        c.put("linger.ms", 20);
        if (transactionalId != null) c.put("transactional.id", transactionalId);
        return new KafkaProducer<>(c);
    }

    static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) bytes[i] = (byte) ('a' + random.nextInt(6));
        return bytes;
    }

    static void send(KafkaProducer<byte[], byte[]> p, String topic, int partition, int count) {
        for (int i = 0; i < count; i++) {
            byte[] key = topic.equals("compacted") ? ("key " + random.nextInt(40)).getBytes() : random.nextInt(5) == 0 ? null : bytes(random.nextInt(9));
            byte[] value = random.nextInt(8) == 0 ? null : bytes(random.nextInt(300));
            List<Header> headers = new ArrayList<>();
            while (random.nextInt(4) == 0) headers.add(new RecordHeader("h" + random.nextInt(3), random.nextInt(4) == 0 ? null : bytes(5)));
            p.send(new ProducerRecord<>(topic, partition, key, value, headers));
        }
    }

    static void produce() {
        for (int codec = 0; codec < CODECS.length; codec++) {
            try (KafkaProducer<byte[], byte[]> p = producer(CODECS[codec], null)) {
                for (int round = 0; round < 10; round++) {
                    send(p, "codecs", codec, 1 + random.nextInt(60));
                    if (codec < 2) send(p, "compacted", codec, 1 + random.nextInt(60));
                    send(p, "appendtime", 0, 1 + random.nextInt(10));
                    p.flush();
                }
            }
        }
        try (KafkaProducer<byte[], byte[]> p = producer("snappy", "both ways")) {
            p.initTransactions();
            for (int round = 0; round < 12; round++) {
                p.beginTransaction();
                send(p, "transactions", random.nextInt(2), 1 + random.nextInt(20));
                send(p, "transactions", random.nextInt(2), 1 + random.nextInt(20));
                p.flush();
                if (random.nextInt(3) == 0) p.abortTransaction(); else p.commitTransaction();
            }
        }
    }

    static void dump(Path file) throws Exception {
        try (PrintStream out = new PrintStream(file.toFile())) {
            for (String isolation : new String[] {"read_uncommitted", "read_committed"}) {
                for (Map.Entry<String, Integer> topic : PARTITIONS.entrySet()) {
                    for (int partition = 0; partition < topic.getValue(); partition++) dump(out, isolation, new TopicPartition(topic.getKey(), partition));
                }
            }
        }
    }

    static void dump(PrintStream out, String isolation, TopicPartition tp) {
        Map<String, Object> c = new HashMap<>();
        c.put("bootstrap.servers", bootstrap);
        c.put("key.deserializer", ByteArrayDeserializer.class);
        c.put("value.deserializer", ByteArrayDeserializer.class);
        c.put("isolation.level", isolation);
        c.put("enable.auto.commit", false);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(c)) {
            consumer.assign(List.of(tp));
            consumer.seekToBeginning(List.of(tp));
            long end = consumer.endOffsets(List.of(tp)).get(tp);
            long until = System.currentTimeMillis() + 30_000;
            while (consumer.position(tp) < end) {
                if (System.currentTimeMillis() > until) throw new IllegalStateException(tp + " stuck at " + consumer.position(tp) + " of " + end);
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200))) {
                    long value = hash(HASH, r.value());
                    for (Header header : r.headers()) value = hash(hash(value, header.key().getBytes()), header.value());
                    out.printf("%s %s %d %d %d %x %x%n", isolation, tp.topic(), tp.partition(), r.offset(), r.timestamp(), hash(HASH, r.key()), value);
                }
            }
        }
    }

    static final long HASH = 0xcbf29ce484222325L;

    /** FNV-1a over the length, -1 for null, and the bytes. */
    static long hash(long hash, byte[] bytes) {
        int length = bytes == null ? -1 : bytes.length;
        for (int shift = 24; shift >= 0; shift -= 8) hash = (hash ^ (length >> shift & 0xff)) * 0x100000001b3L;
        if (bytes != null) for (byte b : bytes) hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        return hash;
    }
}
