package org.apache.kafka.coordinator.group;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetadataDelta;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetadataImage;

/** Topics with their partitions, as a version of the metadata has them. Partitions with even numbers have racks. */
record Topics(Map<String, Integer> partitions, long version) implements CoordinatorMetadataImage {
    Topics with(String name, int count) {
        Map<String, Integer> changed = new TreeMap<>(partitions);
        if (count == 0) changed.remove(name);
        else changed.put(name, count);
        return new Topics(changed, version + 1);
    }

    public Set<Uuid> topicIds() { throw new UnsupportedOperationException(); }
    public Set<String> topicNames() { return partitions.keySet(); }
    public Optional<TopicMetadata> topicMetadata(Uuid id) {
        return partitions.keySet().stream().filter(name -> GroupScripts.topicId(name).equals(id)).findFirst().flatMap(this::topicMetadata);
    }
    public Optional<TopicMetadata> topicMetadata(String name) {
        Integer count = partitions.get(name);
        if (count == null) return Optional.empty();
        return Optional.of(new TopicMetadata() {
            public String name() { return name; }
            public Uuid id() { return GroupScripts.topicId(name); }
            public int partitionCount() { return count; }
            public List<String> partitionRacks(int partition) { return new ArrayList<>(partition % 2 == 0 ? List.of("rb", "ra") : List.of()); }
        });
    }
    public CoordinatorMetadataDelta emptyDelta() { return new Change(this, this, List.of()); }
    public boolean isEmpty() { return partitions.isEmpty(); }

    /** What has changed between two versions. */
    record Change(Topics before, Topics after, List<String> names) implements CoordinatorMetadataDelta {
        private List<Uuid> ids(boolean was, boolean is) {
            return names.stream().filter(name -> before.partitions.containsKey(name) == was && after.partitions.containsKey(name) == is).map(GroupScripts::topicId).toList();
        }
        public Collection<Uuid> createdTopicIds() { return ids(false, true); }
        public Collection<Uuid> changedTopicIds() {
            List<Uuid> changed = new ArrayList<>(ids(true, true));
            changed.addAll(ids(false, true));
            return changed;
        }
        public Set<Uuid> deletedTopicIds() { return Set.copyOf(ids(true, false)); }
        public CoordinatorMetadataImage image() { return before; }
    }
}
