import java.io.*;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.record.internal.MemoryRecords;

/** Makes a random script. It runs each op on a real log as it goes, so that offsets and sequences it picks make sense. */
final class ScriptGen {
    static final String[] PROFILES = {"plain", "txn", "follower", "compact", "recovery", "limits", "deep"};
    final Random rnd;
    final int n;
    final String profile;
    final KafkaLogOracle.Engine e;
    final List<String> script = new ArrayList<>();
    final List<String> answers = new ArrayList<>();
    ObjectNode last;
    int epoch = 0;
    boolean compact, compressed, dead;                    // dead: an open failed, nothing can follow
    boolean recompresses;                                 // the log compresses batches: nothing may depend on their size
    final Map<Long, int[]> seqs = new TreeMap<>();       // pid -> {epoch, next sequence, in transaction}
    final Deque<ObjectNode> sent = new ArrayDeque<>();   // idempotent batches to repeat

    ScriptGen(long seed, int n, String profile) throws IOException {
        this.rnd = new Random(seed);
        this.n = n;
        this.profile = profile != null ? profile : PROFILES[(int) Math.floorMod(seed, PROFILES.length)];
        this.e = new KafkaLogOracle.Engine(Files.createTempDirectory("gen").toFile());
    }

    /** Makes a script for each of COUNT seeds, all profiles in turn, and what Kafka answers to it. */
    static void make(long seed, int count, int steps, File scripts, File outputs) throws Exception {
        scripts.mkdirs();
        outputs.mkdirs();
        for (long s = seed; s < seed + count; s++) {
            ScriptGen gen = new ScriptGen(s, steps, null);
            String name = gen.profile + "-" + s;
            File script = new File(scripts, name + ".jsonl");
            try (PrintStream out = new PrintStream(script, StandardCharsets.UTF_8)) {
                gen.generate(out);
                Files.write(new File(outputs, name + ".out").toPath(), gen.answers);
            } catch (KafkaLogOracle.BadScript e) {
                // A close that failed leaves the log open, and nothing sensible can follow: some sequences of segments that
                // overflow bring Kafka's index to that. No script then.
                script.delete();
            } finally {
                gen.clear();
            }
        }
    }

    void clear() throws IOException {
        if (e.log != null) e.exec(0, op("crash"));
        try (var paths = Files.walk(e.root.toPath())) {
            for (Path p : paths.sorted(Comparator.reverseOrder()).toList()) Files.delete(p);
        }
    }

    static ObjectNode op(String name) { return KafkaLogOracle.M.createObjectNode().put("op", name); }
    int r(int bound) { return rnd.nextInt(bound); }
    boolean p(int percent) { return rnd.nextInt(100) < percent; }
    @SafeVarargs final <T> T one(T... xs) { return xs[r(xs.length)]; }
    boolean is(String... ps) { return Arrays.asList(ps).contains(profile); }

    ObjectNode emit(ObjectNode o) {
        script.add(o.toString());
        last = e.exec(script.size(), o);
        answers.add(last.toString());
        return last;
    }

    long end() { return e.log.logEndOffset(); }
    long start() { return e.log.logStartOffset(); }
    long hw() { return e.log.highWatermark(); }
    long within() { return start() + (end() > start() ? (long) (rnd.nextDouble() * (end() - start() + 1)) : 0); }

    void generate(PrintStream out) throws Exception {
        out.println("# profile " + profile);
        script.add("# profile " + profile);
        emit(openOp());
        for (int i = 0; i < n && !dead; i++) step();
        if (!dead) {
            if (e.log == null) emit(op("open"));
            emit(op("dump"));
            emit(op("producers"));
            emit(op("epochs"));
            emit(op("close").put("files", true));
            emit(op("open").put("files", true));
            // Kafka may refuse what it has just closed itself.
            if (e.log != null) {
                emit(op("read").put("offset", start()).put("max", 1 << 30));
                emit(op("close").put("files", true));
            }
        }
        for (int i = 1; i < script.size(); i++) out.println(script.get(i));
        out.flush();
    }

