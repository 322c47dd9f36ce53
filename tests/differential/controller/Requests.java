import java.util.*;
import java.util.concurrent.*;
import java.util.function.*;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.*;

/** Asks a broker, whose node id is 1, for everything that its controller does, and prints the answers: `Requests ADDRESS`. */
public class Requests {
    static Admin admin;

    interface Question {
        KafkaFuture<?> ask() throws Exception;
    }

    static void ask(String name, Question question) throws Exception {
        String answer;
        try {
            answer = shown(question.ask().get(30, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            answer = e.getCause().getClass().getSimpleName() + ": " + e.getCause().getMessage();
        }
        System.out.println(name + " -> " + answer);
    }

    /** Without the order of hash tables. */
    static String shown(Object answer) {
        if (answer instanceof Map<?, ?> map) {
            return map.entrySet().stream().map(e -> shown(e.getKey()) + "=" + shown(e.getValue())).sorted().collect(Collectors.joining(", ", "{", "}"));
        }
        if (answer instanceof Config config) {
            return config.entries().stream().map(e -> e.name() + "=" + e.value() + ":" + e.source() + ":" + e.isReadOnly() + ":" + e.isSensitive())
                .sorted().collect(Collectors.joining(", "));
        }
        if (answer instanceof ClientQuotaEntity entity) return new TreeMap<>(entity.entries()).toString();
        return String.valueOf(answer);
    }

    static NewTopic topic(int partitions, int factor) {
        return new NewTopic("z", partitions, (short) factor);
    }

    static NewTopic manual(Map<Integer, List<Integer>> replicas) {
        return new NewTopic("z", replicas);
    }

    static NewTopic with(String name, String value) {
        Map<String, String> configs = new HashMap<>();
        configs.put(name, value);
        return topic(1, 1).configs(configs);
    }

    static KafkaFuture<?> create(NewTopic... topics) {
        return admin.createTopics(List.of(topics)).all();
    }

    static KafkaFuture<?> grow(String topic, NewPartitions partitions) {
        return admin.createPartitions(Map.of(topic, partitions)).all();
    }

    static KafkaFuture<?> reassign(String topic, int partition, List<Integer> replicas) {
        var target = Optional.ofNullable(replicas).map(NewPartitionReassignment::new);
        return admin.alterPartitionReassignments(Map.of(new TopicPartition(topic, partition), target)).all();
    }

    static KafkaFuture<?> feature(String name, int level, FeatureUpdate.UpgradeType type) {
        return admin.updateFeatures(Map.of(name, new FeatureUpdate((short) level, type)), new UpdateFeaturesOptions()).all();
    }

    static KafkaFuture<?> scram(UserScramCredentialAlteration... alterations) {
        return admin.alterUserScramCredentials(List.of(alterations)).all();
    }

    static UserScramCredentialAlteration credential(String user, int iterations) {
        return new UserScramCredentialUpsertion(user, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, iterations), "secret");
    }

    static KafkaFuture<?> quota(Map<String, String> entity, String key, Double value) {
        var op = new ClientQuotaAlteration.Op(key, value);
        return admin.alterClientQuotas(List.of(new ClientQuotaAlteration(new ClientQuotaEntity(entity), List.of(op)))).all();
    }

    static KafkaFuture<?> quotas(boolean strict, String... parts) {
        List<ClientQuotaFilterComponent> components = new ArrayList<>();
        for (int i = 0; i < parts.length; i += 2) components.add(ClientQuotaFilterComponent.ofEntity(parts[i], parts[i + 1]));
        return admin.describeClientQuotas(strict ? ClientQuotaFilter.containsOnly(components) : ClientQuotaFilter.contains(components)).entities();
    }

    static KafkaFuture<?> alter(ConfigResource.Type type, String resource, AlterConfigOp.OpType op, String name, String value) {
        return admin.incrementalAlterConfigs(Map.of(new ConfigResource(type, resource), List.of(new AlterConfigOp(new ConfigEntry(name, value), op)))).all();
    }

    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", args[0]);
        admin = Admin.create(properties);
        topics();
        leaders();
        features();
        users();
        configs();
        ask("delete an unknown topic", () -> admin.deleteTopics(List.of("nope")).all());
        ask("delete an unknown id", () -> admin.deleteTopics(TopicCollection.ofTopicIds(List.of(new Uuid(1, 2)))).all());
        ask("delete", () -> admin.deleteTopics(List.of("z")).all());
        ask("topics", () -> admin.listTopics().names());
        admin.close();
    }

