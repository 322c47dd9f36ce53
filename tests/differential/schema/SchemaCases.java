import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.metadata.MetadataRecordType;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.record.internal.ControlRecordUtils;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.ByteUtils;
import org.apache.kafka.common.utils.ImplicitLinkedHashMultiCollection;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.apache.kafka.coordinator.share.ShareCoordinatorRecordSerde;
import org.apache.kafka.coordinator.transaction.TransactionCoordinatorRecordSerde;
import org.apache.kafka.server.common.serialization.BytesApiMessageSerde;

import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.lang.reflect.*;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes cases for the schema decoders: bytes, and what the parsers of Kafka's dump tool make of them.
 *
 *     SchemaCases SEED COUNT
 *
 * Every type and version in turn, with arbitrary values, two of three damaged in some way. Doubles of which Java 17 prints more
 * digits than later ones are left out. A line:
 *
 *     DECODER OFFSET KEY VALUE EXPECTED_KEY EXPECTED_PAYLOAD REWRITTEN_KEY REWRITTEN_VALUE
 *
 * DECODER: offsets, transactions, metadata, remote, share, or control2 .. control6; byte strings in hex, "-" for none;
 * an exception is "!" and its message in hex. REWRITTEN: what Kafka's classes write after they have read the record.
 */
public final class SchemaCases {
    private static final HexFormat HEX = HexFormat.of();
    private static final Pattern UNSUPPORTED = Pattern.compile("non-default (\\w+) at version");
    private static final Pattern DOUBLE = Pattern.compile("\"value\":(-?[0-9][0-9.E-]*),\"remove\"");
    private static final String[] TEXTS = {"", "orders", "consumer", "range", "a-b.c_d", "žluťoučký kůň – 漢字 🎉",
        "quote\" back\\slash /slash\ttab\nline\u0001\u001f\u007f\u2028</x>\b\f\r", "x".repeat(200)};

    private final Random r;

    private SchemaCases(long seed) {
        r = new Random(seed);
    }

    /** One record type at one version: how to make its key and value. */
    private record Kind(String decoder, short version, Supplier<ApiMessage> key, Supplier<ApiMessage> value, short id) { }

