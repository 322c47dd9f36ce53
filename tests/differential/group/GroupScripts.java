package org.apache.kafka.coordinator.group;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.*;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.coordinator.common.runtime.*;
import org.apache.kafka.coordinator.group.classic.ClassicGroup;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupMemberMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;

/** Runs random requests through Kafka's GroupCoordinatorShard and prints them with what Kafka answers and writes. */
public class GroupScripts extends Coordinator {
    final ConsumerScripts consumers = new ConsumerScripts(this);

    GroupScripts(long seed) {
        super(seed);
    }

    String[] consumerGroups() { return CONSUMER_GROUPS; }

    /** Groups for requests of the classic protocol. */
    String[] mixed() { return chance(75) ? GROUPS : MIXED_GROUPS; }

    /** A topic that comes, grows or goes. */
    void changeTopic() {
        String name = pick(ConsumerScripts.NAMES);
        int known = topics.partitions().getOrDefault(name, 0);
        int count = known > 0 && chance(20) ? 0 : known + 1 + random.nextInt(known > 8 ? 30 : 3);
        // A topic comes back with its id here. With fewer partitions than before, Kafka's uniform assignor would run over the end of an array.
        if (count > 0) count = mostPartitions.merge(name, count, Math::max);
        Topics before = topics;
        topics = topics.with(name, count);
        shard.onMetadataUpdate(new Topics.Change(before, topics, List.of(name)), topics);
        System.out.println("T " + name + " " + count);
    }

    <X> X pick(List<X> from) { return from.get(random.nextInt(from.size())); }
    String pick(String... from) { return from[random.nextInt(from.length)]; }
    boolean chance(int percent) { return random.nextInt(100) < percent; }
    short version(int low, int high) { return (short) (low + random.nextInt(high - low + 1)); }

    ClassicGroup group(String id) {
        try {
            return groups.getOrMaybeCreateClassicGroup(id, false);
        } catch (RuntimeException e) {
            return null;
        }
    }

    String memberId(String group) {
        ClassicGroup known = group(group);
        List<String> ids = new ArrayList<>(known == null ? consumers.memberIds(group) : known.allMemberIds());
        Collections.sort(ids);
        List<String> given = idsOfGroup.computeIfAbsent(group, g -> new ArrayList<>());
        if (!ids.isEmpty() && chance(75)) return pick(ids);
        if (!given.isEmpty() && chance(70)) return pick(given);
        return chance(70) ? "" : "nobody";
    }

    int generation(String group, String memberId) {
        ClassicGroup known = group(group);
        int generation = known == null ? consumers.epoch(group, memberId) : known.generationId();
        return chance(88) ? generation : generation + random.nextInt(3) - 2;
    }

    String instanceOf(String group, String memberId) {
        ClassicGroup known = group(group);
        if (known == null && consumers.memberIds(group).contains(memberId) && chance(90)) return consumers.group(group).members().get(memberId).instanceId();
        if (known != null && known.hasMember(memberId) && chance(90)) return known.member(memberId).groupInstanceId().orElse(null);
        return chance(80) ? null : pick("i0", "i1");
    }

    byte[] subscription(boolean valid) {
        if (!valid && chance(10)) return pick("x", "").getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(100);
        int count = random.nextInt(3);
        // Members of consumer groups may say what they have; none of these do.
        out.putShort(valid ? (short) 0 : (short) random.nextInt(4)).putInt(count);
        for (int i = 0; i < count; i++) out.putShort((short) 2).put(TOPICS[i].getBytes(StandardCharsets.UTF_8));
        out.putInt(-1);
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        return bytes;
    }

    RequestContext context(ApiKeys api, short version, String client) throws Exception {
        return new RequestContext(new RequestHeader(api, version, client, 1), "c", InetAddress.getByName("10.0.0.1"), KafkaPrincipal.ANONYMOUS,
            new ListenerName("P"), SecurityProtocol.PLAINTEXT, ClientInformation.EMPTY, false);
    }