    static void topics() throws Exception {
        ask("too many partitions", () -> create(topic(10001, 1)));
        ask("too many records", () -> create(topic(10000, 1)));
        ask("factor 0", () -> create(topic(1, 0)));
        ask("factor -2", () -> create(topic(1, -2)));
        ask("factor 2", () -> create(topic(1, 2)));
        ask("no partitions", () -> create(topic(0, 1)));
        for (String name : List.of(".", "..", "a b", "x".repeat(250), "__cluster_metadata")) {
            ask("name " + name, () -> create(new NewTopic(name, 1, (short) 1)));
        }
        ask("gap", () -> create(manual(Map.of(1, List.of(1)))));
        ask("no replicas", () -> create(manual(Map.of(0, List.of()))));
        ask("replica twice", () -> create(manual(Map.of(0, List.of(1, 1)))));
        ask("unknown replica", () -> create(manual(Map.of(0, List.of(2)))));
        ask("no number", () -> create(with("retention.ms", "abc")));
        ask("no setting", () -> create(with("nope", "abc")));
        ask("out of range", () -> create(with("segment.bytes", "1")));
        ask("null", () -> create(with("retention.ms", null)));
        ask("lags", () -> create(topic(1, 1).configs(Map.of("min.compaction.lag.ms", "10", "max.compaction.lag.ms", "5"))));
        ask("validate", () -> admin.createTopics(List.of(topic(3, 1)), new CreateTopicsOptions().validateOnly(true)).numPartitions("z"));
        ask("create", () -> admin.createTopics(List.of(new NewTopic("z", Optional.empty(), Optional.empty()))).config("z"));
        ask("exists", () -> create(topic(1, 1)));
        ask("dot", () -> create(new NewTopic("a.b", 1, (short) 1)));
        ask("underscore", () -> create(new NewTopic("a_b", 1, (short) 1)));
        ask("grow to the same", () -> grow("z", NewPartitions.increaseTo(1)));
        ask("shrink", () -> grow("z", NewPartitions.increaseTo(0)));
        ask("grow an unknown topic", () -> grow("nope", NewPartitions.increaseTo(3)));
        ask("too few assignments", () -> grow("z", NewPartitions.increaseTo(3, List.of(List.of(1)))));
        ask("unknown replica of a new partition", () -> grow("z", NewPartitions.increaseTo(2, List.of(List.of(2)))));
        ask("grow", () -> grow("z", NewPartitions.increaseTo(2, List.of(List.of(1)))));
    }

    static void leaders() throws Exception {
        ask("elect the preferred leader", () -> admin.electLeaders(ElectionType.PREFERRED, Set.of(new TopicPartition("z", 0))).partitions());
        ask("elect any leader", () -> admin.electLeaders(ElectionType.UNCLEAN,
            Set.of(new TopicPartition("z", 0), new TopicPartition("z", 9), new TopicPartition("q", 0))).partitions());
        ask("elect all", () -> admin.electLeaders(ElectionType.PREFERRED, null).partitions());
        ask("reassign to the same", () -> reassign("z", 0, List.of(1)));
        ask("reassign to an unknown broker", () -> reassign("z", 0, List.of(2)));
        ask("cancel no reassignment", () -> reassign("z", 0, null));
        ask("cancel for an unknown partition", () -> reassign("z", 7, null));
        ask("cancel for an unknown topic", () -> reassign("zz", 7, null));
        ask("reassignments", () -> admin.listPartitionReassignments().reassignments());
        ask("unregister an unknown broker", () -> admin.unregisterBroker(9).all());
    }

    static void features() throws Exception {
        var up = FeatureUpdate.UpgradeType.UPGRADE;
        var safe = FeatureUpdate.UpgradeType.SAFE_DOWNGRADE;
        var unsafe = FeatureUpdate.UpgradeType.UNSAFE_DOWNGRADE;
        ask("unknown feature", () -> feature("foo", 1, up));
        ask("same level", () -> feature("group.version", 1, up));
        ask("level too high", () -> feature("group.version", 9, up));
        ask("upward downgrade", () -> feature("transaction.version", 3, safe));
        ask("level down", () -> feature("group.version", 0, safe));
        ask("level up as a downgrade", () -> feature("group.version", 1, safe));
        ask("level up", () -> feature("group.version", 1, up));
        ask("metadata.version down", () -> feature("metadata.version", 29, safe));
        ask("metadata.version far down", () -> feature("metadata.version", 20, unsafe));
        ask("metadata.version too low", () -> feature("metadata.version", 3, unsafe));
        ask("metadata.version too high", () -> feature("metadata.version", 31, up));
        ask("kraft.version up", () -> feature("kraft.version", 1, up));
        ask("kraft.version down", () -> feature("kraft.version", 0, unsafe));
        ask("ELR down", () -> feature("eligible.leader.replicas.version", 0, safe));
        ask("ELR up", () -> feature("eligible.leader.replicas.version", 1, up));
    }

