import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Kafka's own producers with transactions, alive while the broker behind the port is exchanged. Commands come on stdin, a line each;
 * every answer is one line, "ok" or "failed: WHY".
 *   create             the topics
 *   begin ID MS        a producer with this transactional id, which goes on or is new, begins a transaction: records in all
 *                      partitions, an offset of a group; all are acknowledged. It times out after so many ms
 *   end ID OUTCOME     commit or abort, begun and not waited for
 *   await ID           the end of `end`: from then on its records are expected, or not
 *   forget ID          the producer is gone, its transaction is open; nothing of it is expected
 *   check              readers of committed records see what is expected, once and in order, and so do groups
 */
public class Driver {
    static final int PARTITIONS = 2;
    static String bootstrap;
    static Admin admin;
    static int number;

    static class Open {
        KafkaProducer<String, String> producer;
        List<String> values = new ArrayList<>();
        long offset;
        boolean isCommit;
        Future<?> end;
    }

    static final Map<String, Open> open = new HashMap<>();
    static final Map<Integer, List<String>> expected = new TreeMap<>();
    static final Map<String, Long> offsets = new TreeMap<>();
    static final ExecutorService ends = Executors.newCachedThreadPool();

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        admin = Admin.create(settings());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) {
            String[] words = line.split(" ");
            try {
                switch (words[0]) {
                    case "create" -> admin.createTopics(List.of(new NewTopic("t", PARTITIONS, (short) 1))).all().get();
                    case "begin" -> begin(words[1], Integer.parseInt(words[2]));
                    case "end" -> end(words[1], words[2].equals("commit"));
                    case "await" -> await(words[1]);
                    case "forget" -> open.remove(words[1]).producer.close(Duration.ZERO);
                    case "check" -> check();
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
            "retry.backoff.ms", 50, "retry.backoff.max.ms", 200, "request.timeout.ms", 10000));
    }

    static KafkaProducer<String, String> producer(String id, int timeout) {
        Map<String, Object> all = settings();
        all.putAll(Map.of("transactional.id", id, "transaction.timeout.ms", timeout, "max.block.ms", 90000, "delivery.timeout.ms", 90000));
        KafkaProducer<String, String> producer = new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
        producer.initTransactions();
        return producer;
    }

    static void begin(String id, int timeout) throws Exception {
        Open of = open.get(id);
        if (of == null) {
            of = new Open();
            of.producer = producer(id, timeout);
            open.put(id, of);
        }
        of.values.clear();
        of.producer.beginTransaction();
        List<Future<?>> sent = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            String value = id + "-" + number++;
            of.values.add(value);
            sent.add(of.producer.send(new ProducerRecord<>("t", i % PARTITIONS, null, value)));
        }
        of.offset = number;
        of.producer.sendOffsetsToTransaction(Map.of(new TopicPartition("t", 0), new OffsetAndMetadata(of.offset)), new ConsumerGroupMetadata("group-" + id));
        for (Future<?> one : sent) one.get();
    }

    static void end(String id, boolean isCommit) {
        Open of = open.get(id);
        of.isCommit = isCommit;
        of.end = ends.submit(() -> {
            if (isCommit) of.producer.commitTransaction(); else of.producer.abortTransaction();
        });
    }

    static void await(String id) throws Exception {
        Open of = open.get(id);
        of.end.get(120, TimeUnit.SECONDS);
        if (!of.isCommit) return;
        for (int i = 0; i < of.values.size(); i++) expected.computeIfAbsent(i % PARTITIONS, p -> new ArrayList<>()).add(of.values.get(i));
        offsets.put("group-" + id, of.offset);
    }

    static void check() throws Exception {
        Map<String, Object> all = settings();
        all.putAll(Map.of("isolation.level", "read_committed", "auto.offset.reset", "earliest", "enable.auto.commit", false));
        List<TopicPartition> partitions = new ArrayList<>();
        for (int p = 0; p < PARTITIONS; p++) partitions.add(new TopicPartition("t", p));
        Map<Integer, List<String>> seen = new TreeMap<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(partitions);
            long until = System.currentTimeMillis() + 60000;
            // All transactions end in time: the readers get to the end of the log.
            while (!ends(consumer).equals(positions(consumer, partitions))) {
                if (System.currentTimeMillis() > until) throw new Exception("a transaction is still open: " + ends(consumer) + " " + positions(consumer, partitions));
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    seen.computeIfAbsent(record.partition(), p -> new ArrayList<>()).add(record.value());
                }
            }
        }
        // Transactions overlap, so that their order is not that of their ends: what counts is that each record is there once.
        for (int p = 0; p < PARTITIONS; p++) {
            List<String> want = expected.getOrDefault(p, List.of()), got = seen.getOrDefault(p, List.of());
            if (got.size() != want.size() || !new TreeSet<>(got).equals(new TreeSet<>(want))) throw new Exception("partition " + p + ": expected " + want + ", seen " + got);
        }
        for (Map.Entry<String, Long> of : offsets.entrySet()) {
            OffsetAndMetadata got = admin.listConsumerGroupOffsets(of.getKey()).partitionsToOffsetAndMetadata().get().get(new TopicPartition("t", 0));
            if (got == null || got.offset() != of.getValue()) throw new Exception(of + ": found " + got);
        }
    }

    static Map<TopicPartition, Long> ends(KafkaConsumer<String, String> consumer) throws Exception {
        Map<TopicPartition, Long> ends = new HashMap<>();
        Map<String, Object> all = settings();
        try (KafkaConsumer<String, String> other = new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer())) {
            ends.putAll(other.endOffsets(consumer.assignment()));
        }
        return ends;
    }

    static Map<TopicPartition, Long> positions(KafkaConsumer<String, String> consumer, List<TopicPartition> partitions) {
        Map<TopicPartition, Long> at = new HashMap<>();
        for (TopicPartition partition : partitions) at.put(partition, consumer.position(partition));
        return at;
    }
}
