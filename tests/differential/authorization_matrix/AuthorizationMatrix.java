import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.*;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.CreateAclsRequestData;
import org.apache.kafka.common.message.SaslAuthenticateRequestData;
import org.apache.kafka.common.message.SaslHandshakeRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.RequestUtils;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.utils.Time;

/**
 * Sends each request of a file as each of many users to a broker of Kafka's and to ours, and compares what they answer. A user has one way to
 * be allowed or denied one operation on resources of one type, so a row is an API, an operation and a kind of entry.
 * Arguments: the file, an empty folder, a port (the next one is the controller's), the address of our broker, which knows the same users.
 */
public class AuthorizationMatrix {
    static final ObjectMapper JSON = new ObjectMapper();
    static final String PASSWORD = "matrix-secret";

    /** An access control entry, or several for operations. */
    record Entry(ResourceType type, String name, int pattern, AclOperation operation, boolean allows, String host) {}

    /** A user, by what it may do. */
    record User(String name, String kind, List<Entry> entries) {}

    static final Map<ResourceType, List<String>> NAMES = Map.of(
        ResourceType.TOPIC, List.of("t", "t-new", "t-gone"), ResourceType.GROUP, List.of("g", "g2", "g-gone"),
        ResourceType.TRANSACTIONAL_ID, List.of("x", "x-gone"), ResourceType.CLUSTER, List.of("kafka-cluster"));
    static final int LITERAL = 3, PREFIXED = 4;

    public static void main(String[] args) {
        int code = 1;
        try {
            code = run(args) ? 0 : 1;
        } catch (Throwable e) {
            e.printStackTrace();
        }
        System.out.flush();
        // The broker's threads would keep the machine up.
        Runtime.getRuntime().halt(code);
    }

    static List<AclOperation> operations(ResourceType type) {
        return switch (type) {
            case TOPIC -> List.of(AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE, AclOperation.DELETE, AclOperation.ALTER,
                AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS, AclOperation.ALL);
            case GROUP -> List.of(AclOperation.READ, AclOperation.DELETE, AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS,
                AclOperation.ALTER_CONFIGS, AclOperation.ALL);
            case TRANSACTIONAL_ID -> List.of(AclOperation.DESCRIBE, AclOperation.WRITE, AclOperation.TWO_PHASE_COMMIT, AclOperation.ALL);
            default -> List.of(AclOperation.CREATE, AclOperation.CLUSTER_ACTION, AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS,
                AclOperation.IDEMPOTENT_WRITE, AclOperation.ALTER, AclOperation.DESCRIBE, AclOperation.ALL);
        };
    }

    static List<User> users() {
        List<User> users = new ArrayList<>();
        List<Entry> everything = NAMES.keySet().stream().map(type -> allow(type, any(type), AclOperation.ALL)).toList();
        add(users, "nothing", List.of());
        add(users, "everything", everything);
        for (ResourceType type : new TreeSet<>(NAMES.keySet())) {
            for (AclOperation operation : operations(type)) {
                String what = operation + " of " + type;
                List<Entry> literal = NAMES.get(type).stream().map(name -> allow(type, name, operation)).toList();
                add(users, "only " + what, literal);
                List<Entry> but = new ArrayList<>(everything);
                NAMES.get(type).forEach(name -> but.add(new Entry(type, name, LITERAL, operation, false, "*")));
                add(users, "everything but " + what, but);
                // How entries match does not depend on the operation.
                if (!Boolean.getBoolean("matrix.all") && operation != operations(type).get(0)) continue;
                add(users, "only " + what + " from elsewhere", literal.stream().map(e ->
                    new Entry(e.type, e.name, e.pattern, e.operation, true, "10.9.8.7")).toList());
                add(users, "only any " + what, List.of(allow(type, any(type), operation)));
                if (type == ResourceType.CLUSTER) continue;
                add(users, "only prefixed " + what, List.of(new Entry(type, NAMES.get(type).get(0), PREFIXED, operation, true, "*")));
                List<Entry> butOne = new ArrayList<>(everything);
                butOne.add(new Entry(type, NAMES.get(type).get(0), LITERAL, operation, false, "*"));
                add(users, "everything but one " + what, butOne);
            }
        }
        return users;
    }