    public static void main(String[] args) throws Exception {
        SchemaCases cases = new SchemaCases(Long.parseLong(args[0]));
        int count = Integer.parseInt(args[1]);
        List<Kind> kinds = kinds();
        Map<String, Object> parsers = parsers();
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, StandardCharsets.UTF_8);
        for (int i = 0; i < count; i++) {
            Kind kind = kinds.get(i % kinds.size());
            byte[] key = kind.key == null ? (cases.r.nextInt(9) == 0 ? cases.bytes(4) : null) : cases.keyOf(kind);
            byte[] value = cases.valueOf(kind);
            if (!kind.decoder.startsWith("control") && cases.r.nextInt(20) == 0) value = null;
            switch (cases.r.nextInt(6)) {
                case 0 -> key = cases.damaged(key);
                case 1, 2, 3 -> value = cases.damaged(value);
                default -> { }
            }
            if (cases.r.nextInt(500) == 0) key = null;
            long offset = cases.r.nextInt(3) == 0 ? cases.r.nextLong() >>> 1 : i;
            String expected = kind.decoder.startsWith("control")
                ? "- " + control(kind.id, value)
                : parsed(parsers.get(kind.decoder), key, value, offset);
            if (kind.decoder.equals("metadata") && !hasShortestDouble(expected)) continue;
            out.println(kind.decoder + " " + offset + " " + hex(key) + " " + hex(value) + " " + expected + " " + rewritten(kind, key, value));
        }
        out.flush();
    }

    // ---- what Kafka makes of it ----

    private static Map<String, Object> parsers() throws Exception {
        Map<String, Object> parsers = new HashMap<>();
        String[][] names = {{"offsets", "Offsets"}, {"transactions", "TransactionLog"}, {"metadata", "ClusterMetadataLog"},
            {"remote", "RemoteMetadataLog"}, {"share", "ShareGroupState"}};
        for (String[] name : names) {
            Constructor<?> make = Class.forName("org.apache.kafka.tools.DumpLogSegments$" + name[1] + "MessageParser").getDeclaredConstructor();
            make.setAccessible(true);
            parsers.put(name[0], make.newInstance());
        }
        return parsers;
    }

    private static String parsed(Object parser, byte[] key, byte[] value, long offset) throws Exception {
        Record record = (Record) Proxy.newProxyInstance(Record.class.getClassLoader(), new Class<?>[] {Record.class}, (proxy, method, args) ->
            switch (method.getName()) {
                case "hasKey" -> key != null;
                case "hasValue" -> value != null;
                case "key" -> key == null ? null : ByteBuffer.wrap(key);
                case "value" -> value == null ? null : ByteBuffer.wrap(value);
                case "keySize" -> key == null ? -1 : key.length;
                case "valueSize" -> value == null ? -1 : value.length;
                case "offset" -> offset;
                default -> throw new UnsupportedOperationException(method.getName());
            });
        Method parse = parser.getClass().getMethod("parse", Record.class);
        parse.setAccessible(true);
        try {
            Object result = parse.invoke(parser, record);
            return part(result, "key") + " " + part(result, "value");
        } catch (InvocationTargetException e) {
            return "!" + hex(utf8(String.valueOf(e.getCause().getMessage()))) + " -";
        }
    }

    private static String part(Object result, String name) throws Exception {
        Method get = result.getClass().getDeclaredMethod(name);
        get.setAccessible(true);
        Optional<?> part = (Optional<?>) get.invoke(result);
        return part.isEmpty() ? "-" : hex(utf8(part.get().toString()));
    }

    private static String control(short id, byte[] value) {
        ByteBuffer data = ByteBuffer.wrap(value);
        try {
            Object json = switch (id) {
                case 2 -> {
                    LeaderChangeMessage m = ControlRecordUtils.deserializeLeaderChangeMessage(data);
                    yield LeaderChangeMessageJsonConverter.write(m, m.version());
                }
                case 3 -> {
                    SnapshotHeaderRecord m = ControlRecordUtils.deserializeSnapshotHeaderRecord(data);
                    yield SnapshotHeaderRecordJsonConverter.write(m, m.version());
                }
                case 4 -> {
                    SnapshotFooterRecord m = ControlRecordUtils.deserializeSnapshotFooterRecord(data);
                    yield SnapshotFooterRecordJsonConverter.write(m, m.version());
                }
                case 5 -> {
                    KRaftVersionRecord m = ControlRecordUtils.deserializeKRaftVersionRecord(data);
                    yield KRaftVersionRecordJsonConverter.write(m, m.version());
                }
                default -> {
                    VotersRecord m = ControlRecordUtils.deserializeVotersRecord(data);
                    yield VotersRecordJsonConverter.write(m, m.version());
                }
            };
            return hex(utf8(json.toString()));
        } catch (RuntimeException e) {
            return "!" + hex(utf8(String.valueOf(e.getMessage())));
        }
    }

    /** Read and written again; without regard to what the dump tool does with it, so "- -" is for what cannot be read. */
    private static String rewritten(Kind kind, byte[] key, byte[] value) {
        try {
            switch (kind.decoder) {
                case "offsets", "transactions", "share" -> {
                    CoordinatorRecordSerde serde = kind.decoder.equals("offsets") ? new GroupCoordinatorRecordSerde()
                        : kind.decoder.equals("share") ? new ShareCoordinatorRecordSerde() : new TransactionCoordinatorRecordSerde();
                    CoordinatorRecord record = serde.deserialize(ByteBuffer.wrap(key), value == null ? null : ByteBuffer.wrap(value));
                    return hex(serde.serializeKey(record)) + " " + hex(serde.serializeValue(record));
                }
                case "metadata", "remote" -> {
                    BytesApiMessageSerde serde = new BytesApiMessageSerde() {
                        @Override
                        public ApiMessage apiMessageFor(short id) {
                            return kind.decoder.equals("metadata") ? MetadataRecordType.fromId(id).newMetadataRecord()
                                : org.apache.kafka.server.log.remote.metadata.storage.generated.MetadataRecordType.fromId(id).newMetadataRecord();
                        }
                    };
                    return "- " + hex(serde.serialize(serde.deserialize(value)));
                }
                default -> {
                    ApiMessage message = kind.value.get();
                    message.read(new ByteBufferAccessor(ByteBuffer.wrap(value)), (short) 0);
                    return "- " + hex(MessageUtil.toByteBufferAccessor(message, (short) 0).buffer().array());
                }
            }
        } catch (RuntimeException e) {
            return "- -";
        }
    }

    // ---- the record types ----

    private static List<Kind> kinds() throws Exception {
        List<Kind> kinds = new ArrayList<>();
        coordinator(kinds, "offsets", org.apache.kafka.coordinator.group.generated.CoordinatorRecordType.values());
        coordinator(kinds, "transactions", org.apache.kafka.coordinator.transaction.generated.CoordinatorRecordType.values());
        coordinator(kinds, "share", org.apache.kafka.coordinator.share.generated.CoordinatorRecordType.values());
        for (MetadataRecordType type : MetadataRecordType.values()) {
            for (short v = type.lowestSupportedVersion(); v <= type.highestSupportedVersion(); v++) {
                kinds.add(new Kind("metadata", v, null, type::newMetadataRecord, type.id()));
            }
        }
        for (var type : org.apache.kafka.server.log.remote.metadata.storage.generated.MetadataRecordType.values()) {
            kinds.add(new Kind("remote", type.highestSupportedVersion(), null, type::newMetadataRecord, type.id()));
        }
        kinds.add(new Kind("control2", (short) 0, null, LeaderChangeMessage::new, (short) 2));
        kinds.add(new Kind("control2", (short) 1, null, LeaderChangeMessage::new, (short) 2));
        kinds.add(new Kind("control3", (short) 0, null, SnapshotHeaderRecord::new, (short) 3));
        kinds.add(new Kind("control4", (short) 0, null, SnapshotFooterRecord::new, (short) 4));
        kinds.add(new Kind("control5", (short) 0, null, KRaftVersionRecord::new, (short) 5));
        kinds.add(new Kind("control6", (short) 0, null, VotersRecord::new, (short) 6));
        return kinds;
    }

    private static void coordinator(List<Kind> kinds, String decoder, Object[] types) throws Exception {
        for (Object type : types) {
            Class<?> c = type.getClass();
            short low = (short) c.getMethod("lowestSupportedVersion").invoke(type);
            short high = (short) c.getMethod("highestSupportedVersion").invoke(type);
            for (short v = low; v <= high; v++) {
                kinds.add(new Kind(decoder, v, make(type, "newRecordKey"), make(type, "newRecordValue"), (short) c.getMethod("id").invoke(type)));
            }
        }
    }

    private static Supplier<ApiMessage> make(Object type, String how) {
        return () -> {
            try {
                return (ApiMessage) type.getClass().getMethod(how).invoke(type);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        };
    }

    // ---- bytes ----

    private byte[] keyOf(Kind kind) {
        ByteBuffer key = MessageUtil.toCoordinatorTypePrefixedByteBuffer(filled(kind.key, (short) 0));
        return Arrays.copyOf(key.array(), key.limit());
    }

    private byte[] valueOf(Kind kind) {
        ApiMessage message = filled(kind.value, kind.version);
        byte[] data = MessageUtil.toByteBufferAccessor(message, kind.version).buffer().array();
        if (kind.decoder.startsWith("control")) return data;
        ByteBuffer out = ByteBuffer.allocate(data.length + 15);
        if (kind.key != null) {
            out.putShort(kind.version);
        } else {
            ByteUtils.writeUnsignedVarint(r.nextInt(60) == 0 ? r.nextInt() : 1, out);
            ByteUtils.writeUnsignedVarint(r.nextInt(60) == 0 ? r.nextInt(40) : kind.id, out);
            ByteUtils.writeUnsignedVarint(r.nextInt(20) == 0 ? (r.nextBoolean() ? r.nextInt(8) : r.nextInt()) : kind.version, out);
        }
        out.put(data);
        return Arrays.copyOf(out.array(), out.position());
    }

    private byte[] damaged(byte[] bytes) {
        if (bytes == null || bytes.length == 0) return bytes;
        byte[] b = bytes.clone();
        for (int n = 1 + r.nextInt(2); n > 0 && b.length > 0; n--) {
            int at = r.nextInt(b.length);
            switch (r.nextInt(9)) {
                case 0 -> b = Arrays.copyOf(b, at);
                case 1 -> b = Arrays.copyOf(b, b.length + 1 + r.nextInt(3));
                case 2 -> b[at] = (byte) r.nextInt();
                case 3 -> b[at] = (byte) (r.nextBoolean() ? 0xff : 0);
                case 4 -> {
                    byte[] longer = new byte[b.length + 1 + r.nextInt(5)];
                    System.arraycopy(b, 0, longer, 0, at);
                    Arrays.fill(longer, at, at + longer.length - b.length, (byte) (r.nextBoolean() ? 0xff : r.nextInt()));
                    System.arraycopy(b, at, longer, at + longer.length - b.length, b.length - at);
                    b = longer;
                }
                case 5 -> b[r.nextInt(Math.min(4, b.length))] = (byte) r.nextInt(30);
                case 6 -> {
                    byte[] shorter = Arrays.copyOf(b, b.length - 1);
                    System.arraycopy(b, at + 1, shorter, at, b.length - at - 1);
                    b = shorter;
                }
                default -> b[at] ^= (byte) (1 << r.nextInt(8));
            }
        }
        return b;
    }

    // ---- arbitrary values ----

    /** The message with arbitrary values that this version can carry. */
    private <T extends Message> T filled(Supplier<T> make, short version) {
        Set<String> skip = new HashSet<>();
        boolean nulls = r.nextInt(3) == 0;
        for (int attempt = 0; attempt < 100; attempt++) {
            T message = make.get();
            fill(message, skip, nulls, 0);
            try {
                MessageUtil.toByteBufferAccessor(message, version);
                return message;
            } catch (RuntimeException e) {
                Matcher field = UNSUPPORTED.matcher(String.valueOf(e.getMessage()));
                if (field.find()) skip.add(field.group(1).toLowerCase(Locale.ROOT));
                else if (String.valueOf(e.getMessage()).contains("Tagged fields were set")) skip.add("unknown tags");
                else nulls = false;
            }
        }
        throw new IllegalStateException("cannot fill " + make.get().getClass() + " at version " + version + ", skipped " + skip);
    }

    private void fill(Object message, Set<String> skip, boolean nulls, int depth) {
        Method[] methods = message.getClass().getMethods();
        Arrays.sort(methods, Comparator.comparing(Method::toGenericString)); // Java's own order is another one in every run
        for (Method set : methods) {
            String name = set.getName();
            if (!name.startsWith("set") || set.getParameterCount() != 1 || name.equals("setNext") || name.equals("setPrev")) continue;
            if (skip.contains(name.substring(3).toLowerCase(Locale.ROOT)) || r.nextInt(10) == 0) continue;
            try {
                Object value = value(set.getGenericParameterTypes()[0], set.getParameterTypes()[0], skip, nulls, depth);
                if (message instanceof GroupMetadataValue.MemberMetadata && r.nextInt(4) > 0) {
                    if (name.equals("setSubscription")) value = protocol(ConsumerProtocolSubscription::new);
                    if (name.equals("setAssignment")) value = protocol(ConsumerProtocolAssignment::new);
                }
                if (message instanceof GroupMetadataValue && name.equals("setProtocolType") && r.nextInt(4) > 0) value = ConsumerProtocol.PROTOCOL_TYPE;
                if (value == null && (!nulls || set.getParameterTypes()[0].isPrimitive())) continue;
                try {
                    set.invoke(message, value);
                } catch (InvocationTargetException e) {
                    set.invoke(message, r.nextInt(65536)); // an int that stands for a uint16
                }
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
        if (!skip.contains("unknown tags") && r.nextInt(12) == 0) {
            for (int i = 0; i <= r.nextInt(2); i++) ((Message) message).unknownTaggedFields().add(new RawTaggedField(10000 + i, bytes(5)));
        }
    }

    private byte[] protocol(Supplier<Message> make) {
        short version = (short) r.nextInt(4);
        ByteBuffer b = MessageUtil.toVersionPrefixedByteBuffer(version, filled(make, version));
        byte[] bytes = Arrays.copyOf(b.array(), b.limit());
        if (r.nextInt(8) == 0) bytes[0] = (byte) r.nextInt();
        if (r.nextInt(8) == 0) bytes[1] = (byte) r.nextInt(9);
        return r.nextInt(6) == 0 ? damaged(bytes) : bytes;
    }

    /** A double of which Java 17 prints no more digits than Java 19 and later do. */
    private double aDouble() {
        while (true) {
            double d = switch (r.nextInt(4)) {
                case 0 -> Double.longBitsToDouble(r.nextLong());
                case 1 -> r.nextInt(1000000) / 1000.0;
                case 2 -> (double) (r.nextLong() >> r.nextInt(60));
                default -> r.nextGaussian() * Math.pow(10, r.nextInt(60) - 30);
            };
            if (isShortest(d)) return d;
        }
    }

    private static boolean isShortest(double d) {
        if (!Double.isFinite(d)) return true;
        BigDecimal exact = new BigDecimal(d), shortest;
        int digits = 2;
        do shortest = exact.round(new MathContext(digits++)); while (shortest.doubleValue() != d);
        return shortest.compareTo(new BigDecimal(Double.toString(d))) == 0;
    }

    /** Whether what is shown of a record holds such doubles alone: damage makes others of those of {@link #aDouble}. */
    private static boolean hasShortestDouble(String expected) {
        int payload = expected.indexOf(' ') + 1;
        if (expected.charAt(payload) == '-') return true;
        Matcher value = DOUBLE.matcher(new String(HEX.parseHex(expected.substring(payload)), StandardCharsets.UTF_8));
        return !value.find() || isShortest(Double.parseDouble(value.group(1)));
    }

    private Object value(Type g, Class<?> c, Set<String> skip, boolean nulls, int depth) throws ReflectiveOperationException {
        if (c == boolean.class) return r.nextBoolean();
        if (c == byte.class) return (byte) (r.nextBoolean() ? r.nextInt(4) : r.nextInt());
        if (c == short.class) return (short) (r.nextInt(3) > 0 ? r.nextInt(20) : r.nextInt());
        if (c == int.class) return r.nextInt(10) == 0 ? -1 : r.nextInt(5) > 0 ? r.nextInt(1000) : r.nextInt();
        if (c == long.class) return r.nextInt(10) == 0 ? -1L : r.nextBoolean() ? (long) r.nextInt(100000) : r.nextLong();
        if (c == double.class) return aDouble();
        if (nulls && r.nextInt(6) == 0) return null;
        if (c == String.class) return TEXTS[r.nextInt(TEXTS.length - (r.nextInt(20) == 0 ? 0 : 1))];
        if (c == Uuid.class) return r.nextInt(5) == 0 ? Uuid.ZERO_UUID : new Uuid(r.nextLong(), r.nextLong());
        if (c == byte[].class) return bytes(20);
        if (c == ByteBuffer.class) return ByteBuffer.wrap(bytes(20));
        if (c == List.class) {
            Type e = ((ParameterizedType) g).getActualTypeArguments()[0];
            Class<?> ec = e instanceof Class ? (Class<?>) e : (Class<?>) ((ParameterizedType) e).getRawType();
            List<Object> list = new ArrayList<>();
            for (int n = depth > 2 ? 1 : r.nextInt(r.nextInt(60) == 0 ? 200 : 4); n > 0; n--) list.add(element(e, ec, skip, depth + 1));
            return list;
        }
        if (ImplicitLinkedHashMultiCollection.class.isAssignableFrom(c)) {
            @SuppressWarnings("unchecked")
            var list = (ImplicitLinkedHashMultiCollection<ImplicitLinkedHashMultiCollection.Element>) c.getConstructor().newInstance();
            Class<?> ec = Class.forName(c.getName().substring(0, c.getName().length() - "Collection".length()));
            for (int n = r.nextInt(4); n > 0; n--) list.add((ImplicitLinkedHashMultiCollection.Element) element(ec, ec, skip, depth + 1));
            return list;
        }
        if (Message.class.isAssignableFrom(c)) {
            Object message = c.getConstructor().newInstance();
            if (r.nextInt(8) > 0) fill(message, skip, nulls, depth + 1);
            return message;
        }
        return null;
    }

    private Object element(Type e, Class<?> c, Set<String> skip, int depth) throws ReflectiveOperationException {
        Class<?> p = c == Integer.class ? int.class : c == Long.class ? long.class : c == Short.class ? short.class : c == Byte.class ? byte.class : c;
        return value(e, p, skip, false, depth);
    }

    private byte[] bytes(int max) {
        byte[] b = new byte[r.nextInt(max)];
        r.nextBytes(b);
        return b;
    }

    private static byte[] utf8(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    /** Hex; the empty byte string is "0", so that a line always has eight words. */
    private static String hex(byte[] b) {
        return b == null ? "-" : b.length == 0 ? "0" : HEX.formatHex(b);
    }
}
