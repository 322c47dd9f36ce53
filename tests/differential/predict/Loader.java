import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Opens and closes copies of partitions as a broker does that starts and stops: Loader DIR OUT. */
public class Loader {
    public static void main(String[] args) throws Exception {
        PrintStream out = System.out;
        System.setOut(System.err);
        File[] numbers = new File(args[0]).listFiles();
        for (File number : numbers) {
            for (File partition : number.listFiles()) {
                for (boolean clean : new boolean[] {true, false}) {
                    String stop = clean ? "clean" : "unclean";
                    Path copy = Path.of(args[1], number.getName() + "." + stop, partition.getName());
                    copy(partition.toPath(), copy);
                    out.println(number.getName() + " " + stop + " " + partition.getName() + " " + load(copy.toFile(), clean));
                }
            }
        }
        out.flush();
        System.exit(0);
    }

    static String load(File dir, boolean clean) {
        Recover.Deferred scheduler = new Recover.Deferred();
        try {
            UnifiedLog log = UnifiedLog.create(dir, Recover.config(100), 0L, 0L, scheduler, new BrokerTopicStats(), Time.SYSTEM,
                15 * 60 * 1000, new ProducerStateManagerConfig(86400000, false), 600_000, new LogDirFailureChannel(1), clean,
                Optional.empty());
            String answer = log.logStartOffset() + " " + log.logEndOffset();
            scheduler.runAll();
            log.close();
            return answer;
        } catch (Throwable e) {
            return e.getClass().getSimpleName();
        }
    }

    static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : (Iterable<Path>) files::iterator) Files.copy(file, to.resolve(file.getFileName()));
        }
    }
}