    ObjectNode openOp() {
        ObjectNode o = op("open");
        o.put("now", 1_700_000_000_000L);
        ObjectNode c = o.putObject("config");
        compact = is("compact") || is("deep") && p(40);
        compressed = p(compact ? 20 : is("deep") ? 60 : 30);
        c.put("segment.bytes", String.valueOf(one(300, 600, 1200, 5000)));
        c.put("index.interval.bytes", String.valueOf(one(0, 0, 100, 500, 4096)));
        c.put("segment.index.bytes", String.valueOf(is("limits") ? one(24, 48, 100) : one(120, 1000, 10485760)));
        c.put("file.delete.delay.ms", String.valueOf(one(0, 1000, 60000)));
        c.put("segment.ms", String.valueOf(one(1000, 60000, 604800000)));
        if (p(40)) c.put("retention.bytes", String.valueOf(one(200, 900, 3000)));
        c.put("retention.ms", String.valueOf(one(-1, 5000, 100000, 604800000)));
        if (p(25)) c.put("message.timestamp.type", "LogAppendTime");
        if (p(15)) c.put("max.message.bytes", String.valueOf(one(150, 400)));
        if (p(20)) c.put("flush.messages", String.valueOf(one(1, 7)));
        if (p(20)) c.put("message.timestamp.before.max.ms", "3600000");
        if (p(15)) c.put("preallocate", "true");
        if (compact) {
            c.put("cleanup.policy", p(25) ? "compact,delete" : "compact");
            c.put("min.cleanable.dirty.ratio", one("0.0", "0.0", "0.3"));
            c.put("delete.retention.ms", String.valueOf(one(0, 1000, 86400000)));
            if (p(30)) c.put("min.compaction.lag.ms", "5000");
            if (p(20)) c.put("max.compaction.lag.ms", "20000");
        } else if (p(5)) c.put("cleanup.policy", "");
        if (is("limits") && p(30)) c.put("compression.type", "uncompressed");
        if (is("deep")) DeepGen.configure(this, c);
        if (compressed && (compact || is("limits", "deep") && p(50))) recompresses = true;
        if (recompresses) {
            o.put("recompresses", true);
            c.put("segment.bytes", "1000000").put("index.interval.bytes", one("0", "1000000000"));
            c.remove(List.of("retention.bytes", "max.message.bytes"));
            if (compact) c.put("segment.index.bytes", "10485760").put("min.cleanable.dirty.ratio", "0.0");
        }
        if (p(50)) o.put("topic_id", "AAAAAAAAAAEAAAAAAAAAAg");
        if (is("txn", "deep")) { o.put("pid_expiry_ms", one(3000, 86400000)); if (p(20)) o.put("verification", true); }
        return o;
    }

    void step() {
        if (e.log == null) { closedStep(); return; }
        if (compact && p(9)) { cleanRound(); return; }
        if (is("deep") && p(12) && DeepGen.step(this)) return;
        if (is("recovery", "deep") && p(5)) { if (p(40)) emit(op("checkpoint")); emit(op("crash")); return; }
        int x = r(100);
        if (x < 45) append();
        else if (x < 53) emit(op("hw").put("offset", p(60) ? end() : p(85) ? within() : end() + r(5) - 2));
        else if (x < 61) read();
        else if (x < 66) lookup();
        else if (x < 70) emit(op("sleep").put("ms", one(1, 500, 1000, 2500, 10000, 70000)));
        else if (x < 73) emit(op("roll"));
        else if (x < 75) emit(op("flush").put("force", p(50)));
        else if (x < 78) emit(op("retention").put("files", p(40)));
        else if (x < 80) emit(op("delete_records").put("offset", p(20) ? -1 : p(80) ? Math.min(within(), hw()) : within()));
        else if (x < 82) emit(op("checkpoint"));
        else if (x < 84) { emit(op("producers")); emit(op("epochs")); }
        else if (x < 86) emit(op("epoch_end").put("epoch", r(epoch + 2) - (p(10) ? 1 : 0)));
        else if (x < 88 && is("follower", "recovery", "txn", "deep")) { emit(op("truncate").put("offset", within()).put("files", p(40))); resync(); }
        else if (x < 89 && is("follower", "recovery", "deep")) {
            ObjectNode o = op("truncate_full").put("offset", (long) one(0L, end() + r(50), within()));
            if (p(30)) o.put("start", o.get("offset").asLong() + 0);
            emit(o);
            resync();
        } else if (x < 92 && compact) emit(op("clean").put("files", p(50)));
        else if (x < 93) { emit(op("close").put("files", p(50))); }
        else if (x < 96 && is("recovery", "deep")) emit(op("crash"));
        else if (x < 97 && is("txn", "deep")) emit(op("aborted").put("from", within()).put("to", end()));
        else if (x < 98) emit(op("files"));
        else if (x < 99 && p(30)) {
            ObjectNode o = op("config");
            o.putObject("set").put("segment.bytes", String.valueOf(one(300, 900, 2500))).put("retention.ms", String.valueOf(one(1000, 100000)));
            if (!recompresses) emit(o);
        } else append();
    }

