import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.server.util.CommandDefaultOptions;
import org.apache.kafka.server.util.CommandLineUtils;
import org.apache.kafka.tools.DumpLogSegments;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * What Kafka's own DumpLogSegmentsOptions makes of command lines. The protocol is that of the Rust example
 * `kafka_options`, which answers the same questions for ours; see `run`.
 */
public class KafkaOptions {
    static final HexFormat HEX = HexFormat.of();

    static final class Exited extends Error {
        final int code;
        Exited(int code) {
            super(null, null, false, false);
            this.code = code;
        }
    }

    public static void main(String[] argv) throws Exception {
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.US_ASCII);
        Exit.setExitProcedure((code, message) -> {
            throw new Exited(code);
        });
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line; (line = in.readLine()) != null; ) {
            String[] args = line.isEmpty() ? new String[0] : line.substring(1).split("\\.", -1);
            for (int i = 0; i < args.length; i++) args[i] = new String(HEX.parseHex(args[i]), StandardCharsets.UTF_8);
            answers.println(answer(args));
        }
        answers.flush();
    }

    static String answer(String[] args) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream oldOut = System.out;
        PrintStream oldErr = System.err;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try {
            return options(args);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Exited exited) return exit(exited, out, err);
            return "dies";
        } catch (Exited e) {
            return exit(e, out, err);
        } finally {
            System.setOut(oldOut);
            System.setErr(oldErr);
        }
    }

    static String exit(Exited exited, ByteArrayOutputStream out, ByteArrayOutputStream err) {
        return "exit " + exited.code + " out=" + HEX.formatHex(out.toByteArray()) + " err=" + HEX.formatHex(err.toByteArray());
    }

    static String options(String[] args) throws Exception {
        Class<?> type = Class.forName(DumpLogSegments.class.getName() + "$DumpLogSegmentsOptions");
        Constructor<?> make = type.getDeclaredConstructor(String[].class);
        make.setAccessible(true);
        CommandDefaultOptions options = (CommandDefaultOptions) make.newInstance((Object) args);
        CommandLineUtils.maybePrintHelpOrVersion(options, "This tool helps to parse a log file and dump its contents"
            + " to the console, useful for debugging a seemingly corrupt log segment.");
        call(options, "checkArgs");
        StringBuilder line = new StringBuilder("run files=");
        for (String name : (String[]) call(options, "files")) {
            File file = new File(name);
            line.append(text(file.toString())).append('/').append(text(file.getName())).append(',');
        }
        for (String flag : new String[] {"shouldPrintDataLog", "isDeepIteration", "skipRecordMetadata", "verifyOnly", "indexSanityOnly"}) {
            line.append(' ').append(call(options, flag));
        }
        for (String late : new String[] {"maxMessageSize", "maxBytes", "messageParser"}) {
            line.append(' ').append(late(options, late));
        }
        return line.toString();
    }

    static String late(Object options, String name) throws Exception {
        try {
            Object value = call(options, name);
            return value instanceof Integer ? value.toString() : parser(value);
        } catch (InvocationTargetException e) {
            return "dies";
        }
    }

    static String parser(Object parser) throws Exception {
        String name = parser.getClass().getSimpleName();
        if (!name.equals("DecoderMessageParser")) return name;
        StringBuilder text = new StringBuilder();
        for (String part : new String[] {"keyDecoder", "valueDecoder"}) {
            Field field = parser.getClass().getDeclaredField(part);
            field.setAccessible(true);
            text.append(field.get(parser).getClass().getSimpleName()).append('+');
        }
        return text.toString();
    }

    static Object call(Object options, String name) throws Exception {
        Method method = options.getClass().getDeclaredMethod(name);
        method.setAccessible(true);
        return method.invoke(options);
    }

    static String text(String text) {
        return HEX.formatHex(text.getBytes(StandardCharsets.UTF_8));
    }
}