    void join() throws Exception {
        short version = version(0, 9);
        String group = pick(mixed()), client = pick("c", "");
        JoinGroupRequestData request = new JoinGroupRequestData().setGroupId(group)
            .setSessionTimeoutMs(6000 + random.nextInt(10) * 3000)
            .setProtocolType(chance(92) ? "consumer" : pick("connect", ""))
            .setMemberId(chance(50) ? "" : memberId(group));
        // Kafka forgets an empty consumer group, without a record, when somebody joins it with an id of a classic member.
        if (consumers.group(group) != null && consumers.group(group).isEmpty()) request.setMemberId("");
        if (version >= 1) request.setRebalanceTimeoutMs(1000 + random.nextInt(20) * 2000);
        if (version >= 5) request.setGroupInstanceId(request.memberId().isEmpty() ? (chance(50) ? null : pick("i0", "i1")) : instanceOf(group, request.memberId()));
        if (chance(30) && group(group) != null && group(group).hasMember(request.memberId())) {
            group(group).member(request.memberId()).supportedProtocols().forEach(p -> request.protocols().add(p.duplicate()));
        } else {
            List<String> names = new ArrayList<>(List.of("range", "roundrobin", "sticky", "cooperative-sticky"));
            Collections.shuffle(names, random);
            int count = chance(4) ? 0 : 2 + random.nextInt(3);
            for (String name : names.subList(0, count)) {
                request.protocols().add(new JoinGroupRequestData.JoinGroupRequestProtocol().setName(name).setMetadata(subscription(group.startsWith("x"))));
            }
        }
        Errors failure = failure(group);
        byte[] bytes = encode(request, version);
        JoinGroupRequestData read = new JoinGroupRequest(new JoinGroupRequestData(new ByteBufferAccessor(ByteBuffer.wrap(bytes)), version), version).data();
        int ticket = ++this.ticket;
        CompletableFuture<JoinGroupResponseData> future = new CompletableFuture<>();
        String[] given = {null};
        future.thenAccept(response -> {
            if (response.errorCode() == Errors.MEMBER_ID_REQUIRED.code()) given[0] = response.memberId();
            answer(ticket, new JoinGroupResponse(response, version).data(), version);
        });
        RequestContext context = context(ApiKeys.JOIN_GROUP, version, client);
        write(() -> {
            var result = shard.classicGroupJoin(context, read, future);
            note(group, given[0]);
            for (CoordinatorRecord record : result.records()) {
                if (record.value() != null && record.key() instanceof ConsumerGroupMemberMetadataKey key) note(group, key.memberId());
                if (record.value() != null && record.value().message() instanceof GroupMetadataValue value) value.members().forEach(m -> note(group, m.memberId()));
            }
            if (group(group) != null) new ArrayList<>(group(group).allMemberIds()).forEach(id -> note(group, id));
            return result;
        }, failure, -1, (response, error) -> {
            if (error != null && !future.isDone()) future.complete(new JoinGroupResponseData().setErrorCode(error.code()));
            return null;
        });
        request("join", version, ticket, client, bytes, failure);
    }

    String newId;

