import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.utils.ImplicitLinkedHashMultiCollection;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.*;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Messages of the protocol through Kafka's generated classes.
 *
 *     RpcCases generate SEED COUNT     reads lines NAME LOWEST HIGHEST; writes COUNT messages with arbitrary values for every version
 *     RpcCases check                   reads lines of messages, and says which Kafka reads otherwise
 *     RpcCases versions                what ApiKeys says of each API
 *
 * A line of a message: NAME VERSION HEX JSON; "-" for no bytes. Of several for a version, every other one is followed by
 * NAME VERSION HEX >OTHER HEX, what Kafka writes at another version after it has read the message, "!" if it refuses.
 */
public final class RpcCases {
    private static final HexFormat HEX = HexFormat.of();
    private static final Pattern UNSUPPORTED = Pattern.compile("non-default (\\w+) at version|Can't write|Tagged fields were set");
    private static final String[] TEXTS = {"", "orders", "a-b.c_d", "žluťoučký kůň – 漢字 🎉",
        "quote\" back\\slash /slash\ttab\nline\u0001\u001f\u007f\u2028</x>\b\f\r", "x".repeat(200)};
    private static final int SHOWN_MAX = 20;

    private final Random r;

    private RpcCases(long seed) {
        r = new Random(seed);
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, StandardCharsets.UTF_8);
        switch (args[0]) {
            case "generate" -> new RpcCases(Long.parseLong(args[1])).generate(Integer.parseInt(args[2]), out);
            case "versions" -> versions(out);
            default -> check(out);
        }
        out.flush();
    }

    private static BufferedReader in() {
        return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 16);
    }

    private static void versions(PrintStream out) {
        for (ApiKeys api : ApiKeys.values()) {
            if (!api.hasValidVersion()) continue;
            ApiVersionsResponseData.ApiVersion advertised = api.toApiVersionForApiResponse(false, ApiMessageType.ListenerType.BROKER)
                .or(() -> api.toApiVersionForApiResponse(false, ApiMessageType.ListenerType.CONTROLLER)).get();
            StringBuilder headers = new StringBuilder();
            for (short v = api.oldestVersion(); v <= api.latestVersion(false); v++) {
                headers.append(' ').append(api.requestHeaderVersion(v)).append('/').append(api.responseHeaderVersion(v));
            }
            out.println(api.id + " " + api.name + " " + api.oldestVersion() + " " + api.latestVersion(false) + " "
                + advertised.minVersion() + " " + advertised.maxVersion() + headers);
        }
    }

    // ---- from Kafka to ours ----

    private void generate(int count, PrintStream out) throws Exception {
        for (String line : in().lines().toList()) {
            String[] words = line.split(" ");
            Kind kind = new Kind(words[0]);
            if (kind.lowest() != Short.parseShort(words[1]) || kind.highest() != Short.parseShort(words[2])) {
                throw new IllegalStateException(line + ": Kafka has versions " + kind.lowest() + " to " + kind.highest());
            }
            for (short version = kind.lowest(); version <= kind.highest(); version++) {
                // A field that a version refuses is left alone from then on.
                Set<String> refused = new HashSet<>();
                for (int i = 0; i < count; i++) {
                    String message = message(kind, version, refused);
                    out.println(message);
                    if (i % 2 == 1) out.println(converted(kind, message));
                }
            }
        }
    }

    private String message(Kind kind, short version, Set<String> refused) throws Exception {
        while (true) {
            try {
                Message message = kind.make();
                fill(message, version, refused, 0);
                return line(kind, version, kind.write(message, version), message);
            } catch (RuntimeException e) {
                Matcher matcher = UNSUPPORTED.matcher(String.valueOf(e.getMessage()));
                if (e instanceof NullPointerException) continue;
                if (!matcher.find()) throw e;
                refused.add(matcher.group(1) == null ? "unknown tags" : matcher.group(1).toLowerCase(Locale.ROOT));
            }
        }
    }

    private String converted(Kind kind, String line) throws Exception {
        String[] words = line.split(" ", 4);
        short to = (short) (kind.lowest() + r.nextInt(kind.highest() - kind.lowest() + 1));
        Message message = kind.read(words[2], Short.parseShort(words[1]));
        String written;
        try {
            written = hex(kind.write(message, to));
        } catch (UnsupportedVersionException | NullPointerException e) {
            written = "!";
        }
        return words[0] + " " + words[1] + " " + words[2] + " >" + to + " " + written;
    }

    private static String hex(byte[] bytes) {
        return bytes.length == 0 ? "-" : HEX.formatHex(bytes);
    }

    private static String line(Kind kind, short version, byte[] bytes, Message message) throws Exception {
        return kind.name + " " + version + " " + hex(bytes) + " " + kind.json(message, version);
    }

    // ---- from ours to Kafka ----

    private static void check(PrintStream out) throws Exception {
        Map<String, Kind> kinds = new HashMap<>();
        long messages = 0, differences = 0;
        for (String line; (line = in.readLine()) != null; messages++) {
            String[] words = line.split(" ", 4);
            Kind kind = kinds.get(words[0]);
            if (kind == null) kinds.put(words[0], kind = new Kind(words[0]));
            short version = Short.parseShort(words[1]);
            String found;
            try {
                Message message = kind.read(words[2], version);
                found = line(kind, version, kind.write(message, version), message);
            } catch (RuntimeException e) {
                found = e.toString();
            }
            if (found.equals(line)) continue;
            if (differences++ < SHOWN_MAX) out.println("ours  " + line + "\nKafka " + found);
        }
        out.println(messages + " messages of ours, " + differences + " differences");
        out.flush();
        if (differences > 0 || messages == 0) System.exit(1);
    }

    private static final BufferedReader in = in();

    /** One message class and its JSON converter. */
    private static final class Kind {
        final String name;
        final Class<?> message;
        final Method json;

        Kind(String name) throws Exception {
            this.name = name;
            String where = "org.apache.kafka.common.message." + name;
            if (name.matches(".*(Request|Response|Header)")) where += "Data";
            message = Class.forName(where);
            json = Class.forName(where + "JsonConverter").getMethod("write", message, short.class);
        }

        Message make() throws ReflectiveOperationException {
            return (Message) message.getConstructor().newInstance();
        }

        short lowest() throws ReflectiveOperationException {
            return make().lowestSupportedVersion();
        }

        short highest() throws ReflectiveOperationException {
            return make().highestSupportedVersion();
        }

        Message read(String hex, short version) throws ReflectiveOperationException {
            Message message = make();
            ByteBuffer buffer = ByteBuffer.wrap(hex.equals("-") ? new byte[0] : HEX.parseHex(hex));
            message.read(new ByteBufferAccessor(buffer), version);
            if (buffer.hasRemaining()) throw new IllegalStateException(buffer.remaining() + " bytes are left");
            return message;
        }

        byte[] write(Message message, short version) {
            ObjectSerializationCache cache = new ObjectSerializationCache();
            int size = message.size(cache, version);
            SendBytes out = new SendBytes(size);
            message.write(out, cache, version);
            return out.bytes(size);
        }

        String json(Message message, short version) throws ReflectiveOperationException {
            return json.invoke(null, message, version).toString();
        }
    }

    /** Writes into one buffer, records too. */
    private static final class SendBytes implements Writable {
        private final ByteBuffer buffer;
        private final ByteBufferAccessor to;

        SendBytes(int size) {
            buffer = ByteBuffer.allocate(size);
            to = new ByteBufferAccessor(buffer);
        }

        byte[] bytes(int size) {
            if (buffer.position() != size) throw new IllegalStateException("size " + size + ", written " + buffer.position());
            return buffer.array();
        }

        @Override public void writeByte(byte value) { to.writeByte(value); }
        @Override public void writeShort(short value) { to.writeShort(value); }
        @Override public void writeInt(int value) { to.writeInt(value); }
        @Override public void writeLong(long value) { to.writeLong(value); }
        @Override public void writeDouble(double value) { to.writeDouble(value); }
        @Override public void writeByteArray(byte[] value) { to.writeByteArray(value); }
        @Override public void writeUnsignedVarint(int value) { to.writeUnsignedVarint(value); }
        @Override public void writeByteBuffer(ByteBuffer value) { to.writeByteBuffer(value); }
        @Override public void writeVarint(int value) { to.writeVarint(value); }
        @Override public void writeVarlong(long value) { to.writeVarlong(value); }
        @Override public void writeRecords(BaseRecords records) { to.writeByteBuffer(((MemoryRecords) records).buffer()); }
    }

    // ---- arbitrary values ----

    private void fill(Object message, short version, Set<String> refused, int depth) throws ReflectiveOperationException {
        for (Method set : setters(message.getClass())) {
            if (refused.contains(set.getName().substring(3).toLowerCase(Locale.ROOT)) || r.nextInt(10) == 0) continue;
            Object value = value(set.getGenericParameterTypes()[0], set.getParameterTypes()[0], version, refused, depth);
            if (value == null && set.getParameterTypes()[0].isPrimitive()) continue;
            try {
                set.invoke(message, value);
            } catch (InvocationTargetException e) {
                set.invoke(message, r.nextInt(65536)); // an int that stands for a uint16
            }
        }
        if (!refused.contains("unknown tags") && r.nextInt(12) == 0) {
            for (int i = 0; i <= r.nextInt(2); i++) ((Message) message).unknownTaggedFields().add(new RawTaggedField(10000 + i, bytes(5)));
        }
    }

    private static final Map<Class<?>, List<Method>> SETTERS = new HashMap<>();

    /** In an order that does not change from run to run. */
    private static List<Method> setters(Class<?> c) {
        return SETTERS.computeIfAbsent(c, key -> Arrays.stream(key.getMethods())
            .filter(m -> m.getName().startsWith("set") && m.getParameterCount() == 1 && !m.getName().equals("setNext") && !m.getName().equals("setPrev"))
            .sorted(Comparator.comparing(Method::getName)).toList());
    }

    private Object value(Type g, Class<?> c, short version, Set<String> refused, int depth) throws ReflectiveOperationException {
        if (c == boolean.class) return r.nextBoolean();
        if (c == byte.class) return (byte) r.nextInt();
        if (c == short.class) return (short) r.nextInt();
        if (c == int.class) return r.nextInt(10) == 0 ? -1 : r.nextInt(3) > 0 ? r.nextInt(1000) : r.nextInt();
        if (c == long.class) return r.nextInt(10) == 0 ? -1L : r.nextBoolean() ? (long) r.nextInt(100000) : r.nextLong();
        if (c == double.class) return r.nextInt(2000000) / 8.0 - 100000;
        if (r.nextInt(depth == 0 ? 12 : 30) == 0) return null;
        if (c == String.class) return TEXTS[r.nextInt(TEXTS.length - (r.nextInt(20) == 0 ? 0 : 1))];
        if (c == Uuid.class) return r.nextInt(5) == 0 ? Uuid.ZERO_UUID : new Uuid(r.nextLong(), r.nextLong());
        if (c == byte[].class) return bytes(20);
        if (c == ByteBuffer.class) return ByteBuffer.wrap(bytes(20));
        if (BaseRecords.class.isAssignableFrom(c)) return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes(60)));
        if (c == List.class) {
            Type e = ((ParameterizedType) g).getActualTypeArguments()[0];
            Class<?> ec = e instanceof Class ? (Class<?>) e : (Class<?>) ((ParameterizedType) e).getRawType();
            List<Object> list = new ArrayList<>();
            for (int n = count(depth); n > 0; n--) list.add(element(e, ec, version, refused, depth + 1));
            return list;
        }
        if (ImplicitLinkedHashMultiCollection.class.isAssignableFrom(c)) {
            @SuppressWarnings("unchecked")
            var list = (ImplicitLinkedHashMultiCollection<ImplicitLinkedHashMultiCollection.Element>) c.getConstructor().newInstance();
            Class<?> ec = Class.forName(c.getName().substring(0, c.getName().length() - "Collection".length()));
            for (int n = count(depth); n > 0; n--) list.add((ImplicitLinkedHashMultiCollection.Element) element(ec, ec, version, refused, depth + 1));
            return list;
        }
        if (Message.class.isAssignableFrom(c)) return structure(c, version, refused, depth + 1);
        throw new IllegalStateException("no value for " + c);
    }

    private int count(int depth) {
        return depth > 2 ? r.nextInt(2) : r.nextInt(r.nextInt(200) == 0 ? 200 : 4);
    }

    private Object structure(Class<?> c, short version, Set<String> refused, int depth) throws ReflectiveOperationException {
        Object message = c.getConstructor().newInstance();
        if (r.nextInt(8) > 0) fill(message, version, refused, depth);
        return message;
    }

    private Object element(Type e, Class<?> c, short version, Set<String> refused, int depth) throws ReflectiveOperationException {
        if (Message.class.isAssignableFrom(c)) return structure(c, version, refused, depth);
        Class<?> p = c == Integer.class ? int.class : c == Long.class ? long.class : c == Short.class ? short.class : c == Byte.class ? byte.class : c;
        Object value;
        do value = value(e, p, version, refused, depth); while (value == null);
        return value;
    }

    private byte[] bytes(int max) {
        byte[] b = new byte[r.nextInt(max)];
        r.nextBytes(b);
        return b;
    }
}