    static void users() throws Exception {
        ask("delete no credential", () -> scram(new UserScramCredentialDeletion("u", ScramMechanism.SCRAM_SHA_256)));
        ask("too few iterations", () -> scram(credential("u", 10)));
        ask("too many iterations", () -> scram(credential("u", 20000)));
        ask("no user", () -> scram(credential("", 8192)));
        ask("credential", () -> scram(credential("u", 8192)));
        ask("credential twice", () -> scram(credential("u", 8192), new UserScramCredentialDeletion("u", ScramMechanism.SCRAM_SHA_256)));
        // The broker of Kafka learns of it a little later.
        Thread.sleep(500);
        ask("credentials", () -> admin.describeUserScramCredentials(List.of("u")).all());
        ask("no credentials", () -> admin.describeUserScramCredentials(List.of("x")).description("x"));
        ask("ACLs", () -> admin.describeAcls(AclBindingFilter.ANY).values());
        ask("delete ACLs", () -> admin.deleteAcls(List.of(AclBindingFilter.ANY)).all());
        ask("unknown quota", () -> quota(Map.of("user", "u"), "nope", 1.0));
        ask("negative quota", () -> quota(Map.of("user", "u"), "producer_byte_rate", -1.0));
        ask("fraction", () -> quota(Map.of("user", "u"), "producer_byte_rate", 1.5));
        ask("too large for an int", () -> quota(Map.of("ip", "127.0.0.1"), "connection_creation_rate", 3e9));
        ask("unknown type", () -> quota(Map.of("foo", "u"), "producer_byte_rate", 1.0));
        ask("address and user", () -> quota(Map.of("ip", "u", "user", "x"), "connection_creation_rate", 1.0));
        ask("no address", () -> quota(Map.of("ip", "host.invalid"), "connection_creation_rate", 1.0));
        ask("empty user", () -> quota(Map.of("user", ""), "producer_byte_rate", 1.0));
        ask("no entity", () -> quota(Map.of(), "producer_byte_rate", 1.0));
        ask("quota", () -> quota(Map.of("user", "u", "client-id", "c"), "producer_byte_rate", 1.0));
        ask("percentage", () -> quota(Map.of("user", "u"), "request_percentage", 1.5));
        ask("no quota to remove", () -> quota(Map.of("user", "nobody"), "request_percentage", null));
        Thread.sleep(500);
        ask("quotas", () -> quotas(false));
        ask("quotas of a user", () -> quotas(false, "user", "u"));
        ask("quotas of a user alone", () -> quotas(true, "user", "u"));
        ask("quotas of an unknown type", () -> quotas(false, "foo", "u"));
        ask("quotas of two users", () -> quotas(false, "user", "u", "user", "v"));
        ask("quotas of an address and a user", () -> quotas(false, "user", "u", "ip", "1.1.1.1"));
    }

    static void configs() throws Exception {
        var topic = ConfigResource.Type.TOPIC;
        var broker = ConfigResource.Type.BROKER;
        var set = AlterConfigOp.OpType.SET;
        ask("unknown topic", () -> alter(topic, "nope", set, "retention.ms", "1"));
        ask("invalid topic", () -> alter(topic, "a b", set, "retention.ms", "1"));
        ask("append to no list", () -> alter(topic, "z", AlterConfigOp.OpType.APPEND, "retention.ms", "1"));
        ask("append", () -> alter(topic, "z", AlterConfigOp.OpType.APPEND, "cleanup.policy", "compact"));
        ask("subtract", () -> alter(topic, "z", AlterConfigOp.OpType.SUBTRACT, "cleanup.policy", "delete"));
        ask("min.insync.replicas of a broker", () -> alter(broker, "1", set, "min.insync.replicas", "1"));
        ask("delete min.insync.replicas", () -> alter(broker, "", AlterConfigOp.OpType.DELETE, "min.insync.replicas", ""));
        ask("set min.insync.replicas", () -> alter(broker, "", set, "min.insync.replicas", "1"));
        ask("read-only setting", () -> alter(broker, "1", set, "num.partitions", "1"));
        Thread.sleep(500);
        ask("settings", () -> admin.describeConfigs(List.of(new ConfigResource(topic, "z"))).values().get(new ConfigResource(topic, "z")));
    }
}