    void cleanRound() {
        if (p(75)) seqs.forEach((pid, q) -> {
            if (q[2] == 0) return;
            ObjectNode o = op("append").put("epoch", epoch).put("origin", "coordinator").put("tv", 1);
            ObjectNode b = o.putArray("batches").addObject().put("pid", pid).put("pepoch", q[0]);
            b.putObject("control").put("type", p(50) ? "commit" : "abort").put("coord_epoch", 1).put("ts", e.clock.ms);
            if (emit(o).path("ok").asBoolean()) q[2] = 0;
        });
        if (p(80)) emit(op("roll"));
        emit(op("hw").put("offset", p(85) ? end() : within()));
        if (p(50)) emit(op("sleep").put("ms", one(1, 1500, 8000, 90_000_000)));
        ObjectNode o = op("clean").put("files", true);
        if (p(15)) o.put("map_bytes", 24 * one(4, 6, 12));
        if (is("deep") && !recompresses && p(40)) o.put("io_buffer", one(40, 100, 160, 300, 700));
        emit(o);
        if (p(25)) emit(op("dump"));
    }

    /** After a cut, forget what this generator believes about producers. */
    void resync() {
        seqs.clear();
        sent.clear();
        e.log.activeProducers().forEach(q -> seqs.put(q.producerId(), new int[]{q.producerEpoch(), (q.lastSequence() + 1) & Integer.MAX_VALUE, q.currentTxnStartOffset() >= 0 ? 1 : 0}));
    }

    void closedStep() {
        if (is("deep") && p(60)) DeepGen.mangle(this);
        if (is("recovery", "deep") && p(is("deep") ? 25 : 70)) {
            List<File> logs = new ArrayList<>();
            List<String> names = new ArrayList<>();
            for (File f : KafkaLogOracle.Engine.sorted(e.dir())) { names.add(f.getName()); if (f.getName().endsWith(".log")) logs.add(f); }
            boolean clean = new File(e.root, ".kafka_cleanshutdown").exists();
            if (!logs.isEmpty() && !clean) {
                File tail = logs.get(logs.size() - 1);
                String stem = tail.getName().substring(0, 20);
                ObjectNode m = op("mangle");
                switch (r(9)) {
                    case 0 -> m.put("do", "cut").put("file", tail.getName()).put("n", 1 + r(40));
                    case 1 -> { if (tail.length() > 0 && !recompresses) m.put("do", "flip").put("file", tail.getName()).put("at", r((int) Math.min(4000, tail.length()))); }
                    case 2 -> m.put("do", "append").put("file", tail.getName()).put("b64", b64(1 + r(80)));
                    case 3 -> m.put("do", "delete").put("file", one(stem, logs.get(r(logs.size())).getName().substring(0, 20)) + one(".index", ".timeindex", ".txnindex"));
                    case 4 -> m.put("do", "write").put("file", stem + one(".index", ".timeindex")).put("b64", b64(5 + r(60)));
                    case 5 -> { List<String> s = names.stream().filter(q -> q.endsWith(".snapshot")).toList(); if (!s.isEmpty()) m.put("do", one("delete", "cut")).put("file", s.get(r(s.size()))).put("n", 3); }
                    case 6 -> m.put("do", "copy").put("file", logs.get(r(logs.size())).getName()).put("to", logs.get(r(logs.size())).getName() + one(".cleaned", ".deleted"));
                    case 7 -> { String s = logs.get(r(logs.size())).getName(); m.put("do", "copy").put("file", s).put("to", s + ".swap"); }
                    case 8 -> m.put("do", "write").put("file", "00000000000000099999" + one(".index", ".timeindex", ".snapshot")).put("b64", b64(24));
                }
                if (m.has("do")) emit(m);
            }
        }
        emit(op("open").put("files", p(60)));
        if (e.log == null) dead = true;
        else resync();
    }

