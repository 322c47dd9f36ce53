import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetadataDelta;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetadataImage;
import org.apache.kafka.coordinator.group.api.assignor.ConsumerGroupPartitionAssignor;
import org.apache.kafka.coordinator.group.api.assignor.MemberAssignment;
import org.apache.kafka.coordinator.group.api.assignor.PartitionAssignorException;
import org.apache.kafka.coordinator.group.api.assignor.SubscriptionType;
import org.apache.kafka.coordinator.group.assignor.RangeAssignor;
import org.apache.kafka.coordinator.group.assignor.UniformAssignor;
import org.apache.kafka.coordinator.group.modern.Assignment;
import org.apache.kafka.coordinator.group.modern.GroupSpecImpl;
import org.apache.kafka.coordinator.group.modern.MemberSubscriptionAndAssignmentImpl;
import org.apache.kafka.coordinator.group.modern.SubscribedTopicDescriberImpl;
import org.apache.kafka.coordinator.group.modern.TopicIds;

/** SEED GROUPS: random groups with what Kafka's server-side assignors give them, in the form that assign/tests.rs describes. */
public class GroupAssignors {
    final Random random;
    /** Topics that exist. Their names are their ids, so that sets of both have an order that can be told. */
    final Map<Uuid, Integer> topics = new TreeMap<>();
    final List<Uuid> known = new ArrayList<>();
    final Map<String, Member> members = new LinkedHashMap<>();

    record Member(String instance, List<Uuid> topics) { }

    GroupAssignors(long seed) { random = new Random(seed); }

