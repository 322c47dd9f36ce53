import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.apache.kafka.common.record.internal.CompressionType;

/**
 * Scenarios of what Kafka 4.4 reads in another way than Kafka 4.3, made besides those of DirectScenarios.
 * Usage: LaterScenarios OUT SEED.
 */
public class LaterScenarios extends DirectScenarios {
    private static final int NEGATIVE = -1;

    LaterScenarios(Path out, long seed) {
        super(out, seed);
    }

    @Override
    void all() throws Exception {
        tagsAndArrays();
        transactionStates();
        controlRecord();
        transactionIndexes();
    }

    /** Tags 2 and 3 of a streams group, and numbers of tagged fields and array elements at the limits of Kafka 4.4. */
    private void tagsAndArrays() throws Exception {
        Gen g = new Gen(seed, "later-offsets");
        Path d = scenario("later-offsets", "the fields of a streams group that Kafka 4.4 added; too many tagged fields and array elements for it", 4096, "offsets-decoder");
        byte[] streamsGroup = ByteBuffer.allocate(5).putShort((short) 17).putShort((short) 1).put((byte) 'g').array();
        byte[] member = ByteBuffer.allocate(8).putShort((short) 5).putShort((short) 1).put((byte) 'g').putShort((short) 1).put((byte) 'm').array();
        List<Rec> records = new ArrayList<>();
        for (byte[] tags : List.of(
            tags(2, bytes(2, 4, 0, 0, 0, 7, 3, 4, 0xff, 0xff, 0xff, 0xfe)),
            tags(2, bytes(2, 4, 0xff, 0xff, 0xff, 0xff, 3, 4, 0xff, 0xff, 0xff, 0xff)),
            tags(3, bytes(0, 4, 0, 0, 0, 1, 3, 4, 0, 0, 0, 2, 9, 1, 5)),
            tags(NEGATIVE, new byte[0]),
            tags(64, new byte[0]),
            tags(3, bytes(9, 0)),
            tags(2, bytes(2, 4, 0, 0)),
            tags(10_000, repeated(10_000, 99, 0)),
            tags(10_001, repeated(10_001, 99, 0)))) {
            byte[] value = ByteBuffer.allocate(14 + tags.length).putShort((short) 0).putInt(5).putLong(6).put(tags).array();
            records.add(new Rec(records.size(), g.startTime(), streamsGroup, value, null));
        }
        for (int names : new int[] {2, 1_000_001}) {
            ByteBuffer value = ByteBuffer.allocate(32 + names).putShort((short) 0).put(bytes(0, 0, 1, 1));
            varint(value, names + 1).put(repeated(names, 1)).put(bytes(0, 0, 0, 0, 9, 0, 0)).flip();
            records.add(new Rec(records.size(), g.startTime(), member, bytes(value), null));
        }
        chunk(d.resolve(g.topic() + "-0"), g, records, CompressionType.GZIP);
    }

    private void transactionStates() throws Exception {
        Gen g = new Gen(seed, "later-transactions");
        Path d = scenario("later-transactions", "transactions in every state, and in states that no release knows", 4096, "transaction-log-decoder");
        byte[] key = ByteBuffer.allocate(5).putShort((short) 0).putShort((short) 1).put((byte) 't').array();
        List<Rec> records = new ArrayList<>();
        for (int state : new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 127, -1, -128}) {
            byte[] value = ByteBuffer.allocate(37).putShort((short) 0).putLong(9).putShort((short) 1).putInt(60_000).put((byte) state)
                .putInt(-1).putLong(1_700_000_000_000L).putLong(-1).array();
            records.add(new Rec(records.size(), g.startTime(), key, value, null));
        }
        records.add(new Rec(records.size(), g.startTime(), key, null, null));
        chunk(d.resolve(g.topic() + "-0"), g, records, CompressionType.NONE);
    }

    /** A change of leader with a negative number of tagged fields ends the tool. */
    private void controlRecord() throws Exception {
        Gen g = new Gen(seed, "later-control");
        Path d = scenario("later-control", "a control record with a negative number of tagged fields", 4096, null);
        Log log = new Log(d.resolve(g.topic() + "-0"), g, 0);
        for (int tags : new int[] {0, NEGATIVE}) {
            ByteBuffer value = ByteBuffer.allocate(16).putShort((short) 0).putInt(4).put(bytes(1, 1));
            varint(value, tags).flip();
            log.add(Shape.of((byte) 2, CompressionType.NONE).asControl(), List.of(new Rec(log.next, log.time, bytes(0, 0, 0, 2), bytes(value), null)));
        }
        log.writeOnly();
    }

    private void transactionIndexes() throws Exception {
        Gen g = new Gen(seed, "later-transaction-indexes");
        Path d = scenario("later-transaction-indexes", "transaction indexes with entries of several versions", 4096, null).resolve(g.topic() + "-0");
        Files.createDirectories(d);
        int[] versions = {0, 0x00ff, 0xff00, 0x0100};
        for (int i = 0; i < versions.length; i++) {
            ByteBuffer entries = ByteBuffer.allocate(2 * 34);
            for (int version : new int[] {0, versions[i]}) {
                entries.putShort((short) version).putLong(7).putLong(3).putLong(9).putLong(12);
            }
            Files.write(d.resolve(String.format("%020d.txnindex", i)), entries.array());
        }
    }

    private static byte[] tags(int count, byte[] rest) {
        ByteBuffer tags = varint(ByteBuffer.allocate(5 + rest.length), count).put(rest);
        return bytes(tags.flip());
    }

    private static ByteBuffer varint(ByteBuffer out, int value) {
        for (; (value & ~0x7f) != 0; value >>>= 7) out.put((byte) (value & 0x7f | 0x80));
        return out.put((byte) value);
    }

    private static byte[] repeated(int times, int... values) {
        ByteBuffer out = ByteBuffer.allocate(times * values.length);
        for (int i = 0; i < times; i++) out.put(bytes(values));
        return out.array();
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) bytes[i] = (byte) values[i];
        return bytes;
    }

    public static void main(String[] args) throws Exception {
        new LaterScenarios(Path.of(args[0]), Long.parseLong(args[1])).all();
    }
}