    String b64(int len) { byte[] b = new byte[len]; rnd.nextBytes(b); return Base64.getEncoder().encodeToString(b); }

    void read() {
        ObjectNode o = op("read").put("offset", (long) (p(85) ? within() : one(start() - 2, start() - 1, end(), end() + 1)))
            .put("max", one(1, 60, 100, 250, 1000, 1 << 20)).put("isolation", one("log_end", "high_watermark", "txn_committed")).put("min_one", p(70));
        if (recompresses) o.put("max", 1 << 30);
        emit(o);
    }

    void lookup() {
        ObjectNode o = op("lookup");
        if (p(60)) o.put("ts", e.clock.ms - r(20000) + 5000);
        else o.put("ts", one("earliest", "latest", "max", "earliest_local", "latest_tiered"));
        emit(o);
    }

    // ---------------------------------------------------------------- appends
    ArrayNode records(ObjectNode b, int count) {
        ArrayNode rs = b.putArray("records");
        for (int i = 0; i < count; i++) {
            ObjectNode x = rs.addObject();
            long ts = e.clock.ms - one(0, 0, 0, 10, 700, 6000) + (p(2) ? 4_000_000 : 0) - (p(2) ? 9_000_000 : 0);
            x.put("ts", p(4) ? -1 : ts);
            if (compact ? !p(2) : p(70)) x.put("k", "k" + r(compact ? 6 : 20)); else x.putNull("k");
            if (p(compact ? 25 : 8)) x.putNull("v");
            else if (p(80)) x.put("v", "v" + r(1000));
            else x.putObject("v").put("n", one(0, 30, 120, p(20) ? 700 : 60));
            if (p(8)) { ArrayNode h = x.putArray("h"); h.addArray().add("h").add("x"); if (p(50)) h.addArray().add("e").addNull(); }
        }
        return rs;
    }

    ObjectNode batch(int count) {
        ObjectNode b = KafkaLogOracle.M.createObjectNode();
        records(b, count);
        return b;
    }

    /** Compressed batches go into the script as bytes, so that nobody needs the same compressor. */
    ObjectNode freeze(ObjectNode b) {
        if (!compressed || !p(50) || b.has("control")) return b;
        b.put("codec", b.path("magic").asInt(2) < 2 ? one("gzip", "snappy", "lz4") : one("gzip", "snappy", "lz4", "zstd"));
        byte[] raw = KafkaLogOracle.Engine.batch(b);
        return KafkaLogOracle.M.createObjectNode().put("raw", Base64.getEncoder().encodeToString(raw));
    }

    void append() {
        if (is("follower") && p(70) || is("deep") && p(20)) { follower(); return; }
        if (is("txn", "compact", "deep") && p(is("txn") ? 80 : 35)) { producerAppend(); return; }
        if (is("plain", "recovery") && p(25)) { producerAppend(); return; }
        ObjectNode o = op("append").put("epoch", p(5) ? ++epoch : epoch);
        ArrayNode bs = o.putArray("batches");
        ObjectNode b = batch(1 + r(p(10) ? 12 : 4));
        if (p(3)) b.put("base", 3);
        if (p(2)) b.put("tstype", "append").put("append_time", e.clock.ms);
        if (p(2)) b.put("flip", 70);
        if (p(2)) b.put("cut", 5);
        if (is("limits", "deep") && p(15)) { b.put("magic", r(2)); b.path("records").forEach(x -> ((ObjectNode) x).remove("h")); }
        boolean odd = b.has("flip") || b.has("cut");
        // A leader converts old batches and those that do not start at offset 0: it compresses them.
        boolean converted = b.has("magic") || b.has("base");
        bs.add(odd || converted && !recompresses ? b : freeze(b));
        if (p(2)) bs.add(batch(1));
        emit(o);
    }

