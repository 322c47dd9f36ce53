import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.File;
import java.util.Optional;
import java.util.TreeMap;

/**
 * OpenPartition DIR clean|unclean INDEX_INTERVAL: opens a partition folder as a starting broker does after such a stop, and closes it. One
 * JSON object says what came of it. Files are changed in place; deletions that Kafka delays are carried out at once.
 */
public class OpenPartition {
    public static void main(String[] args) throws Exception {
        ObjectMapper json = new ObjectMapper();
        System.out.println(json.writeValueAsString(open(json, new File(args[0]), args[1].equals("clean"), Integer.parseInt(args[2]))));
    }

    private static ObjectNode open(ObjectMapper json, File dir, boolean clean, int indexInterval) {
        ObjectNode answer = json.createObjectNode();
        Recover.Deferred scheduler = new Recover.Deferred();
        try {
            UnifiedLog log = UnifiedLog.create(dir, Recover.config(indexInterval), 0L, clean ? Long.MAX_VALUE : 0L, scheduler, new BrokerTopicStats(),
                Time.SYSTEM, 15 * 60 * 1000, new ProducerStateManagerConfig(Integer.MAX_VALUE, false), 600_000, new LogDirFailureChannel(1), clean,
                Optional.empty());
            answer.put("opened", true);
            answer.put("logStartOffset", log.logStartOffset());
            answer.put("logEndOffset", log.logEndOffset());
            ArrayNode epochs = answer.putArray("leaderEpochs");
            log.leaderEpochCache().epochEntries().forEach(e -> epochs.addArray().add(e.epoch()).add(e.startOffset()));
            ArrayNode open = answer.putArray("openTransactions");
            new TreeMap<>(log.producerStateManager().activeProducers()).forEach((id, e) ->
                e.currentTxnFirstOffset().ifPresent(first -> open.addArray().add(id).add(first)));
            scheduler.runAll();
            log.close();
            scheduler.runAll();
        } catch (Throwable t) {
            answer.put("error", t.getClass().getName() + ": " + String.valueOf(t.getMessage()).replace(dir.getParentFile().getAbsolutePath() + "/", ""));
        }
        return answer;
    }
}
