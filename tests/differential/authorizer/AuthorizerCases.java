import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.internals.PluginMetricsImpl;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.metadata.authorizer.StandardAcl;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.apache.kafka.server.authorizer.Action;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;

/** Random entries, and what Kafka's authorizer decides: a transcript that the tests of kafka-broker play. */
public class AuthorizerCases {
    // None sorts before the wildcard: there Kafka's walk over the entries ends in an exception.
    private static final String[] LETTERS = {"a", "b", "-", "*", "ä"};
    private static final String[] USERS = {"User:alice", "User:bob", "User:*", "Group:alice", "User:alice:x"};
    private static final String[] HOSTS = {"127.0.0.1", "10.0.0.7", "*", "0:0:0:0:0:0:0:1"};

    private final Random random;

    private AuthorizerCases(long seed) {
        random = new Random(seed);
    }

    private <T> T one(T[] of) {
        return of[random.nextInt(of.length)];
    }

    private String name(int longest) {
        StringBuilder name = new StringBuilder();
        int length = 1 + random.nextInt(longest);
        for (int i = 0; i < length; i++) name.append(one(LETTERS));
        return name.toString();
    }

    private static final ResourceType[] TYPES = {ResourceType.TOPIC, ResourceType.TOPIC, ResourceType.TOPIC,
        ResourceType.GROUP, ResourceType.CLUSTER, ResourceType.TRANSACTIONAL_ID, ResourceType.DELEGATION_TOKEN, ResourceType.USER};
    private static final AclOperation[] OPERATIONS = {AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE,
        AclOperation.DELETE, AclOperation.ALTER, AclOperation.DESCRIBE, AclOperation.DESCRIBE, AclOperation.CLUSTER_ACTION,
        AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS, AclOperation.IDEMPOTENT_WRITE, AclOperation.CREATE_TOKENS,
        AclOperation.DESCRIBE_TOKENS};

    private StandardAcl acl() {
        ResourceType type = one(TYPES);
        PatternType pattern = type == ResourceType.CLUSTER || random.nextInt(5) < 2 ? PatternType.LITERAL : PatternType.PREFIXED;
        String name = type == ResourceType.CLUSTER ? "kafka-cluster"
            : pattern == PatternType.LITERAL && random.nextInt(4) == 0 ? "*" : name(4);
        AclOperation operation = random.nextInt(6) == 0 ? AclOperation.ALL : one(OPERATIONS);
        AclPermissionType permission = random.nextInt(4) == 0 ? AclPermissionType.DENY : AclPermissionType.ALLOW;
        return new StandardAcl(type, name, pattern, one(USERS), random.nextInt(3) > 0 ? "*" : one(HOSTS), operation, permission);
    }

    private AuthorizableRequestContext context() throws Exception {
        String[] principal = one(USERS).split(":", 2);
        String name = principal[1].equals("*") ? "carol" : principal[1];
        KafkaPrincipal who = new KafkaPrincipal(principal[0], name);
        String host = one(HOSTS);
        InetAddress address = InetAddress.getByName(host.equals("*") ? "192.168.1.1" : host);
        return new AuthorizableRequestContext() {
            @Override public String listenerName() { return "PLAINTEXT"; }
            @Override public SecurityProtocol securityProtocol() { return SecurityProtocol.PLAINTEXT; }
            @Override public KafkaPrincipal principal() { return who; }
            @Override public InetAddress clientAddress() { return address; }
            @Override public int requestType() { return 0; }
            @Override public int requestVersion() { return 0; }
            @Override public String clientId() { return "client"; }
            @Override public int correlationId() { return 0; }
        };
    }

    private void world(int asks, PrintStream out) throws Exception {
        Map<String, Object> configs = new HashMap<>();
        configs.put("node.id", "1");
        String superUsers = random.nextInt(4) == 0 ? one(new String[] {"User:alice", "User:bob;Group:alice", "User:alice:x"}) : "";
        if (!superUsers.isEmpty()) configs.put("super.users", superUsers);
        boolean allow = random.nextBoolean();
        configs.put("allow.everyone.if.no.acl.found", String.valueOf(allow));
        StandardAuthorizer authorizer = new StandardAuthorizer();
        authorizer.configure(configs);
        authorizer.withPluginMetrics(new PluginMetricsImpl(new Metrics(), Map.of()));
        authorizer.completeInitialLoad();
        out.println("world\t" + superUsers + "\t" + allow);

        List<Uuid> ids = new ArrayList<>();
        int entries = random.nextInt(30);
        for (int i = 0; i < asks; i++) {
            while (ids.size() < entries && random.nextInt(8) > 0) add(authorizer, ids, out);
            if (!ids.isEmpty() && random.nextInt(4) == 0) {
                Uuid id = ids.remove(random.nextInt(ids.size()));
                authorizer.removeAcl(id);
                out.println("remove\t" + hex(id));
            }
            AuthorizableRequestContext context = context();
            String who = context.principal() + "\t" + context.clientAddress().getHostAddress();
            AclOperation operation = one(OPERATIONS);
            ResourceType type = one(TYPES);
            if (random.nextInt(5) == 0) {
                out.println("any\t" + who + "\t" + operation.code() + "\t" + type.code() + "\t"
                    + authorizer.authorizeByResourceType(context, operation, type));
                continue;
            }
            // Kafka does not find the wildcard for names that begin with it: ours does.
            String name = type == ResourceType.CLUSTER ? "kafka-cluster" : one(new String[] {"a", "b", "-", "ä"}) + name(5);
            ResourcePattern resource = new ResourcePattern(type, name, PatternType.LITERAL);
            out.println("ask\t" + who + "\t" + operation.code() + "\t" + type.code() + "\t" + name + "\t"
                + authorizer.authorize(context, List.of(new Action(operation, resource, 1, false, false))).get(0));
        }
    }

    private void add(StandardAuthorizer authorizer, List<Uuid> ids, PrintStream out) {
        StandardAcl acl = acl();
        Uuid id = new Uuid(random.nextLong(), random.nextLong());
        // Kafka's cache has a set of entries: the same one does not come twice.
        for (var binding : authorizer.acls(org.apache.kafka.common.acl.AclBindingFilter.ANY)) {
            if (binding.equals(acl.toBinding())) return;
        }
        authorizer.addAcl(id, acl);
        ids.add(id);
        out.println(String.join("\t", "acl", hex(id), String.valueOf(acl.resourceType().code()), acl.resourceName(),
            String.valueOf(acl.patternType().code()), acl.principal(), acl.host(), String.valueOf(acl.operation().code()),
            String.valueOf(acl.permissionType().code())));
    }

    private static String hex(Uuid id) {
        return String.format("%016x%016x", id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    public static void main(String[] args) throws Exception {
        AuthorizerCases cases = new AuthorizerCases(Long.parseLong(args[0]));
        PrintStream out = new PrintStream(new java.io.BufferedOutputStream(System.out), false, StandardCharsets.UTF_8);
        for (int i = 0; i < Integer.parseInt(args[1]); i++) cases.world(Integer.parseInt(args[2]), out);
        out.flush();
    }
}
