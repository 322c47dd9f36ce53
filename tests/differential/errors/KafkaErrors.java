import java.util.List;
import java.util.stream.Collectors;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.protocol.Errors;

/** Prints what the fixtures in fixtures/protocol record: with "errors" the codes of the protocol, with "topics" which names Kafka takes. */
public final class KafkaErrors {
    public static void main(String[] args) {
        if (args[0].equals("errors")) {
            for (Errors error : Errors.values()) {
                var exception = error.exception();
                var name = exception == null ? "-" : exception.getClass().getSimpleName();
                System.out.println(error.code() + "\t" + error.name() + "\t" + name + "\t" + (exception instanceof RetriableException)
                    + "\t" + error.message());
            }
            return;
        }
        var names = List.of("a", "a.b_c-D9", ".", "..", "...", "", "../evil", "a/b", "a\\b", " ", "sp ace", "a\tb", "nul\0x", "\u00fcn\u00ef", "\u0661",
            "t-0", "-", "t-0.aa-delete", "x-stray", "__cluster_metadata", "a:b", "a".repeat(249), "a".repeat(250), "x".repeat(300), "\u00e9".repeat(250));
        for (String name : names) {
            String answer = "taken";
            try {
                Topic.validate(name);
            } catch (InvalidTopicException e) {
                var message = e.getMessage();
                answer = message.contains("empty string") ? "Empty" : message.contains("'.'  is") || message.contains("'.' is not")
                    || message.contains("'..' is not") ? "Dots" : message.contains("length") ? "TooLong" : "Characters";
            }
            System.out.println(name.chars().mapToObj(c -> String.format("%04x", c)).collect(Collectors.joining()) + "\t" + answer);
        }
    }
}
