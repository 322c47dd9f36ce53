import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/** Answers the cases that main.rs made, one a line, with Kafka's assignors. */
public class AssignorsOracle {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = new PrintStream(System.out, false);
        for (String line; (line = in.readLine()) != null; ) out.println(answer(line.split("\\|", -1)));
        out.flush();
    }

    static String answer(String[] parts) {
        ConsumerPartitionAssignor assignor = switch (parts[0]) {
            case "range" -> new RangeAssignor();
            case "roundrobin" -> new RoundRobinAssignor();
            case "sticky" -> new StickyAssignor();
            default -> new CooperativeStickyAssignor();
        };
        Node node = new Node(1, "localhost", 9092);
        List<PartitionInfo> partitions = new ArrayList<>();
        for (String topic : parts[1].split(",")) {
            String[] pair = topic.split("=");
            for (int i = 0; i < Integer.parseInt(pair[1]); i++)
                partitions.add(new PartitionInfo(pair[0], i, node, new Node[] {node}, new Node[] {node}));
        }
        Cluster cluster = new Cluster("c", List.of(node), partitions, Collections.emptySet(), Collections.emptySet());
        Map<String, Subscription> subscriptions = new HashMap<>();
        for (int i = 2; i < parts.length; i++) {
            String[] member = parts[i].split(";", -1);
            ByteBuffer data = member[5].equals("null") ? null : ByteBuffer.wrap(HexFormat.of().parseHex(member[5]));
            int generation = member[4].isEmpty() ? -1 : Integer.parseInt(member[4]);
            List<String> topics = member[2].isEmpty() ? List.of() : List.of(member[2].split(","));
            Subscription subscription = new Subscription(topics, data, parsed(member[3]), generation, Optional.empty());
            if (!member[1].isEmpty()) subscription.setGroupInstanceId(Optional.of(member[1]));
            subscriptions.put(member[0], subscription);
        }
        try {
            return new TreeMap<>(assignor.assign(cluster, new GroupSubscription(subscriptions)).groupAssignment()).entrySet().stream()
                .map(e -> e.getKey() + "=" + e.getValue().partitions().stream().map(TopicPartition::toString).collect(Collectors.joining(",")))
                .collect(Collectors.joining("|"));
        } catch (RuntimeException e) {
            return e.toString();
        }
    }

    static List<TopicPartition> parsed(String text) {
        List<TopicPartition> partitions = new ArrayList<>();
        if (text.isEmpty()) return partitions;
        for (String one : text.split(",")) {
            int dash = one.lastIndexOf('-');
            partitions.add(new TopicPartition(one.substring(0, dash), Integer.parseInt(one.substring(dash + 1))));
        }
        return partitions;
    }
}
