import java.io.ByteArrayOutputStream;
import java.io.File;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What the profile "deep" does beyond the others: other codecs, sequences that start again at 0, all origins, swaps that did
 * not end, segments whose offsets overflow, damage after a clean stop.
 */
final class DeepGen {
    private DeepGen() { }

    static void configure(ScriptGen g, ObjectNode c) {
        g.recompresses = g.p(35);
        if (g.recompresses) c.put("compression.type", codec(g));
        else if (g.p(20)) c.put("compression.type", "uncompressed");
        if (g.p(30)) c.put("compression.gzip.level", String.valueOf(1 + g.r(9)));
        if (g.p(30)) c.put("compression.zstd.level", String.valueOf(1 + g.r(6)));
        if (g.p(20)) c.put("segment.bytes", "100000");
    }

    private static String codec(ScriptGen g) {
        return g.one("gzip", "snappy", "lz4", "zstd");
    }

    static int firstSequence(ScriptGen g) {
        return g.p(50) ? Integer.MAX_VALUE - g.r(6) : 0;
    }

    /** An operation that the other profiles do not have; false if none came to mind. */
    static boolean step(ScriptGen g) {
        switch (g.r(8)) {
            case 0 -> g.emit(ScriptGen.op("roll").put("offset", g.end() - g.r(3)));
            case 1 -> g.emit(ScriptGen.op("assign_epoch").put("epoch", g.epoch + g.r(3) - 1).put("offset", g.end() + g.r(3) - 1));
            case 2 -> g.emit(ScriptGen.op("snapshot").put("files", true));
            case 3 -> g.emit(ScriptGen.op("expire"));
            case 4 -> g.emit(ScriptGen.op("lookup").put("ts", "earliest_pending_upload"));
            case 5 -> {
                ObjectNode b = g.batch(1 + g.r(3));
                b.put("base", g.p(80) ? g.end() : g.within()).put("epoch", g.p(85) ? g.epoch : g.epoch + 1);
                append(g, "raft_leader", b);
            }
            case 6 -> append(g, g.one("coordinator", "replication"), g.freeze(g.batch(1 + g.r(3))));
            case 7 -> {
                ObjectNode o = ScriptGen.op("config");
                ObjectNode set = o.putObject("set");
                if (g.p(50)) set.putNull("compression.type"); else set.put("compression.type", g.recompresses && g.p(80) ? codec(g) : "uncompressed");
                g.emit(o);
            }
            default -> { return false; }
        }
        return true;
    }

    private static void append(ScriptGen g, String origin, ObjectNode batch) {
        ObjectNode o = ScriptGen.op("append").put("epoch", g.epoch).put("origin", origin);
        o.putArray("batches").add(batch);
        g.emit(o);
    }

    private static List<String> names(ScriptGen g, String suffix) {
        List<String> names = new ArrayList<>();
        for (File f : KafkaLogOracle.Engine.sorted(g.e.dir())) if (f.getName().endsWith(suffix)) names.add(f.getName());
        return names;
    }

    /** Something done to the files of a closed log, stopped cleanly or not. */
    static void mangle(ScriptGen g) {
        List<String> logs = names(g, ".log");
        if (logs.isEmpty()) return;
        int at = g.r(logs.size());
        String stem = logs.get(at).substring(0, 20);
        switch (g.r(9)) {
            case 0 -> suffix(g, stem, ".swap", false);
            case 1 -> suffix(g, stem, g.one(".swap", ".cleaned", ".deleted"), true);
            case 2 -> { if (at + 1 < logs.size()) merged(g, logs.subList(at, Math.min(logs.size() - 1, at + 1 + g.r(2)) + 1)); }
            case 3, 4 -> overflow(g, logs);
            case 5 -> { if (!g.recompresses) index(g, stem); }
            case 6 -> { List<String> s = names(g, ".snapshot"); if (!s.isEmpty()) one(g, g.one("delete", "flip"), s.get(g.r(s.size()))).put("at", g.r(60)); }
            case 7 -> { if (logs.size() > 1 && at > 0) one(g, "delete", logs.get(at)); }
            default -> one(g, "write", "leader-epoch-checkpoint").put("b64", epochs(g));
        }
        flush(g);
    }

    private static ObjectNode pending;

    /** The mangling to be emitted next; emits the one before. */
    private static ObjectNode one(ScriptGen g, String what, String file) {
        flush(g);
        pending = ScriptGen.op("mangle").put("do", what).put("file", file);
        return pending;
    }

    private static void flush(ScriptGen g) {
        if (pending != null) g.emit(pending);
        pending = null;
    }

    /** All files of a segment get a suffix, or copies of them do. */
    private static void suffix(ScriptGen g, String stem, String suffix, boolean copy) {
        for (String ext : new String[]{".log", ".index", ".timeindex", ".txnindex"})
            if (new File(g.e.dir(), stem + ext).exists()) one(g, copy ? "copy" : "rename", stem + ext).put("to", stem + ext + suffix);
    }

    /** A cleaning that had merged some segments into one, and got as far as the swap. */
    private static void merged(ScriptGen g, List<String> logs) {
        try {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (String log : logs) all.write(Files.readAllBytes(new File(g.e.dir(), log).toPath()));
            String b64 = Base64.getEncoder().encodeToString(all.toByteArray());
            one(g, "write", logs.get(0) + ".swap").put("b64", b64);
            if (g.p(30)) one(g, "write", g.one(logs.get(0), logs.get(logs.size() - 1)) + ".cleaned").put("b64", b64);
        } catch (java.io.IOException e) { throw new java.io.UncheckedIOException(e); }
    }

    /** Batches at the end of the last log whose offsets are too far from its base. */
    private static void overflow(ScriptGen g, List<String> logs) {
        String log = logs.get(logs.size() - 1);
        long offset = Long.parseLong(log.substring(0, 20)) + g.r(5);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        int jumps = 1 + g.r(3);
        for (int i = 0; i < jumps; i++) {
            offset += Integer.MAX_VALUE + (long) g.r(3) - 1;
            for (int k = 1 + g.r(3); k > 0; k--) {
                ObjectNode b = g.batch(1 + g.r(2)).put("base", offset).put("epoch", g.epoch);
                offset += b.get("records").size();
                all.writeBytes(KafkaLogOracle.Engine.batch(b));
            }
        }
        one(g, "append", log).put("b64", Base64.getEncoder().encodeToString(all.toByteArray()));
    }

    private static void index(ScriptGen g, String stem) {
        String file = stem + g.one(".index", ".timeindex", ".txnindex");
        switch (g.r(4)) {
            case 0 -> one(g, "delete", file);
            case 1 -> one(g, "cut", file).put("n", 24 * (1 + g.r(2)));
            case 2 -> one(g, "flip", file).put("at", g.r(40));
            // Whole entries of both indexes: what is left of one behind the last is seen in Kafka's preallocated files alone.
            default -> one(g, "append", file).put("b64", g.b64(24 * (1 + g.r(2))));
        }
    }

    private static String epochs(ScriptGen g) {
        StringBuilder text = new StringBuilder("0\n");
        int n = g.r(4);
        text.append(n).append("\n");
        int first = g.p(5) ? -1 : Math.max(0, g.epoch - 1);
        for (int i = 0; i < n; i++) text.append(first + i).append(' ').append(g.r(5) + i * 5).append("\n");
        return Base64.getEncoder().encodeToString(text.toString().getBytes());
    }
}
