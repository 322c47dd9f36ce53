import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.apache.kafka.server.config.QuotaConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Prints every setting that Kafka has, in the order in which Kafka checks them: table, name, type, default, validator, its text,
 * whether it is internal, for a broker how it can be changed, for a topic or a group the broker's setting of the same meaning, and
 * the documentation with its line breaks as \\n.
 */
public class ConfigTable {
    public static void main(String[] args) throws Exception {
        System.setOut(new PrintStream(System.out, true, StandardCharsets.UTF_8));
        Map<String, String> modes = DynamicBrokerConfig.dynamicConfigUpdateModes();
        for (Map.Entry<String, ConfigDef> table : tables().entrySet()) {
            for (ConfigDef.ConfigKey key : table.getValue().configKeys().values()) {
                print(table.getKey(), key, switch (table.getKey()) {
                    case "broker" -> modes.getOrDefault(key.name, "read-only");
                    case "topic" -> ServerTopicConfigSynonyms.TOPIC_CONFIG_SYNONYMS.getOrDefault(key.name, "-");
                    case "group" -> GroupConfig.ALL_GROUP_CONFIG_SYNONYMS.get(key.name).orElse("-");
                    default -> "-";
                });
            }
        }
    }

    static Map<String, ConfigDef> tables() throws Exception {
        Map<String, ConfigDef> tables = new LinkedHashMap<>();
        tables.put("broker", AbstractKafkaConfig.CONFIG_DEF);
        tables.put("topic", LogConfig.configDefCopy());
        tables.put("group", groups());
        tables.put("client_metrics", ClientMetricsConfigs.configDef());
        tables.put("broker_quota", QuotaConfig.brokerQuotaConfigs());
        return tables;
    }

    static ConfigDef groups() throws Exception {
        for (Field field : GroupConfig.class.getDeclaredFields()) {
            if (field.getType() == ConfigDef.class) {
                field.setAccessible(true);
                return (ConfigDef) field.get(null);
            }
        }
        throw new IllegalStateException();
    }

    /** What the validator says of itself; of a list, whether it may be empty and which values it may have. */
    static String text(ConfigDef.Validator validator) throws Exception {
        if (!(validator instanceof ConfigDef.ValidList)) return String.valueOf(validator);
        Field empty = ConfigDef.ValidList.class.getDeclaredField("isEmptyAllowed");
        empty.setAccessible(true);
        return empty.get(validator) + " " + validator;
    }

    static void print(String table, ConfigDef.ConfigKey key, String last) throws Exception {
        String value = !key.hasDefault() ? "!" : key.defaultValue == null ? "~" : ConfigDef.convertToString(key.defaultValue, key.type);
        String validator = key.validator == null ? "-" : key.validator.getClass().getName().replaceAll(".*[.]|[$][$]Lambda.*", "");
        String documentation = key.documentation.replace("\\", "\\\\").replace("\n", "\\n");
        if (documentation.contains("\t")) throw new IllegalStateException(key.name);
        System.out.println(String.join("\t", table, key.name, key.type.name(), value, validator, text(key.validator), "" + key.internalConfig, last,
            documentation));
    }
}
