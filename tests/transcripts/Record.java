import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Kafka's command-line tools one after the other in one JVM, because a JVM for each takes seconds. A line on stdin has the class, the
 * arguments and, last, what the tool reads, in base64 with blanks between them; the answer has the exit code, stdout and stderr. A tool that
 * ends the JVM has `?` for a code: the caller knows that of the process.
 */
public class Record {
    private static class Exited extends RuntimeException {
        Exited() {
            super(null, null, false, false);
        }
    }

    private static void exit(int code) {
        if (exited == null) {
            exited = code;
            answered = code + " " + base64(out) + " " + base64(err);
        }
        throw new Exited();
    }

    private static volatile boolean running;
    /** The first code that the tool has exited with: some catch what is thrown here, and exit again. */
    private static volatile Integer exited;
    private static volatile String answered;
    private static volatile ByteArrayOutputStream out;
    private static volatile ByteArrayOutputStream err;

    public static void main(String[] args) throws Exception {
        PrintStream answers = System.out;
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (running) {
                answers.println("? " + base64(out) + " " + base64(err));
            }
        }));
        Exit.setExitProcedure((code, message) -> exit(code));
        Exit.setHaltProcedure((code, message) -> exit(code));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = Arrays.stream(line.split(" ", -1)).map(Record::text).toArray(String[]::new);
            out = new ByteArrayOutputStream();
            err = new ByteArrayOutputStream();
            System.setIn(new ByteArrayInputStream(words[words.length - 1].getBytes(StandardCharsets.UTF_8)));
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
            exited = null;
            running = true;
            int code = run("org.apache.kafka.tools." + words[0], Arrays.copyOfRange(words, 1, words.length - 1));
            running = false;
            answers.println(exited == null ? code + " " + base64(out) + " " + base64(err) : answered);
        }
    }

    /** Runs a tool; what it throws ends a program with code 1. */
    private static int run(String tool, String[] args) throws Exception {
        try {
            Class.forName(tool).getMethod("main", String[].class).invoke(null, (Object) args);
            return 0;
        } catch (InvocationTargetException e) {
            System.err.print("Exception in thread \"main\" ");
            e.getCause().printStackTrace();
            return 1;
        }
    }

    private static String text(String base64) {
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }

    private static String base64(ByteArrayOutputStream bytes) {
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }
}
