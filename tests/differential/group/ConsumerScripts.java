package org.apache.kafka.coordinator.group;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.group.classic.ClassicGroup;
import org.apache.kafka.coordinator.group.modern.consumer.ConsumerGroup;
import org.apache.kafka.coordinator.group.modern.consumer.ConsumerGroupMember;

/** The steps of a script that concern consumer groups. */
class ConsumerScripts {
    static final String[] NAMES = {"t0", "t1", "t2", "u3", "u4"};

    final GroupScripts script;

    ConsumerScripts(GroupScripts script) {
        this.script = script;
    }

    ConsumerGroup group(String id) {
        try {
            return script.groups.consumerGroup(id);
        } catch (RuntimeException e) {
            return null;
        }
    }

    /** Members of a consumer group that speak the classic protocol. */
    List<String> memberIds(String group) {
        ConsumerGroup known = group(group);
        if (known == null) return List.of();
        return known.members().values().stream().filter(m -> m.useClassicProtocol() || script.chance(5)).map(m -> m.memberId()).toList();
    }

    int epoch(String group, String memberId) {
        ConsumerGroup known = group(group);
        return known == null || !known.members().containsKey(memberId) ? 0 : known.members().get(memberId).memberEpoch();
    }

    ConsumerGroupMember member(String group) {
        ConsumerGroup known = group(group);
        if (known == null || known.members().isEmpty()) return null;
        List<String> ids = new ArrayList<>(known.members().keySet());
        Collections.sort(ids);
        return known.members().get(script.pick(ids));
    }

    int epoch(ConsumerGroupMember member) {
        if (script.chance(88)) return member.memberEpoch();
        if (script.chance(50)) return member.previousMemberEpoch();
        return member.memberEpoch() + script.random.nextInt(5) - 2;
    }

    List<String> topics() {
        List<String> names = new ArrayList<>(List.of(NAMES));
        Collections.shuffle(names, script.random);
        return new ArrayList<>(names.subList(0, script.chance(70) ? 2 : script.random.nextInt(4)));
    }

    String regex() {
        return script.pick("t.*", "t.*", "[tu][0-3]", "(t0|u4)", "", "x(");
    }

    List<ConsumerGroupHeartbeatRequestData.TopicPartitions> owned(ConsumerGroupMember member) {
        List<ConsumerGroupHeartbeatRequestData.TopicPartitions> owned = new ArrayList<>();
        List<Map<Uuid, Map<Integer, Integer>>> parts = new ArrayList<>(List.of(member.assignedPartitions()));
        if (script.chance(40)) parts.add(member.partitionsPendingRevocation());
        for (var part : parts) {
            part.forEach((id, epochs) -> owned.add(new ConsumerGroupHeartbeatRequestData.TopicPartitions().setTopicId(id).setPartitions(new ArrayList<>(epochs.keySet()))));
        }
        return owned;
    }

    /** Kafka's upgrade throws where a member, a static one that came back, does not have the group's protocol; in generation 0 it gives epochs of 0. */
    boolean cannotBeUpgraded(String group) {
        ClassicGroup known = script.group(group);
        if (known == null || known.isEmpty()) return false;
        String protocol = known.protocolName().orElse(null);
        return known.generationId() == 0 || known.allMemberIds().stream().anyMatch(id -> known.member(id).supportedProtocols().find(protocol) == null);
    }