    static String hex(Uuid id) {
        return String.format("%016x%016x", id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    /** An order of names that is the order of the ids: TopicIds goes through names. */
    static class Names extends java.util.AbstractSet<String> {
        final Set<Uuid> ids;
        Names(Set<Uuid> ids) { this.ids = ids; }
        public java.util.Iterator<String> iterator() { return ids.stream().map(Uuid::toString).iterator(); }
        public int size() { return ids.size(); }
        public boolean contains(Object name) { return ids.contains(Uuid.fromString((String) name)); }
    }

    class Image implements CoordinatorMetadataImage {
        public Set<Uuid> topicIds() { return topics.keySet(); }
        public Set<String> topicNames() { throw new UnsupportedOperationException(); }
        public Optional<TopicMetadata> topicMetadata(String name) { return topicMetadata(Uuid.fromString(name)); }
        public Optional<TopicMetadata> topicMetadata(Uuid id) {
            Integer partitions = topics.get(id);
            if (partitions == null) return Optional.empty();
            return Optional.of(new TopicMetadata() {
                public String name() { return id.toString(); }
                public Uuid id() { return id; }
                public int partitionCount() { return partitions; }
                public List<String> partitionRacks(int partition) { return List.of(); }
            });
        }
        public CoordinatorMetadataDelta emptyDelta() { throw new UnsupportedOperationException(); }
        public long version() { return 1; }
        public boolean isEmpty() { return false; }
    }

    static String shown(Map<Uuid, ? extends Iterable<Integer>> partitions) {
        StringBuilder out = new StringBuilder();
        partitions.forEach((id, list) -> {
            if (out.length() > 0) out.append(';');
            out.append(hex(id)).append(':');
            String separator = "";
            for (int partition : list) {
                out.append(separator).append(partition);
                separator = ".";
            }
        });
        return out.length() == 0 ? "-" : out.toString();
    }

    List<Uuid> subscription(boolean equal) {
        List<Uuid> all = new ArrayList<>(known);
        Collections.shuffle(all, random);
        if (equal) return all;
        return new ArrayList<>(all.subList(0, random.nextInt(all.size() + 1)));
    }

    void play() {
        boolean equal = random.nextInt(2) == 0;
        int most = random.nextInt(2) == 0 ? 4 : 60;
        for (int i = random.nextInt(6); i >= 0; i--) {
            Uuid id = random.nextInt(3) == 0 ? new Uuid(random.nextLong(), random.nextLong()) : new Uuid(7, random.nextInt(64) * 16L);
            if (known.contains(id)) continue;
            known.add(id);
            if (random.nextInt(12) != 0) topics.put(id, 1 + random.nextInt(most));
        }
        for (int i = random.nextInt(12); i >= 0; i--) join(equal);
        ConsumerGroupPartitionAssignor assignor = random.nextInt(4) == 0 ? new RangeAssignor() : new UniformAssignor();
        Map<String, Assignment> assigned = new HashMap<>();
        for (int generation = random.nextInt(5); generation >= 0; generation--) {
            Map<String, MemberSubscriptionAndAssignmentImpl> specs = new HashMap<>();
            Map<Uuid, Map<Integer, String>> owners = new HashMap<>();
            SubscriptionType type = members.values().stream().map(m -> new HashSet<>(m.topics)).distinct().count() <= 1
                ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS;
            System.out.println("g " + assignor.name() + " " + type);
            topics.forEach((id, partitions) -> System.out.println("t " + hex(id) + " " + partitions));
            members.forEach((id, member) -> {
                // What is left of topics in the log: members keep partitions of topics that are gone.
                Assignment assignment = assigned.getOrDefault(id, Assignment.EMPTY);
                specs.put(id, new MemberSubscriptionAndAssignmentImpl(Optional.empty(), Optional.ofNullable(member.instance),
                    new TopicIds(new Names(new HashSet<>(member.topics)), new Image()), assignment));
                assignment.partitions().forEach((topic, list) -> list.forEach(p -> owners.computeIfAbsent(topic, t -> new HashMap<>()).put(p, id)));
                List<String> names = member.topics.stream().map(GroupAssignors::hex).toList();
                System.out.println("m " + id + " " + (member.instance == null ? "-" : member.instance) + " " + (names.isEmpty() ? "-" : String.join(",", names))
                    + " " + shown(assignment.partitions()));
            });
            try {
                Map<String, MemberAssignment> target = assignor.assign(new GroupSpecImpl(specs, type, owners), new SubscribedTopicDescriberImpl(new Image())).members();
                for (String id : members.keySet()) {
                    Map<Uuid, Set<Integer>> partitions = target.containsKey(id) ? target.get(id).partitions() : Map.of();
                    System.out.println("o " + id + " " + shown(partitions));
                    // As it comes out of a record.
                    Map<Uuid, Set<Integer>> kept = new HashMap<>();
                    partitions.forEach((topic, list) -> kept.put(topic, new HashSet<>(new ArrayList<>(list))));
                    assigned.put(id, new Assignment(kept));
                }
            } catch (PartitionAssignorException e) {
                System.out.println("e");
                return;
            }
            next(equal, assigned);
        }
    }

    void join(boolean equal) {
        String id = new Uuid(random.nextLong(), random.nextLong()).toString();
        String instance = random.nextInt(6) == 0 ? "i" + random.nextInt(1000) : null;
        List<Uuid> all = equal && !members.isEmpty() ? new ArrayList<>(members.values().iterator().next().topics) : subscription(equal);
        Collections.shuffle(all, random);
        members.put(id, new Member(instance, all));
    }

    void next(boolean equal, Map<String, Assignment> assigned) {
        List<String> ids = new ArrayList<>(members.keySet());
        for (String id : ids) {
            if (random.nextInt(5) == 0 && members.size() > 1) {
                members.remove(id);
                assigned.remove(id);
            } else if (!equal && random.nextInt(6) == 0) {
                members.put(id, new Member(members.get(id).instance, subscription(false)));
            }
        }
        while (random.nextInt(2) == 0) join(equal);
        for (Uuid id : known) {
            if (random.nextInt(8) == 0) topics.merge(id, 1 + random.nextInt(8), Integer::sum);
        }
        if (random.nextInt(8) == 0) topics.remove(known.get(random.nextInt(known.size())));
    }

    public static void main(String[] args) {
        System.setOut(new PrintStream(new BufferedOutputStream(System.out, 1 << 16)));
        long seed = Long.parseLong(args[0]);
        for (int group = 0; group < Integer.parseInt(args[1]); group++) new GroupAssignors(seed * 1_000_003 + group).play();
        System.out.flush();
    }
}
