package org.apache.kafka.storage.internals.log;

/** The class of this name that Kafka 4.3 has, made of what Kafka 4.4 has in its place, so that helpers compile with both. */
public class AbortedTxn extends org.apache.kafka.common.message.AbortedTxn {
    public AbortedTxn(long producerId, long firstOffset, long lastOffset, long lastStableOffset) {
        setProducerId(producerId);
        setFirstOffset(firstOffset);
        setLastOffset(lastOffset);
        setLastStableOffset(lastStableOffset);
    }
}
