import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.ListConfigResourcesOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.Time;

/**
 * A broker of Kafka's with the settings of a script, asked line by line for configs and to alter them: prints the script with the answers.
 * Arguments: script, an empty folder, a port (the next one is the controller's), and for a broker that is not Kafka's its command:
 * the file of settings is added to it, and it has formatted storage to start with.
 */
public class DescribeConfigs {
    static Admin admin;
    static Process other;

    public static void main(String[] args) {
        int code = 1;
        try {
            run(args);
            code = 0;
        } catch (Exception e) {
            e.printStackTrace();
        }
        System.out.flush();
        if (other != null) other.destroy();
        // The broker's threads would keep the machine up.
        Runtime.getRuntime().halt(code);
    }

    static void run(String[] args) throws Exception {
        List<String> script = Files.readAllLines(Path.of(args[0]));
        Path folder = Path.of(args[1]);
        int port = Integer.parseInt(args[2]);
        Properties props = new Properties();
        for (String line : script) {
            if (!line.startsWith("static ")) continue;
            String[] pair = line.substring(7).split("=", 2);
            props.setProperty(pair[0], pair[1].replace("9092", "" + port).replace("9093", "" + (port + 1)).replace("DATA", folder.toString()));
        }
        Path file = folder.resolve("server.properties");
        try (var out = Files.newBufferedWriter(file)) {
            props.store(out, null);
        }
        kafka.tools.StorageTool.execute(new String[] {"format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", file.toString()}, System.err);
        if (args.length == 3) {
            new KafkaRaftServer(KafkaConfig.fromProps(props), Time.SYSTEM).startup();
        } else {
            other = new ProcessBuilder(args[3], file.toString()).inheritIO().redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        }
        admin = Admin.create(Map.of("bootstrap.servers", "localhost:" + port, "default.api.timeout.ms", "5000", "request.timeout.ms", "4000"));
        StringBuilder out = new StringBuilder();
        for (String line : script) {
            out.append(line).append('\n');
            for (String answer : answer(line.split(" ", 4))) out.append("  ").append(answer).append('\n');
        }
        System.out.print(out.toString().replace("localhost:" + port, "localhost:9092").replace(":" + (port + 1), ":9093").replace(":" + port, ":9092")
            .replace(folder.toString(), "DATA").replace("/" + "tmp/kafka-logs", "LOGS"));
    }

    static List<String> answer(String[] words) throws Exception {
        try {
            switch (words[0]) {
                case "create": {
                    Map<String, String> configs = new LinkedHashMap<>();
                    if (words.length > 2) for (String pair : words[2].split("[|]")) configs.put(pair.split("=", 2)[0], pair.split("=", 2)[1]);
                    var created = admin.createTopics(List.of(new NewTopic(words[1], 1, (short) 1).configs(configs)));
                    created.all().get();
                    Thread.sleep(300);
                    return created.config(words[1]).get().entries().stream().sorted(Comparator.comparing(ConfigEntry::name)).map(DescribeConfigs::row).toList();
                }
                case "alter": {
                    List<AlterConfigOp> ops = new ArrayList<>();
                    for (String op : words[3].split("[|]")) {
                        String[] parts = op.split(":", 2);
                        String[] pair = parts[1].split("=", 2);
                        String value = pair.length > 1 ? pair[1] : null;
                        ops.add(new AlterConfigOp(new ConfigEntry(pair[0], value), AlterConfigOp.OpType.valueOf(parts[0])));
                    }
                    admin.incrementalAlterConfigs(Map.of(resource(words), ops)).all().get();
                    Thread.sleep(300);
                    return List.of("ok");
                }
                case "describe": {
                    var options = new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true);
                    var config = admin.describeConfigs(List.of(resource(words)), options).all().get().get(resource(words));
                    return config.entries().stream().sorted(Comparator.comparing(ConfigEntry::name)).map(DescribeConfigs::row).toList();
                }
                case "list": {
                    Set<ConfigResource.Type> types = new HashSet<>();
                    for (int i = 1; i < words.length; i++) types.add(ConfigResource.Type.valueOf(words[i]));
                    var resources = admin.listConfigResources(types, new ListConfigResourcesOptions()).all().get();
                    return resources.stream().map(r -> r.type() + " " + r.name()).sorted().toList();
                }
                default:
                    return List.of();
            }
        } catch (ExecutionException e) {
            return List.of("error " + Errors.forException(e.getCause()).code() + " " + e.getCause().getMessage().replace("\n", "\\n"));
        }
    }

    static ConfigResource resource(String[] words) {
        return new ConfigResource(ConfigResource.Type.valueOf(words[1]), words[2].equals("-") ? "" : words[2]);
    }

    /** Name, value, source, type, flags, hash of the documentation, and each synonym. */
    static String row(ConfigEntry entry) {
        String flags = (entry.isSensitive() ? "s" : "") + (entry.isReadOnly() ? "r" : "");
        String synonyms = entry.synonyms().stream().map(s -> s.name() + "=" + text(s.value()) + "@" + s.source()).collect(Collectors.joining("\t"));
        return String.join("\t", entry.name(), text(entry.value()), entry.source().name(), String.valueOf(entry.type()), flags.isEmpty() ? "-" : flags,
            entry.documentation() == null ? "~" : "" + entry.documentation().hashCode(), synonyms);
    }

    static String text(String value) {
        return value == null ? "~" : value;
    }
}