    static void add(List<User> users, String kind, List<Entry> entries) {
        users.add(new User("u" + users.size(), kind, entries));
    }

    static Entry allow(ResourceType type, String name, AclOperation operation) {
        return new Entry(type, name, LITERAL, operation, true, "*");
    }

    static String any(ResourceType type) {
        return type == ResourceType.CLUSTER ? "kafka-cluster" : "*";
    }

    static boolean run(String[] args) throws Exception {
        List<User> users = users();
        String jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"admin\" password=\"" + PASSWORD + "\" user_admin=\""
            + PASSWORD + "\" " + users.stream().map(user -> "user_" + user.name + "=\"" + PASSWORD + "\"").collect(Collectors.joining(" ")) + ";";
        Path folder = Path.of(args[1]);
        if (args.length == 3) {
            // The login module, for our broker.
            Files.writeString(folder.resolve("jaas"), jaas);
            return true;
        }
        int port = Integer.parseInt(args[2]);
        start(folder, port, jaas);
        Broker theirs = new Broker("127.0.0.1", port);
        Broker ours = new Broker(args[3].split(":")[0], Integer.parseInt(args[3].split(":")[1]));
        List<String> requests = Files.readAllLines(Path.of(args[0])).stream().filter(line -> !line.startsWith("#") && !line.isBlank()).toList();
        CompletableFuture<List<List<String>>> ofOurs = CompletableFuture.supplyAsync(() -> ours.answers(users, requests));
        List<List<String>> expected = theirs.answers(users, requests), found = ofOurs.get();
        int rows = 0, different = 0;
        Set<String> outcomes = new TreeSet<>();
        for (int r = 0; r < requests.size(); r++) {
            String[] words = requests.get(r).split(" ", 3);
            Set<String> ofRequest = new TreeSet<>();
            for (int u = 0; u < users.size(); u++, rows++) {
                String want = expected.get(u).get(r), got = found.get(u).get(r);
                ofRequest.add(want);
                if (want.equals(got)) continue;
                if (different++ < 40) {
                    System.out.println("DIFFERS: " + words[0] + " " + words[1] + " (line " + (r + 1) + ") with " + users.get(u).kind + "\n  Kafka: " + want + "\n  ours:  " + got);
                }
            }
            // A request that is answered in one way to all users checks nothing, save those that anybody may send.
            if (ofRequest.size() == 1) outcomes.add(words[0] + " " + words[1] + ": " + ofRequest);
        }
        outcomes.forEach(line -> System.out.println("the same for all users: " + line));
        System.out.println(rows + " rows of " + requests.size() + " requests and " + users.size() + " users, " + different + " differ");
        return different == 0;
    }

    static void start(Path folder, int port, String jaas) throws Exception {
        Properties props = new Properties();
        props.putAll(Map.of("process.roles", "broker,controller", "node.id", "1", "controller.listener.names", "CONTROLLER",
            "controller.quorum.voters", "1@127.0.0.1:" + (port + 1), "log.dirs", folder.resolve("data").toString(),
            "listeners", "SASL_PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + (port + 1),
            "listener.security.protocol.map", "SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
            "security.inter.broker.protocol", "SASL_PLAINTEXT", "sasl.enabled.mechanisms", "PLAIN"));
        props.putAll(Map.of("sasl.mechanism.inter.broker.protocol", "PLAIN", "listener.name.sasl_plaintext.plain.sasl.jaas.config", jaas,
            "authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users", "User:admin;User:ANONYMOUS",
            "offsets.topic.replication.factor", "1", "offsets.topic.num.partitions", "1", "transaction.state.log.replication.factor", "1",
            "transaction.state.log.min.isr", "1", "transaction.state.log.num.partitions", "1", "auto.create.topics.enable", "false"));
        Path file = folder.resolve("server.properties");
        try (var out = Files.newBufferedWriter(file)) {
            props.store(out, null);
        }
        kafka.tools.StorageTool.execute(new String[] {"format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", file.toString()}, System.err);
        new KafkaRaftServer(KafkaConfig.fromProps(props), Time.SYSTEM).startup();
    }

