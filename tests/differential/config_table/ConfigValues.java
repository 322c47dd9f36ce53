import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;

/** What Kafka makes of values of its settings: table, name, value, then `=` and the value as it shows it, or `!` and why it refuses it. */
public class ConfigValues {
    static final List<String> NUMBERS = List.of("0", "1", "-1", " 7 ", "x", "1.5", "", "32768", "2147483648", "9223372036854775808");
    static final Map<ConfigDef.Type, List<String>> VALUES = Map.of(
        ConfigDef.Type.BOOLEAN, List.of("true", " FALSE", "1", ""),
        ConfigDef.Type.SHORT, NUMBERS, ConfigDef.Type.INT, NUMBERS, ConfigDef.Type.LONG, NUMBERS,
        ConfigDef.Type.DOUBLE, List.of("0", "0.50", "1", "-0.1", "1.01", "NaN", "1e7", "1e-5", "12345678.9", "x", "", ".5d"),
        ConfigDef.Type.PASSWORD, List.of("secret", ""),
        ConfigDef.Type.STRING, List.of("", " ", "x", " x y "),
        ConfigDef.Type.LIST, List.of("", "a", "a,b", " b , a ", "a,a", "a,", "a,,b", ","));
    static final Map<String, List<String>> OF_NAME = Map.of(
        "controller.quorum.voters", List.of("1@h:1", "1@h:1,2@h:1", "1@h", "1@h:x", "@h:1", "x@h:1", "1@h:1,", "1@h:99999", "-1@h:1", "1@a@h:1", "1@:1"),
        "controller.quorum.bootstrap.servers", List.of("h:1", "h:1,h:1", "h", "h:x", "h:99999", "h:1,", ":1", "1.2.3.4:5"),
        "leader.replication.throttled.replicas", List.of("*", "0:1,1:2", "0:1,", "0:1,*", "0:1:2", "x:1"),
        "follower.replication.throttled.replicas", List.of("*", "0:1,1:2", "0", "*,*", ":", "-1:0"),
        "share.auto.offset.reset", List.of("latest", "earliest", "LATEST", "by_duration:PT1H", "by_duration:P1DT2H3M4.5S", "by_duration:PT-1H",
            "by_duration:P", "by_duration:PT", "by_duration:P1Y", "by_duration:PT1.5H", "by_duration:pt1s", "by_duration:x", "by_duration:PT0.1234567890S"));

    public static void main(String[] args) throws Exception {
        boolean all = args[0].equals("all");
        Set<String> seen = new HashSet<>();
        for (Map.Entry<String, ConfigDef> table : ConfigTable.tables().entrySet()) {
            for (ConfigDef.ConfigKey key : table.getValue().configKeys().values()) {
                boolean isNew = seen.add(key.type + ConfigTable.text(key.validator));
                // Of settings of the broker with the same type and check, one is enough to be recorded.
                if (key.type == ConfigDef.Type.CLASS || !(all || isNew || !table.getKey().equals("broker"))) continue;
                for (String value : values(key)) System.out.println(String.join("\t", table.getKey(), key.name, value, answer(key, value)));
            }
        }
    }

    static Set<String> values(ConfigDef.ConfigKey key) throws Exception {
        Set<String> values = new LinkedHashSet<>(VALUES.get(key.type));
        String text = ConfigTable.text(key.validator);
        Matcher range = Pattern.compile("\\[(-?\\d+),\\.\\.\\.(?:,(-?\\d+))?.*\\].*").matcher(text);
        if (range.matches()) {
            for (int i = 1; i <= 2; i++) {
                if (range.group(i) == null) continue;
                for (int off = -1; off <= 1; off++) values.add("" + (Long.parseLong(range.group(i)) + off));
            }
        } else if (text.endsWith("]") && text.contains("[")) {
            List<String> words = List.of(text.substring(text.indexOf('[') + 1, text.length() - 1).split(", "));
            values.addAll(words);
            values.add(words.get(0).toUpperCase());
            if (key.type == ConfigDef.Type.LIST) {
                values.add(String.join(",", words));
                values.add(words.get(0) + "," + words.get(0));
                values.add(words.get(0) + ",,x");
            }
        }
        values.addAll(OF_NAME.getOrDefault(key.name, new ArrayList<>()));
        return values;
    }

    static String answer(ConfigDef.ConfigKey key, String value) {
        try {
            Object parsed = new ConfigDef().define(key).parse(new HashMap<>(Map.of(key.name, value))).get(key.name);
            return "=" + ConfigDef.convertToString(parsed, key.type);
        } catch (ConfigException | IllegalArgumentException e) {
            return "!" + e.getMessage();
        }
    }
}
