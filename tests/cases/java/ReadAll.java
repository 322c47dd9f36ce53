import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32;

/**
 * ReadAll BOOTSTRAP: a plain consumer reads every partition of every topic that is not internal, each from its first offset to its end,
 * and stops at the first error, or after 6 s without progress. One JSON object: for each partition "start", "end", "records" (pairs of
 * offset and CRC-32 of key and value, in the order of delivery) and "error".
 */
public class ReadAll {
    public static void main(String[] a) throws Exception {
        ObjectMapper json = new ObjectMapper();
        ObjectNode out = json.createObjectNode();
        Properties p = new Properties();
        p.put("bootstrap.servers", a[0]);
        p.put("default.api.timeout.ms", "8000");
        p.put("request.timeout.ms", "6000");
        TreeSet<String> parts = new TreeSet<>();
        Map<String, TopicPartition> tps = new TreeMap<>();
        try (Admin admin = Admin.create(p)) {
            for (TopicDescription t : admin.describeTopics(admin.listTopics().names().get()).allTopicNames().get().values())
                t.partitions().forEach(i -> tps.put(t.name() + "-" + i.partition(), new TopicPartition(t.name(), i.partition())));
        }
        p.put("enable.auto.commit", "false");
        p.put("key.deserializer", ByteArrayDeserializer.class.getName());
        p.put("value.deserializer", ByteArrayDeserializer.class.getName());
        for (Map.Entry<String, TopicPartition> e : tps.entrySet()) {
            TopicPartition tp = e.getValue();
            ObjectNode o = out.putObject(e.getKey());
            ArrayNode got = o.putArray("records");
            o.putNull("error");
            try (KafkaConsumer<byte[], byte[]> c = new KafkaConsumer<>(p)) {
                long start = c.beginningOffsets(List.of(tp)).get(tp), end = c.endOffsets(List.of(tp)).get(tp);
                o.put("start", start).put("end", end);
                c.assign(List.of(tp));
                c.seek(tp, start);
                long last = System.nanoTime(), at = start;
                while (c.position(tp) < end) {
                    for (ConsumerRecord<byte[], byte[]> r : c.poll(Duration.ofMillis(300))) {
                        CRC32 crc = new CRC32();
                        crc.update(r.key() == null ? new byte[] {0} : r.key());
                        crc.update(0xff);
                        crc.update(r.value() == null ? new byte[] {0} : r.value());
                        got.addArray().add(r.offset()).add(String.format("%08x", crc.getValue()));
                    }
                    if (c.position(tp) != at) {
                        at = c.position(tp);
                        last = System.nanoTime();
                    } else if (System.nanoTime() - last > 6_000_000_000L) {
                        o.put("error", "no progress at offset " + at);
                        break;
                    }
                }
            } catch (Exception x) {
                o.put("error", x.getClass().getSimpleName() + ": " + String.valueOf(x.getMessage()).lines().findFirst().orElse(""));
            }
        }
        System.out.println(json.writeValueAsString(out));
    }
}