    void noteUuid(String id) {
        Uuid uuid = Uuid.fromString(id);
        newId = String.format("%016x%016x", uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
    }

    void note(String group, String memberId) {
        if (memberId != null && knownIds.add(memberId)) {
            if (memberId.length() == 22) noteUuid(memberId);
            else if (memberId.length() >= 36) newId = memberId.substring(memberId.length() - 36);
            idsOfGroup.computeIfAbsent(group, g -> new ArrayList<>()).add(memberId);
        }
    }

    /** After a failed append Kafka's tables can have entries twice, which groups whose members change a lot come across. */
    Errors failure(String group) {
        return group.startsWith("x") ? null : failure();
    }

    Errors failure() {
        return chance(6) ? pick(List.of(Errors.NOT_LEADER_OR_FOLLOWER, Errors.NOT_ENOUGH_REPLICAS, Errors.MESSAGE_TOO_LARGE, Errors.INVALID_REQUIRED_ACKS)) : null;
    }

    void request(String api, short version, int ticket, String client, byte[] bytes, Errors failure) {
        if (failure != null) System.out.println("f " + failure.code());
        if (newId != null) System.out.println("u " + newId);
        newId = null;
        System.out.println("q " + api + " " + version + " " + ticket + " " + (client.isEmpty() ? "=" : client) + " " + hex(bytes));
    }

    /** Bytes of an assignment; such that they can be read where a group may become a consumer group. */
    byte[] assignment(String group) {
        if (!group.startsWith("x")) return new byte[] {(byte) random.nextInt(100)};
        ByteBuffer out = ByteBuffer.allocate(100).putShort((short) random.nextInt(4));
        int count = random.nextInt(2);
        out.putInt(count);
        for (int i = 0; i < count; i++) out.putShort((short) 2).put(pick(TOPICS).getBytes(StandardCharsets.UTF_8)).putInt(1).putInt(random.nextInt(3));
        if (chance(95)) out.putInt(-1);
        else out.putInt(1).put((byte) 7);
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        return bytes;
    }

    void sync() throws Exception {
        short version = version(0, 5);
        String group = pick(mixed());
        ClassicGroup known = group(group);
        String memberId = known != null && known.leaderOrNull() != null && chance(40) ? known.leaderOrNull() : memberId(group);
        SyncGroupRequestData request = new SyncGroupRequestData().setGroupId(group).setMemberId(memberId).setGenerationId(generation(group, memberId));
        if (version >= 3) request.setGroupInstanceId(instanceOf(group, memberId));
        if (version >= 5) {
            request.setProtocolType(chance(90) ? "consumer" : "connect");
            request.setProtocolName(known == null || chance(5) ? "range" : known.protocolName().orElse("range"));
        }
        if (known != null && chance(80)) {
            for (String id : known.allMemberIds().stream().sorted().toList()) {
                if (chance(85)) request.assignments().add(new SyncGroupRequestData.SyncGroupRequestAssignment().setMemberId(id).setAssignment(assignment(group)));
            }
        }
        Errors failure = failure(group);
        byte[] bytes = encode(request, version);
        int ticket = ++this.ticket;
        CompletableFuture<SyncGroupResponseData> future = new CompletableFuture<>();
        future.thenAccept(response -> answer(ticket, response, version));
        RequestContext context = context(ApiKeys.SYNC_GROUP, version, "c");
        write(() -> shard.classicGroupSync(context, request, future), failure, -1, (response, error) -> {
            if (error != null && !future.isDone()) future.complete(new SyncGroupResponseData().setErrorCode(error.code()));
            return null;
        });
        request("sync", version, ticket, "c", bytes, failure);
    }

    void heartbeat() throws Exception {
        short version = version(0, 4);
        String group = pick(mixed()), memberId = memberId(group);
        HeartbeatRequestData request = new HeartbeatRequestData().setGroupId(group).setMemberId(memberId).setGenerationId(generation(group, memberId));
        if (version >= 3) request.setGroupInstanceId(instanceOf(group, memberId));
        int ticket = ++this.ticket;
        RequestContext context = context(ApiKeys.HEARTBEAT, version, "c");
        write(() -> shard.classicGroupHeartbeat(context, request), null, -1, (response, error) -> {
            answer(ticket, error == null ? response : new HeartbeatResponseData().setErrorCode(error.code()), version);
            return null;
        });
        request("heartbeat", version, ticket, "c", encode(request, version), null);
    }

    void leave() throws Exception {
        short version = version(0, 5);
        String group = pick(mixed());
        LeaveGroupRequestData request = new LeaveGroupRequestData().setGroupId(group);
        if (version < 3) {
            request.setMemberId(memberId(group));
        } else {
            int count = random.nextInt(3);
            for (int i = 0; i < count; i++) {
                String memberId = memberId(group);
                request.members().add(new LeaveGroupRequestData.MemberIdentity().setMemberId(memberId).setGroupInstanceId(memberId.isEmpty() ? pick("i0", "i1") : instanceOf(group, memberId)));
            }
        }
        Errors failure = failure(group);
        int ticket = ++this.ticket;
        RequestContext context = context(ApiKeys.LEAVE_GROUP, version, "c");
        LeaveGroupRequestData all = new LeaveGroupRequest.Builder("", List.of(new LeaveGroupRequestData.MemberIdentity())).build((short) 0).data();
        LeaveGroupRequestData normal = version >= 3 ? request : all.setGroupId(group).setMembers(List.of(new LeaveGroupRequestData.MemberIdentity().setMemberId(request.memberId())));
        write(() -> shard.classicGroupLeave(context, normal), failure, -1, (response, error) -> {
            LeaveGroupResponseData data = response;
            if (error == Errors.UNKNOWN_MEMBER_ID) {
                data = new LeaveGroupResponseData().setMembers(normal.members().stream().map(m -> new LeaveGroupResponseData.MemberResponse()
                    .setMemberId(m.memberId()).setGroupInstanceId(m.groupInstanceId()).setErrorCode(error.code())).toList());
            } else if (error != null) {
                data = new LeaveGroupResponseData().setErrorCode(error.code());
            }
            answer(ticket, new LeaveGroupResponse(data, version).data(), version);
            return null;
        });
        request("leave", version, ticket, "c", encode(request, version), failure);
    }

    String metadata(boolean first) {
        return first || chance(85) ? pick("", "m", "\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00") : "longer than ten";
    }

    void commit() throws Exception {
        short version = version(2, 10);
        String group = pick(GROUPS), memberId = chance(40) ? "" : memberId(group);
        OffsetCommitRequestData request = new OffsetCommitRequestData().setGroupId(group).setMemberId(memberId)
            .setGenerationIdOrMemberEpoch(memberId.isEmpty() && chance(80) ? -1 : generation(group, memberId));
        if (version >= 7) request.setGroupInstanceId(instanceOf(group, memberId));
        if (version <= 4 && chance(30)) request.setRetentionTimeMs(random.nextInt(100_000));
        boolean first = true;
        for (String topic : some()) {
            var data = new OffsetCommitRequestData.OffsetCommitRequestTopic().setName(topic).setTopicId(topicId(topic));
            for (int p = 0; p < 2; p++) {
                if (first || chance(60)) {
                    var partition = new OffsetCommitRequestData.OffsetCommitRequestPartition().setPartitionIndex(p)
                        .setCommittedOffset(random.nextInt(1000)).setCommittedMetadata(metadata(first));
                    if (version >= 6) partition.setCommittedLeaderEpoch(random.nextInt(5) - 1);
                    data.partitions().add(partition);
                }
                first = false;
            }
            if (!data.partitions().isEmpty()) request.topics().add(data);
        }
        commit(request, version);
    }

    void commit(OffsetCommitRequestData request, short version) throws Exception {
        Errors failure = failure(request.groupId());
        byte[] bytes = encode(request, version);
        int ticket = ++this.ticket;
        RequestContext context = context(ApiKeys.OFFSET_COMMIT, version, "c");
        write(() -> shard.commitOffset(context, request), failure, -1, (response, error) -> {
            answer(ticket, error == null ? response : OffsetCommitRequest.getErrorResponse(request, error), version);
            return null;
        });
        request("commit", version, ticket, "c", bytes, failure);
    }

    void txnCommit() throws Exception {
        short version = version(0, 5);
        String group = pick(GROUPS), memberId = version < 3 || chance(50) ? "" : memberId(group);
        long producerId = 1 + random.nextInt(3);
        TxnOffsetCommitRequestData request = new TxnOffsetCommitRequestData().setTransactionalId("x").setGroupId(group).setProducerId(producerId).setMemberId(memberId);
        if (version >= 3) request.setGenerationId(memberId.isEmpty() ? -1 : generation(group, memberId)).setGroupInstanceId(instanceOf(group, memberId));
        for (String topic : some()) {
            request.topics().add(new TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic().setName(topic).setPartitions(List.of(
                new TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition().setPartitionIndex(random.nextInt(2)).setCommittedOffset(random.nextInt(1000)).setCommittedMetadata(metadata(true)))));
        }
        Errors failure = failure();
        int ticket = ++this.ticket;
        RequestContext context = context(ApiKeys.TXN_OFFSET_COMMIT, version, "c");
        write(() -> shard.commitTransactionalOffset(context, request), failure, producerId, (response, error) -> {
            answer(ticket, error == null ? response : TxnOffsetCommitRequest.getErrorResponse(request, error), version);
            return null;
        });
        request("txncommit", version, ticket, "c", encode(request, version), failure);
    }

    List<String> some() {
        List<String> topics = new ArrayList<>(List.of(TOPICS));
        Collections.shuffle(topics, random);
        return topics.subList(0, 1 + random.nextInt(3));
    }

    void fetch() throws Exception {
        short version = version(1, 10);
        List<OffsetFetchRequestData.OffsetFetchRequestGroup> groups = new ArrayList<>();
        // Each group once: ours answers no more than that.
        Set<String> ids = new LinkedHashSet<>();
        for (int i = 0; i <= (version >= 8 ? random.nextInt(2) : 0); i++) ids.add(pick(GROUPS));
        for (String id : ids) {
            var group = new OffsetFetchRequestData.OffsetFetchRequestGroup().setGroupId(id).setTopics(null);
            if (version < 2 || chance(60)) {
                group.setTopics(some().stream().map(topic -> new OffsetFetchRequestData.OffsetFetchRequestTopics().setName(topic)
                    .setTopicId(version >= 10 ? topicId(topic) : Uuid.ZERO_UUID).setPartitionIndexes(List.of(0, 1, 2))).toList());
            }
            groups.add(group);
        }
        fetch(groups, version >= 7 && chance(50), version);
    }

    void fetch(List<OffsetFetchRequestData.OffsetFetchRequestGroup> groups, boolean stable, short version) throws Exception {
        OffsetFetchRequest request = OffsetFetchRequest.Builder.forTopicIdsOrNames(new OffsetFetchRequestData().setRequireStable(stable).setGroups(groups), false).build(version);
        byte[] bytes = encode(request.data(), version);
        List<OffsetFetchResponseData.OffsetFetchResponseGroup> answers = new ArrayList<>();
        for (var group : OffsetFetchRequest.parse(new ByteBufferAccessor(ByteBuffer.wrap(bytes)), version).groups()) {
            if (group.topics() != null && version >= 10) {
                for (var topic : group.topics()) for (String name : TOPICS) if (topicId(name).equals(topic.topicId())) topic.setName(name);
            }
            OffsetFetchResponseData.OffsetFetchResponseGroup answer;
            try {
                answer = shard.fetchOffsets(group, stable ? Long.MAX_VALUE : lastOffset);
            } catch (ApiException e) {
                answers.add(OffsetFetchResponse.groupError(group, Errors.forException(e), version));
                continue;
            }
            if (group.topics() == null) {
                // After a revert Kafka's snapshots can show entries twice.
                answer.topics().forEach(t -> t.setPartitions(new ArrayList<>(new LinkedHashSet<>(t.partitions()))));
                answer.topics().forEach(t -> t.partitions().sort(Comparator.comparing(p -> p.partitionIndex())));
                answer.setTopics(new ArrayList<>(new LinkedHashSet<>(answer.topics())));
                answer.topics().sort(Comparator.comparing(t -> t.name()));
                if (version >= 10) answer.topics().forEach(t -> t.setTopicId(topicId(t.name())));
            }
            answers.add(answer);
        }
        int ticket = ++this.ticket;
        answer(ticket, new OffsetFetchResponse.Builder(answers).build(version).data(), version);
        request("fetch", version, ticket, "c", bytes, null);
    }

    void delete() throws Exception {
        Errors failure = chance(50) ? null : failure();
        int ticket = ++this.ticket;
        if (chance(60)) {
            OffsetDeleteRequestData request = new OffsetDeleteRequestData().setGroupId(pick(chance(70) ? GROUPS : CONSUMER_GROUPS));
            for (String topic : some()) {
                var partitions = new OffsetDeleteRequestData.OffsetDeleteRequestPartition().setPartitionIndex(random.nextInt(2));
                request.topics().add(new OffsetDeleteRequestData.OffsetDeleteRequestTopic().setName(topic).setPartitions(List.of(partitions)));
            }
            RequestContext context = context(ApiKeys.OFFSET_DELETE, (short) 0, "c");
            write(() -> shard.deleteOffsets(context, request), failure, -1, (response, error) -> {
                answer(ticket, error == null ? response : new OffsetDeleteResponseData().setErrorCode(error.code()), (short) 0);
                return null;
            });
            request("offsetdelete", (short) 0, ticket, "c", encode(request, (short) 0), failure);
        } else {
            String group = pick(chance(70) ? GROUPS : CONSUMER_GROUPS);
            DeleteGroupsRequestData request = new DeleteGroupsRequestData().setGroupsNames(List.of(group));
            RequestContext context = context(ApiKeys.DELETE_GROUPS, (short) 2, "c");
            write(() -> shard.deleteGroups(context, List.of(group)), failure, -1, (response, error) -> {
                answer(ticket, new DeleteGroupsResponseData().setResults(error == null ? response : DeleteGroupsRequest.getErrorResultCollection(List.of(group), error)), (short) 2);
                return null;
            });
            request("deletegroups", (short) 2, ticket, "c", encode(request, (short) 2), failure);
        }
    }

    void view() throws Exception {
        int ticket = ++this.ticket;
        if (chance(60)) {
            short version = version(0, 6);
            DescribeGroupsRequestData request = new DescribeGroupsRequestData().setGroups(List.of(GROUPS[0], GROUPS[1]));
            RequestContext context = context(ApiKeys.DESCRIBE_GROUPS, version, "c");
            answer(ticket, new DescribeGroupsResponseData().setGroups(shard.describeGroups(context, request.groups(), lastOffset)), version);
            request("describe", version, ticket, "c", encode(request, version), null);
        } else {
            short version = version(0, 5);
            ListGroupsRequestData request = new ListGroupsRequestData();
            if (version >= 4 && chance(50)) request.setStatesFilter(List.of(pick("Stable", "empty ", "preparingRebalance", "x")));
            if (version >= 5 && chance(50)) request.setTypesFilter(List.of(pick("Classic", "consumer", "x")));
            // As in OffsetFetch.
            var listed = new ArrayList<>(new LinkedHashSet<>(shard.listGroups(request.statesFilter(), request.typesFilter(), lastOffset)));
            listed.sort(Comparator.comparing(g -> g.groupId()));
            answer(ticket, new ListGroupsResponseData().setGroups(listed), version);
            request("list", version, ticket, "c", encode(request, version), null);
        }
    }

    void time() {
        long target = clock.now + (chance(20) ? random.nextInt(60_000) : random.nextInt(6000));
        while (!timers.due.isEmpty() && timers.due.firstKey().deadline() <= target) {
            var first = timers.due.pollFirstEntry();
            timers.byKey.remove(first.getValue().key());
            clock.now = first.getKey().deadline();
            append(first.getValue().operation().generateRecords(), null, -1, (response, error) -> null);
        }
        clock.now = target;
        System.out.println("t " + target);
    }

    void step() throws Exception {
        int die = random.nextInt(140) - 40;
        if (die < -12) consumers.heartbeat();
        else if (die < -8) consumers.commit();
        else if (die < -6) consumers.fetch();
        else if (die < -3) consumers.describe();
        else if (die < 0) changeTopic();
        else if (die < 24) join();
        else if (die < 42) sync();
        else if (die < 52) heartbeat();
        else if (die < 57) leave();
        else if (die < 66) commit();
        else if (die < 69) txnCommit();
        else if (die < 76) fetch();
        else if (die < 79) delete();
        else if (die < 84) view();
        else if (die < 97) time();
        else if (die < 98) {
            long producerId = 1 + random.nextInt(3);
            TransactionResult result = chance(60) ? TransactionResult.COMMIT : TransactionResult.ABORT;
            shard.replayEndTransactionMarker(producerId, (short) 0, result);
            log.add(new Written(producerId, null, result));
            lastOffset++;
            registry.idempotentCreateSnapshot(lastOffset);
            System.out.println("m " + producerId + " " + result);
        } else if (die < 99) {
            String topic = pick(TOPICS);
            append(shard.onTopicsDeleted(List.of(new GroupCoordinatorShard.DeletedTopic(topicId(topic), topic))), null, -1, (response, error) -> null);
            System.out.println("d " + topic);
        } else {
            boolean compacts = chance(50);
            if (compacts) compact();
            shard.onUnloaded();
            load();
            System.out.println(compacts ? "c" : "l");
        }
        Collections.sort(records);
        records.forEach(System.out::println);
        answers.sort(Comparator.comparing(a -> Integer.parseInt(a.split(" ")[1])));
        answers.forEach(System.out::println);
        System.out.println(".");
        records.clear();
        answers.clear();
    }

    /** SEED SCRIPTS STEPS */
    public static void main(String[] args) throws Exception {
        System.setOut(new java.io.PrintStream(new java.io.BufferedOutputStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), 1 << 16)));
        long seed = Long.parseLong(args[0]);
        for (int script = 0; script < Integer.parseInt(args[1]); script++) {
            System.out.println("script " + (seed + script));
            GroupScripts scripts = new GroupScripts(seed + script);
            try {
                for (int step = 0; step < Integer.parseInt(args[2]); step++) scripts.step();
            } catch (IllegalStateException e) {
                // A join timer outlives its group when the group's first record cannot be written. Kafka fails in it, halfway
                // into a new generation; a broker logs that. The script ends here.
                if (!e.getMessage().contains("before moving to")) throw e;
            }
        }
        System.out.flush();
        System.exit(0);
    }
}