    void producerAppend() {
        long pid = 1 + r(4);
        int[] s = seqs.computeIfAbsent(pid, k -> new int[]{0, is("deep") ? DeepGen.firstSequence(this) : 0, 0});
        boolean wantTxn = is("txn") ? p(70) : p(40);
        ObjectNode o = op("append").put("epoch", epoch);
        ArrayNode bs = o.putArray("batches");
        if (!sent.isEmpty() && p(8)) {                                      // resend
            List<ObjectNode> l = new ArrayList<>(sent);
            bs.add(l.get(r(l.size())).deepCopy());
            emit(o);
            return;
        }
        if (s[2] == 1 && p(35)) {                                            // finish the transaction
            ObjectNode b = KafkaLogOracle.M.createObjectNode().put("pid", pid).put("pepoch", s[0] + (s[0] > 0 && p(15) ? -1 : 0));
            int tv = one(0, 1, 1, 2);
            if (tv == 2 && p(90)) b.put("pepoch", s[0] + 1);
            b.putObject("control").put("type", p(55) ? "commit" : "abort").put("coord_epoch", p(5) ? 1 : 0).put("ts", e.clock.ms);
            bs.add(b);
            o.put("origin", "coordinator").put("tv", tv);
            if (emit(o).path("ok").asBoolean()) { if (b.get("pepoch").asInt() != s[0]) { s[0] = b.get("pepoch").asInt(); s[1] = 0; } s[2] = 0; }
            return;
        }
        if (p(4)) { s[0]++; s[1] = 0; s[2] = 0; }
        ObjectNode b = batch(1 + r(4));
        int seq = s[1], ep = s[0];
        if (p(4)) seq = (seq + 1 + r(3)) & Integer.MAX_VALUE;
        if (p(3) && ep > 0) ep--;
        boolean txn = s[2] == 1 ? !p(3) : wantTxn;
        b.put("pid", pid).put("pepoch", ep).put("seq", seq);
        if (txn) b.put("txn", true);
        if (txn && s[2] == 0 && e.verification && p(85)) {
            emit(op("verify").put("pid", pid).put("seq", seq).put("pepoch", ep).put("epoch_bump", p(30)));
            o.put("guard", pid);
        }
        int count = b.get("records").size();
        ObjectNode f = freeze(b);
        bs.add(f);
        long before = end();
        if (emit(o).path("ok").asBoolean() && end() > before) {
            s[0] = ep;
            s[1] = (seq + count) & Integer.MAX_VALUE;            // 0 follows the largest
            if (txn) s[2] = 1;
            sent.addLast(f);
            if (sent.size() > 8) sent.removeFirst();
        }
    }

    void follower() {
        if (p(10)) epoch += 1 + r(2);
        ObjectNode o = op("append").put("as", "follower").put("epoch", epoch);
        ArrayNode bs = o.putArray("batches");
        long off = end();
        if (p(4)) off = Math.max(0, off - 1 - r(3));
        if (p(10)) off += 1 + r(20);
        if (p(1)) off += Integer.MAX_VALUE;
        int k = 1 + r(3);
        for (int i = 0; i < k; i++) {
            ObjectNode b;
            if (p(6)) {
                LeaderChangeMessage m = new LeaderChangeMessage().setLeaderId(1);
                ByteBuffer buf = MemoryRecords.withLeaderChangeMessage(off, e.clock.ms, epoch, ByteBuffer.allocate(256), m).buffer();
                byte[] raw = new byte[buf.remaining()];
                buf.get(raw);
                b = KafkaLogOracle.M.createObjectNode().put("raw", Base64.getEncoder().encodeToString(raw));
                bs.add(b);
                off++;
                continue;
            }
            b = batch(1 + r(4));
            b.put("base", off).put("epoch", p(4) ? epoch + 1 : epoch);
            if (p(5)) b.put("magic", r(2));
            if (b.has("magic")) { b.path("records").forEach(x -> ((ObjectNode) x).remove("h")); b.remove("epoch"); }
            long o2 = off;
            for (JsonNode x : b.get("records")) {
                if (p(10)) o2 += r(5);
                ((ObjectNode) x).put("o", o2);
                if (b.has("magic") && x.path("ts").asLong() < 0) ((ObjectNode) x).put("ts", e.clock.ms);
                o2++;
            }
            if (!b.has("magic") && p(25)) {
                long pid = 1 + r(3);
                int[] s = seqs.computeIfAbsent(pid, q -> new int[]{0, 0, 0});
                b.put("pid", pid).put("pepoch", s[0]).put("seq", s[1]);
                s[1] = (s[1] + (int) (o2 - off)) & Integer.MAX_VALUE;
                if (s[2] == 1) b.put("txn", true);
            }
            bs.add(freeze(b));
            off = p(3) ? off : o2;
        }
        emit(o);
    }
}
