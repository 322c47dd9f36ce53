import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartitionReplica;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * Topics BOOTSTRAP create|move|delete NAME... [--to DIR]: makes topics of one partition, moves their partitions to another log directory and
 * waits until they are there, or deletes them. One JSON object: the ids of the topics by their names.
 */
public class Topics {
    public static void main(String[] a) throws Exception {
        Properties p = new Properties();
        p.put("bootstrap.servers", a[0]);
        ObjectMapper json = new ObjectMapper();
        ObjectNode out = json.createObjectNode();
        List<String> names = Arrays.stream(a).skip(2).takeWhile(x -> !x.equals("--to")).toList();
        try (Admin admin = Admin.create(p)) {
            if (a[1].equals("create"))
                admin.createTopics(names.stream().map(n -> new NewTopic(n, 1, (short) 1)).toList()).all().get();
            for (TopicDescription t : admin.describeTopics(names).allTopicNames().get().values())
                out.put(t.name(), t.topicId().toString());
            if (a[1].equals("move"))
                move(admin, names, a[a.length - 1]);
            if (a[1].equals("delete"))
                admin.deleteTopics(names).all().get();
        }
        System.out.println(json.writeValueAsString(out));
    }

    // One by one: the broker loses track of moves that end together (a NullPointerException in ReplicaAlterLogDirsThread).
    static void move(Admin admin, List<String> names, String to) throws Exception {
        for (String n : names) {
            TopicPartitionReplica moved = new TopicPartitionReplica(n, 0, 1);
            admin.alterReplicaLogDirs(Map.of(moved, to)).all().get();
            for (int i = 0; !isIn(admin, moved, to); i++) {
                if (i == 240)
                    throw new IllegalStateException(n + " is not in " + to + " after 60 s");
                Thread.sleep(250);
            }
        }
    }

    static boolean isIn(Admin admin, TopicPartitionReplica moved, String dir) throws Exception {
        var info = admin.describeReplicaLogDirs(List.of(moved)).all().get().get(moved);
        return dir.equals(info.getCurrentReplicaLogDir()) && info.getFutureReplicaLogDir() == null;
    }
}
