import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Produces to a topic that is not there yet and reads it again, each codec and number of acknowledgements in turn. */
public final class Client {
    private static final int COUNT = 1000;

    public static void main(String[] args) {
        int wrong = 0;
        // zstd needs newer versions of Produce and Fetch.
        for (String codec : List.of("none", "gzip", "snappy", "lz4")) {
            for (String acks : List.of("0", "1", "all")) {
                String topic = codec + "-" + acks;
                produce(args[0], topic, codec, acks);
                int read = consume(args[0], topic);
                wrong += read == COUNT ? 0 : 1;
                System.out.println(topic + ": " + read + " of " + COUNT + " records");
            }
        }
        System.exit(wrong == 0 ? 0 : 1);
    }

    private static void produce(String servers, String topic, String codec, String acks) {
        var settings = new Properties();
        settings.put("bootstrap.servers", servers);
        settings.put("enable.idempotence", "false");
        settings.put("compression.type", codec);
        settings.put("acks", acks);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (int number = 0; number < COUNT; number++) {
                producer.send(new ProducerRecord<>(topic, "k", topic + number));
            }
        }
    }

    /** How many records come in the order in which they were sent. */
    private static int consume(String servers, String topic) {
        var settings = new Properties();
        settings.put("bootstrap.servers", servers);
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", "false");
        int read = 0;
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            long end = System.currentTimeMillis() + 20_000;
            while (read < COUNT && System.currentTimeMillis() < end) {
                for (var record : consumer.poll(Duration.ofMillis(500))) {
                    if (record.offset() == read && record.value().equals(topic + read)) {
                        read++;
                    }
                }
            }
        }
        return read;
    }
}
