package org.apache.kafka.coordinator.group;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Supplier;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.requests.*;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.coordinator.common.runtime.*;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorMetrics;
import org.apache.kafka.coordinator.group.modern.share.ShareGroupConfig;
import org.apache.kafka.timeline.SnapshotRegistry;
import org.slf4j.LoggerFactory;

/** Kafka's GroupCoordinatorShard with its log, its timers and the topics that there are, driven as CoordinatorRuntime does. */
class Coordinator {
    static final String[] TOPICS = {"t0", "t1", "t2"};
    static final String[] GROUPS = {"g0", "g1", "g2"};
    static final String[] CONSUMER_GROUPS = {"m0", "m1", "x0", "x1"};
    /** Members of both protocols come together in these. */
    static final String[] MIXED_GROUPS = {"x0", "x1"};

    static Uuid topicId(String name) {
        return new Uuid(7, name.charAt(1));
    }

    final Random random;
    final VirtualTime.Clock clock = new VirtualTime.Clock();
    final List<Written> log = new ArrayList<>();
    final Set<String> knownIds = new HashSet<>();
    final Map<String, List<String>> idsOfGroup = new HashMap<>();
    Topics topics = new Topics(Map.of("t0", 3, "t1", 2), 1);
    /** The most partitions that each topic has had. */
    final Map<String, Integer> mostPartitions = new HashMap<>(topics.partitions());
    final GroupCoordinatorConfig config;
    final GroupConfigManager configs;
    SnapshotRegistry registry;
    VirtualTime.Timers timers;
    GroupCoordinatorShard shard;
    GroupMetadataManager groups;
    long lastOffset;
    int ticket;
    List<String> records = new ArrayList<>();
    List<String> answers = new ArrayList<>();

    record Written(long producerId, CoordinatorRecord record, TransactionResult marker) { }

    Coordinator(long seed) {
        random = new Random(seed);
        Map<String, Object> props = new HashMap<>();
        props.put("group.max.size", 3);
        props.put("group.consumer.max.size", 5);
        props.put("offset.metadata.max.bytes", 10);
        props.put("offsets.retention.minutes", 2);
        props.put("offsets.retention.check.interval.ms", 50_000);
        AbstractConfig all = new AbstractConfig(Utils.mergeConfigs(List.of(GroupCoordinatorConfig.CONFIG_DEF, ShareGroupConfig.CONFIG_DEF)), props, false);
        config = new GroupCoordinatorConfig(all);
        configs = new GroupConfigManager(Map.of(), config, new ShareGroupConfig(all));
        load();
    }

    /** A shard that has replayed what was written so far. */
    void load() {
        registry = new SnapshotRegistry(new LogContext());
        timers = new VirtualTime.Timers(clock);
        shard = new GroupCoordinatorShard.Builder(config, configs)
            .withAuthorizerPlugin(Optional.empty())
            .withSnapshotRegistry(registry)
            .withTime(clock)
            .withTimer(timers)
            .withExecutor(new VirtualTime.Executor(timers))
            .withCoordinatorMetrics(METRICS)
            .withTopicPartition(new TopicPartition("__consumer_offsets", 0))
            .build();
        try {
            var field = GroupCoordinatorShard.class.getDeclaredField("groupMetadataManager");
            field.setAccessible(true);
            groups = (GroupMetadataManager) field.get(shard);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
        long offset = 0;
        for (Written written : log) {
            if (written == null) { }
            else if (written.marker != null) shard.replayEndTransactionMarker(written.producerId, (short) 0, written.marker);
            else shard.replay(offset, written.producerId, (short) 0, written.record);
            offset++;
        }
        lastOffset = offset;
        registry.idempotentCreateSnapshot(lastOffset);
        shard.onLoaded(topics);
    }

    /** Leaves the last record of each key, as the log cleaner does. */
    void compact() {
        Set<Object> later = new HashSet<>();
        for (int i = log.size() - 1; i >= 0; i--) {
            Written written = log.get(i);
            if (written != null && written.marker == null && !later.add(written.record.key())) log.set(i, null);
        }
    }

    static final GroupCoordinatorMetrics METRICS = new GroupCoordinatorMetrics();

    static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte b : bytes) out.append(String.format("%02x", b));
        return out.isEmpty() ? "=" : out.toString();
    }

    static byte[] encode(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        return buffer.array();
    }

    void answer(int ticket, Message message, short version) {
        answers.add("a " + ticket + " " + hex(encode(message, version)));
    }

    /** Appends the records of a result, or fails to, as CoordinatorRuntime does. */
    <R> void append(CoordinatorResult<R, CoordinatorRecord> result, Errors failure, long producerId, BiFunction<R, Throwable, Void> done) {
        if (result.records().isEmpty()) {
            if (result.appendFuture() != null) result.appendFuture().complete(null);
            done.apply(result.response(), null);
            return;
        }
        GroupCoordinatorRecordSerde serde = new GroupCoordinatorRecordSerde();
        long offset = lastOffset;
        for (CoordinatorRecord record : result.records()) {
            byte[] value = serde.serializeValue(record);
            records.add("r " + hex(serde.serializeKey(record)) + " " + (value == null ? "-" : hex(value)));
            if (result.replayRecords()) shard.replay(offset, producerId, (short) 0, record);
            offset++;
        }
        if (failure != null) {
            registry.revertToSnapshot(lastOffset);
            if (result.appendFuture() != null) result.appendFuture().completeExceptionally(failure.exception());
            done.apply(null, failure.exception());
            return;
        }
        for (CoordinatorRecord record : result.records()) log.add(new Written(producerId, record, null));
        lastOffset = offset;
        registry.idempotentCreateSnapshot(lastOffset);
        registry.deleteSnapshotsUpTo(lastOffset);
        if (result.appendFuture() != null) result.appendFuture().complete(null);
        done.apply(result.response(), null);
    }

    /** A write as CoordinatorRuntime and GroupCoordinatorService do it. */
    <R> void write(Supplier<CoordinatorResult<R, CoordinatorRecord>> operation, Errors failure, long producerId, BiFunction<R, Errors, Void> done) {
        CoordinatorResult<R, CoordinatorRecord> result;
        try {
            result = operation.get();
        } catch (Throwable t) {
            done.apply(null, mapped(t));
            return;
        }
        append(result, failure, producerId, (response, t) -> done.apply(response, t == null ? null : mapped(t)));
    }

    /** As write, for answers that have room for a text. */
    <R> void writeWithMessage(Supplier<CoordinatorResult<R, CoordinatorRecord>> operation, Errors failure, BiConsumer<R, ApiError> done) {
        BiFunction<R, Throwable, Void> finish = (response, t) -> {
            ApiError error = t == null ? null
                : CoordinatorOperationExceptionHelper.handleOperationException("test", "", t, (e, message) -> new ApiError(e, message), LOG);
            done.accept(response, error);
            return null;
        };
        CoordinatorResult<R, CoordinatorRecord> result;
        try {
            result = operation.get();
        } catch (Throwable t) {
            finish.apply(null, t);
            return;
        }
        append(result, failure, -1, finish);
    }

    static final org.slf4j.Logger LOG = LoggerFactory.getLogger(GroupScripts.class);

    static Errors mapped(Throwable t) {
        return CoordinatorOperationExceptionHelper.handleOperationException("test", "", t, (error, message) -> error, LOG);
    }
}
