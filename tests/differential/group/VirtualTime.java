package org.apache.kafka.coordinator.group;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.Timer;
import org.apache.kafka.coordinator.common.runtime.CoordinatorExecutor;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorTimer;

/** Time that passes when a script says so. */
class VirtualTime {
    static class Clock implements Time {
        long now = 1_000_000;
        public long milliseconds() { return now; }
        public long nanoseconds() { return now * 1_000_000; }
        public long hiResClockMs() { return now; }
        public void sleep(long ms) { now += ms; }
        public void waitObject(Object o, Supplier<Boolean> c, long d) { throw new UnsupportedOperationException(); }
        public Timer timer(long ms) { throw new UnsupportedOperationException(); }
        public Timer timer(java.time.Duration d) { throw new UnsupportedOperationException(); }
    }

    record At(long deadline, long order) implements Comparable<At> {
        public int compareTo(At other) {
            int byDeadline = Long.compare(deadline, other.deadline);
            return byDeadline != 0 ? byDeadline : Long.compare(order, other.order);
        }
    }

    record Due(String key, CoordinatorTimer.TimeoutOperation<CoordinatorRecord> operation) { }

    static class Timers implements CoordinatorTimer<CoordinatorRecord> {
        final Clock clock;
        final TreeMap<At, Due> due = new TreeMap<>();
        final Map<String, At> byKey = new HashMap<>();
        long order;

        Timers(Clock clock) {
            this.clock = clock;
        }

        public void schedule(String key, long delay, TimeUnit unit, boolean retry, TimeoutOperation<CoordinatorRecord> operation) {
            cancel(key);
            At at = new At(clock.now + unit.toMillis(delay), order++);
            byKey.put(key, at);
            due.put(at, new Due(key, operation));
        }
        public void schedule(String key, long delay, TimeUnit unit, boolean retry, long backoff, TimeoutOperation<CoordinatorRecord> operation) {
            schedule(key, delay, unit, retry, operation);
        }
        public void scheduleIfAbsent(String key, long delay, TimeUnit unit, boolean retry, TimeoutOperation<CoordinatorRecord> operation) {
            if (!byKey.containsKey(key)) schedule(key, delay, unit, retry, operation);
        }
        public void cancel(String key) {
            At at = byKey.remove(key);
            if (at != null) due.remove(at);
        }
        public boolean isScheduled(String key) {
            return byKey.containsKey(key);
        }
    }

    /** Runs tasks as timers that are due at once. */
    record Executor(Timers timers) implements CoordinatorExecutor<CoordinatorRecord> {
        public <R> boolean schedule(String key, TaskRunnable<R> task, TaskOperation<CoordinatorRecord, R> operation) {
            timers.schedule(key, 0, TimeUnit.MILLISECONDS, false, () -> {
                R result = null;
                Throwable failure = null;
                try {
                    result = task.run();
                } catch (Throwable t) {
                    failure = t;
                }
                return operation.onComplete(result, failure);
            });
            return true;
        }
        public boolean isScheduled(String key) { return timers.isScheduled(key); }
        public void cancel(String key) { timers.cancel(key); }
    }
}