    void heartbeat() throws Exception {
        short version = script.version(0, 1);
        String group = script.pick(script.consumerGroups());
        ConsumerGroupMember member = member(group);
        var request = new ConsumerGroupHeartbeatRequestData().setGroupId(group);
        int die = script.random.nextInt(100);
        if (member == null || die < 22) {
            boolean again = member != null && script.chance(25);
            request.setMemberId(again ? member.memberId() : version == 0 && script.chance(60) ? "" : new Uuid(script.random.nextLong(), script.random.nextLong()).toString())
                .setMemberEpoch(0).setRebalanceTimeoutMs(1000 + script.random.nextInt(20) * 1000).setTopicPartitions(new ArrayList<>());
            // A member that changes its instance id leaves one behind in Kafka that nobody can have any more.
            request.setInstanceId(again ? member.instanceId() : script.chance(65) ? null : script.pick("i0", "i1"));
            if (version >= 1 && script.chance(40)) request.setSubscribedTopicRegex(regex());
            if (request.subscribedTopicRegex() == null || script.chance(30)) request.setSubscribedTopicNames(topics());
            if (script.chance(30)) request.setServerAssignor(script.pick("range", "uniform"));
            if (script.chance(20)) request.setRackId("ra");
        } else if (die < 32) {
            request.setMemberId(script.chance(95) ? member.memberId() : "nobody").setInstanceId(script.chance(95) ? member.instanceId() : script.pick(null, "i0"));
            request.setMemberEpoch(request.instanceId() != null && script.chance(60) ? -2 : -1);
        } else {
            request.setMemberId(script.chance(98) ? member.memberId() : "nobody").setMemberEpoch(Math.max(1, epoch(member)));
            request.setInstanceId(script.chance(97) ? member.instanceId() : script.pick(null, "i1"));
            if (script.chance(60)) request.setTopicPartitions(owned(member));
            if (script.chance(15)) request.setSubscribedTopicNames(topics());
            if (version >= 1 && script.chance(10)) request.setSubscribedTopicRegex(regex());
            if (script.chance(10)) request.setRebalanceTimeoutMs(1000 + script.random.nextInt(20) * 1000);
            if (script.chance(5)) request.setServerAssignor(script.pick("range", "uniform"));
        }
        if (request.memberEpoch() == 0 && cannotBeUpgraded(group)) return;
        String client = script.chance(95) ? "c" : "other";
        Errors failure = script.failure(group);
        int ticket = ++script.ticket;
        byte[] bytes = GroupScripts.encode(request, version);
        var context = script.context(ApiKeys.CONSUMER_GROUP_HEARTBEAT, version, client);
        String asked = request.memberId();
        script.writeWithMessage(() -> {
            var result = script.shard.consumerGroupHeartbeat(context, request);
            if (asked.isEmpty()) script.noteUuid(result.response().memberId());
            return result;
        }, failure, (response, error) -> {
            ConsumerGroupHeartbeatResponseData data = response;
            if (error != null) {
                // The id that Kafka made up for the member.
                if (asked.isEmpty() && error.message() != null && error.message().startsWith("Static member ")) script.noteUuid(error.message().split(" ")[2]);
                data = new ConsumerGroupHeartbeatResponseData().setErrorCode(error.error().code()).setErrorMessage(error.message());
                // The descriptions of RE2/J are not ours.
                if (error.error() == Errors.INVALID_REGULAR_EXPRESSION) data.setErrorMessage(null);
            }
            script.answer(ticket, data, version);
        });
        script.request("consumer", version, ticket, client, bytes, failure);
    }

    void describe() throws Exception {
        short version = script.version(0, 1);
        var request = new ConsumerGroupDescribeRequestData().setGroupIds(List.of(script.consumerGroups()));
        var context = script.context(ApiKeys.CONSUMER_GROUP_DESCRIBE, version, "c");
        int ticket = ++script.ticket;
        var groups = script.shard.consumerGroupDescribe(request.groupIds(), script.lastOffset);
        // After a revert Kafka's snapshots can show entries twice, and have another order.
        for (var group : groups) {
            group.setMembers(new ArrayList<>(new java.util.LinkedHashSet<>(group.members())));
            group.members().sort(Comparator.comparing(m -> m.memberId()));
        }
        script.answer(ticket, new ConsumerGroupDescribeResponseData().setGroups(groups), version);
        script.request("describeconsumer", version, ticket, "c", GroupScripts.encode(request, version), null);
    }

    /** A commit of a member of a consumer group. */
    void commit() throws Exception {
        String group = script.pick(script.consumerGroups());
        ConsumerGroupMember member = member(group);
        if (member == null) return;
        short version = script.chance(90) ? script.version(9, 10) : script.version(2, 8);
        var request = new OffsetCommitRequestData().setGroupId(group).setMemberId(member.memberId()).setGenerationIdOrMemberEpoch(epoch(member));
        if (version >= 7) request.setGroupInstanceId(member.instanceId());
        for (String name : script.some()) {
            var topic = new OffsetCommitRequestData.OffsetCommitRequestTopic().setName(name).setTopicId(GroupScripts.topicId(name));
            for (int p = 0; p < 2; p++) {
                if (script.chance(50)) topic.partitions().add(new OffsetCommitRequestData.OffsetCommitRequestPartition().setPartitionIndex(p)
                    .setCommittedOffset(script.random.nextInt(1000)).setCommittedMetadata(script.metadata(false)));
            }
            if (!topic.partitions().isEmpty()) request.topics().add(topic);
        }
        if (request.topics().isEmpty()) return;
        script.commit(request, version);
    }

    void fetch() throws Exception {
        String group = script.pick(script.consumerGroups());
        ConsumerGroupMember member = member(group);
        if (member == null) return;
        short version = script.version(9, 9);
        var asked = new OffsetFetchRequestData.OffsetFetchRequestGroup().setGroupId(group).setMemberId(member.memberId()).setMemberEpoch(epoch(member))
            .setTopics(script.some().stream().map(topic -> new OffsetFetchRequestData.OffsetFetchRequestTopics().setName(topic).setPartitionIndexes(List.of(0, 1, 2))).toList());
        script.fetch(List.of(asked), false, version);
    }
}
