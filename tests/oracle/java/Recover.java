import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.LogSegment;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Opens a partition folder the way a broker does that starts after an unclean stop. */
public class Recover {
    /** Keeps the one-shot tasks (file deletions) to be run at once when asked, and drops the periodic ones. */
    static final class Deferred implements Scheduler {
        final List<Runnable> tasks = new ArrayList<>();
        private final ScheduledThreadPoolExecutor idle = new ScheduledThreadPoolExecutor(1);
        private final ScheduledFuture<?> never = idle.schedule(() -> { }, 1, TimeUnit.DAYS);

        Deferred() {
            idle.shutdownNow();
        }

        @Override
        public void startup() { }

        @Override
        public void shutdown() { }

        @Override
        public ScheduledFuture<?> schedule(String name, Runnable task, long delayMs, long periodMs) {
            if (periodMs <= 0) tasks.add(task);
            return never;
        }

        @Override
        public void resizeThreadPool(int newSize) { }

        void runAll() {
            while (!tasks.isEmpty()) {
                List<Runnable> now = new ArrayList<>(tasks);
                tasks.clear();
                now.forEach(Runnable::run);
            }
        }
    }

    static LogConfig config(int indexInterval) {
        Properties p = new Properties();
        p.put("index.interval.bytes", String.valueOf(indexInterval));
        p.put("segment.index.bytes", "65536");
        p.put("retention.ms", "-1");
        p.put("max.message.bytes", String.valueOf(64 << 20));
        return new LogConfig(p);
    }

    static UnifiedLog open(File dir, int indexInterval, Deferred scheduler) throws Exception {
        return UnifiedLog.create(dir, config(indexInterval), 0L, 0L, scheduler, new BrokerTopicStats(),
            Time.SYSTEM, 15 * 60 * 1000, new ProducerStateManagerConfig(Integer.MAX_VALUE, false), 600_000,
            new LogDirFailureChannel(1), false, Optional.empty());
    }

    /** Writes the indexes, snapshots and checkpoint for bare .log files, as a broker would after losing them. */
    static void complete(Path dir, int indexInterval) throws Exception {
        Deferred s = new Deferred();
        UnifiedLog log = open(dir.toFile(), indexInterval, s);
        s.runAll();
        log.close();
    }
}