    static String records(long producerId, boolean transactional) {
        // Retention must not delete it.
        SimpleRecord record = new SimpleRecord(System.currentTimeMillis(), "v".getBytes());
        MemoryRecords records = producerId < 0 ? MemoryRecords.withRecords(Compression.NONE, record)
            : transactional ? MemoryRecords.withTransactionalRecords(Compression.NONE, producerId, (short) 0, 0, record)
            : MemoryRecords.withIdempotentRecords(Compression.NONE, producerId, (short) 0, 0, record);
        byte[] bytes = new byte[records.sizeInBytes()];
        records.buffer().duplicate().get(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }

    record Broker(String host, int port) {
        List<List<String>> answers(List<User> users, List<String> requests) {
            try {
                String topicId = prepare(users);
                Map<String, String> filled = Map.of("TOPIC_ID", topicId, "RECORDS", records(-1, false), "TRANSACTIONAL", records(777, true),
                    "IDEMPOTENT", records(778, false));
                List<List<String>> answers = new ArrayList<>();
                for (User user : users) {
                    List<String> of = new ArrayList<>();
                    try (Client client = new Client(this, user.name)) {
                        for (String request : requests) {
                            String[] words = request.split(" ", 3);
                            for (var entry : filled.entrySet()) words[2] = words[2].replace("\"" + entry.getKey() + "\"", "\"" + entry.getValue() + "\"");
                            of.add(client.answer(ApiKeys.valueOf(words[0]), Short.parseShort(words[1]), words[2]));
                        }
                    }
                    answers.add(of);
                }
                return answers;
            } catch (Exception e) {
                throw new RuntimeException(e);
            }
        }

        /** Makes entries, topic and group; gives the topic's id. */
        String prepare(List<User> users) throws Exception {
            try (Client admin = new Client(this, "admin")) {
                CreateAclsRequestData acls = new CreateAclsRequestData();
                for (User user : users) {
                    for (Entry entry : user.entries) {
                        acls.creations().add(new CreateAclsRequestData.AclCreation().setResourceType(entry.type.code()).setResourceName(entry.name)
                            .setResourcePatternType((byte) entry.pattern).setPrincipal("User:" + user.name).setHost(entry.host)
                            .setOperation(entry.operation.code()).setPermissionType((byte) (entry.allows ? 3 : 2)));
                    }
                }
                admin.must("CREATE_ACLS", admin.call(ApiKeys.CREATE_ACLS, (short) 3, acls));
                admin.until("CREATE_TOPICS 7 {\"topics\":[{\"name\":\"t\",\"numPartitions\":1,\"replicationFactor\":1,\"assignments\":[],\"configs\":[]}],\"timeoutMs\":9000,\"validateOnly\":false}");
                String commit = "OFFSET_COMMIT 8 {\"groupId\":\"g\",\"generationIdOrMemberEpoch\":-1,\"memberId\":\"\",\"groupInstanceId\":null,\"topics\":[{\"name\":\"t\","
                    + "\"partitions\":[{\"partitionIndex\":0,\"committedOffset\":1,\"committedLeaderEpoch\":-1,\"committedMetadata\":\"\"}]}]}";
                admin.until("FIND_COORDINATOR 3 {\"key\":\"g\",\"keyType\":0}");
                admin.until(commit);
                admin.until("FIND_COORDINATOR 3 {\"key\":\"x\",\"keyType\":1}");
                admin.until("INIT_PRODUCER_ID 4 {\"transactionalId\":\"x\",\"transactionTimeoutMs\":60000,\"producerId\":-1,\"producerEpoch\":-1}");
                admin.until("INIT_PRODUCER_ID 4 {\"transactionalId\":null,\"transactionTimeoutMs\":60000,\"producerId\":-1,\"producerEpoch\":-1}");
                // The last user's entries are there.
                try (Client last = new Client(this, users.get(1).name)) {
                    last.until(commit);
                }
                JsonNode metadata = admin.json(ApiKeys.METADATA, (short) 12, "{\"topics\":[{\"topicId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"name\":\"t\"}],"
                    + "\"allowAutoTopicCreation\":false,\"includeTopicAuthorizedOperations\":false}");
                return metadata.get("topics").get(0).get("topicId").asText();
            }
        }
    }

    static final class Client implements AutoCloseable {
        final Broker broker;
        final String user;
        Socket socket;
        int correlation;

        Client(Broker broker, String user) throws Exception {
            this.broker = broker;
            this.user = user;
            for (int attempt = 0;; attempt++) {
                try {
                    connect();
                    return;
                } catch (IOException e) {
                    if (attempt == 300) throw e;
                    Thread.sleep(100);
                }
            }
        }

        void connect() throws Exception {
            socket = new Socket(broker.host, broker.port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(30_000);
            call(ApiKeys.SASL_HANDSHAKE, (short) 1, new SaslHandshakeRequestData().setMechanism("PLAIN"));
            AbstractResponse answer = call(ApiKeys.SASL_AUTHENTICATE, (short) 2,
                new SaslAuthenticateRequestData().setAuthBytes(("\0" + user + "\0" + PASSWORD).getBytes()));
            must("login of " + user, answer);
        }

        AbstractResponse call(ApiKeys api, short version, ApiMessage message) throws IOException {
            RequestHeader header = new RequestHeader(api, version, "matrix", correlation++);
            ByteBuffer bytes = RequestUtils.serialize(header.data(), header.headerVersion(), message, version);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            byte[] frame = new byte[4 + bytes.remaining()];
            ByteBuffer.wrap(frame).putInt(bytes.remaining()).put(bytes);
            out.write(frame);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[in.readInt()];
            in.readFully(answer);
            return AbstractResponse.parseResponse(ByteBuffer.wrap(answer), header);
        }

        JsonNode json(ApiKeys api, short version, String text) throws Exception {
            // StudlyCase of the API, with Kafka's own exceptions.
            String name = api.messageType.name.replaceAll("[^A-Za-z]", "");
            Class<?> reader = Class.forName("org.apache.kafka.common.message." + name + "RequestDataJsonConverter");
            ApiMessage message = (ApiMessage) reader.getMethod("read", JsonNode.class, short.class).invoke(null, JSON.readTree(text), version);
            ApiMessage answer = call(api, version, message).data();
            Class<?> writer = Class.forName("org.apache.kafka.common.message." + name + "ResponseDataJsonConverter");
            return (JsonNode) writer.getMethod("write", answer.getClass(), short.class, boolean.class).invoke(null, answer, version, false);
        }

        /** What of an answer depends on rights: errors, operations, and how much is listed. */
        String answer(ApiKeys api, short version, String text) throws Exception {
            List<String> facts = new ArrayList<>();
            try {
                collect("", json(api, version, text), facts);
            } catch (IOException e) {
                connect();
                return "closed";
            }
            Map<String, Long> counted = facts.stream().collect(Collectors.groupingBy(fact -> fact, TreeMap::new, Collectors.counting()));
            return counted.entrySet().stream().map(fact -> fact.getKey() + (fact.getValue() == 1 ? "" : " x" + fact.getValue())).collect(Collectors.joining(", "));
        }

        void collect(String path, JsonNode node, List<String> facts) {
            if (node.isArray()) {
                if (List.of("topics", "groups", "transactionStates").contains(path)) facts.add(path + "[" + node.size() + "]");
                node.forEach(element -> collect(path, element, facts));
            }
            node.properties().forEach(field -> {
                String name = field.getKey();
                String below = path.isEmpty() ? name : path + "." + name;
                if (name.toLowerCase(Locale.ROOT).endsWith("errorcode")) facts.add(below + "=" + Errors.forCode((short) field.getValue().asInt()));
                else if (name.endsWith("uthorizedOperations")) facts.add(below + "=" + field.getValue());
                else collect(below, field.getValue(), facts);
            });
        }

        void must(String what, AbstractResponse answer) {
            Set<Errors> errors = new HashSet<>(answer.errorCounts().keySet());
            errors.remove(Errors.NONE);
            if (!errors.isEmpty()) throw new IllegalStateException(broker + ": " + what + ": " + errors);
        }

        /** Sends a request until it succeeds: coordinators need a while, and metadata of brokers too. */
        void until(String request) throws Exception {
            String[] words = request.split(" ", 3);
            String answer = "";
            for (int attempt = 0; attempt < 300; attempt++) {
                answer = answer(ApiKeys.valueOf(words[0]), Short.parseShort(words[1]), words[2]);
                if (!answer.matches("(?i).*errorCode=(?!NONE|TOPIC_ALREADY_EXISTS).*")) return;
                Thread.sleep(100);
            }
            throw new IllegalStateException(broker + ": " + request + ": " + answer);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
