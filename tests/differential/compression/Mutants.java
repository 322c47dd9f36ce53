import java.io.*;
import java.nio.ByteBuffer;
import java.util.*;
import java.util.zip.*;
import org.apache.kafka.common.compress.*;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.utils.*;

/**
 * Damages healthy streams and writes down what Kafka's own reader makes of each: Mutants CODEC SEED COUNT > FILE.
 * With one argument, a file of the same form, reads its streams again and compares.
 * A case: codec, magic (bytes), stream (int32 length, bytes), 1 if refused (byte), decompressed length (int32) and its
 * FNV-1a hash (int64) up to there, message (UTF).
 */
public class Mutants {
    static Random random;

    public static void main(String[] args) throws Exception {
        if (args.length == 1) {
            check(args[0]);
            return;
        }
        CompressionType type = CompressionType.forName(args[0]);
        long seed = Long.parseLong(args[1]);
        int count = Integer.parseInt(args[2]);
        random = new Random(seed);
        List<byte[]> healthy = healthy(type);
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 20));
        for (byte[] stream : healthy)
            judge(type, 2, stream, out);
        for (int i = healthy.size(); i < count; i++) {
            int magic = type == CompressionType.ZSTD ? 2 : random.nextInt(4) == 0 ? random.nextInt(2) : 2;
            byte[] stream = random.nextInt(5) == 0 ? soup(type, healthy) : mutant(healthy);
            judge(type, magic, stream, out);
        }
        out.flush();
    }

    static void check(String file) throws Exception {
        byte[] expected = java.nio.file.Files.readAllBytes(java.nio.file.Path.of(file));
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(expected));
        ByteArrayOutputStream found = new ByteArrayOutputStream();
        int count = 0;
        for (; in.available() > 0; count++) {
            CompressionType type = CompressionType.forId(in.readByte());
            int magic = in.readByte();
            judge(type, magic, in.readNBytes(in.readInt()), new DataOutputStream(found));
            in.skipNBytes(1 + 4 + 8);
            in.skipNBytes(in.readUnsignedShort());
        }
        if (!Arrays.equals(expected, found.toByteArray()))
            throw new AssertionError("Kafka reads something else");
        System.out.println(count + " streams of ours, all read by Kafka");
    }

    static void judge(CompressionType type, int magic, byte[] stream, DataOutputStream out) throws IOException {
        int length = 0;
        long hash = 0xcbf29ce484222325L;
        String message = "";
        boolean refused = false;
        try (BufferSupplier buffers = BufferSupplier.create();
             InputStream in = Compression.of(type).build().wrapForInput(ByteBuffer.wrap(stream), (byte) magic, buffers)) {
            for (int b; (b = in.read()) != -1; length++)
                hash = (hash ^ b) * 0x100000001b3L;
        } catch (Throwable e) {
            refused = true;
            Throwable cause = e.getCause() == null ? e : e.getCause();
            message = cause.toString();
        }
        out.writeByte(type.id);
        out.writeByte(magic);
        out.writeInt(stream.length);
        out.write(stream);
        out.writeByte(refused ? 1 : 0);
        out.writeInt(length);
        out.writeLong(hash);
        out.writeUTF(message.substring(0, Math.min(200, message.length())));
    }

    static byte[] plain(int size, int kind) {
        byte[] bytes = new byte[size];
        if (kind == 0) {
            random.nextBytes(bytes);
        } else if (kind == 1) {
            Arrays.fill(bytes, (byte) 'a');
        } else if (kind == 2) {
            for (int i = 0; i < size; i++)
                bytes[i] = (byte) (i % (1 + i / 1000 % 40));
        } else {
            StringBuilder text = new StringBuilder();
            while (text.length() < size)
                text.append("{\"id\":").append(random.nextInt(100000)).append(",\"city\":\"")
                    .append(List.of("Oslo", "Rio", "Lima", "Accra").get(random.nextInt(4))).append("\",\"value\":")
                    .append(random.nextDouble()).append("}\n");
            System.arraycopy(text.toString().getBytes(), 0, bytes, 0, size);
        }
        return bytes;
    }

    static byte[] compress(Compression compression, byte[] plain, int magic) throws IOException {
        ByteBufferOutputStream buffer = new ByteBufferOutputStream(512);
        try (OutputStream out = compression.wrapForOutput(buffer, (byte) magic)) {
            out.write(plain);
        }
        buffer.buffer().flip();
        return Utils.toArray(buffer.buffer());
    }

    static List<byte[]> healthy(CompressionType type) throws Exception {
        List<byte[]> streams = new ArrayList<>();
        for (int size : new int[] {0, 1, 13, 200, 4000, 20_000, 32_768, 70_000, 300_000})
            for (int kind = 0; kind < 4; kind++) {
                byte[] plain = plain(size, kind);
                streams.add(compress(Compression.of(type).build(), plain, 2));
                switch (type) {
                    case GZIP -> {
                        streams.add(compress(Compression.gzip().level(1 + random.nextInt(9)).build(), plain, 2));
                        streams.add(gzipWithHeader(plain));
                    }
                    case SNAPPY -> streams.add(org.xerial.snappy.Snappy.compress(plain));
                    case LZ4 -> {
                        streams.add(compress(Compression.lz4().level(1 + random.nextInt(17)).build(), plain, 2));
                        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                        try (OutputStream out = new Lz4BlockOutputStream(bytes, 4 + random.nextInt(4), 9, random.nextBoolean(), false)) {
                            out.write(plain);
                        }
                        streams.add(bytes.toByteArray());
                        streams.add(lz4WithSizes(bytes.toByteArray()));
                    }
                    case ZSTD -> {
                        streams.add(compress(Compression.zstd().level(random.nextInt(27) - 7).build(), plain, 2));
                        streams.add(com.github.luben.zstd.Zstd.compress(plain, 1));
                        com.github.luben.zstd.ZstdCompressCtx context = new com.github.luben.zstd.ZstdCompressCtx();
                        context.setChecksum(true).setLevel(1 + random.nextInt(9));
                        if (random.nextBoolean()) {
                            context.setWindowLog(10 + random.nextInt(8));
                        }
                        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                        try (var out = new com.github.luben.zstd.ZstdOutputStream(bytes, 3)) {
                            out.setChecksum(random.nextBoolean()).setWindowLog(10 + random.nextInt(12));
                            out.write(plain);
                        }
                        streams.add(bytes.toByteArray());
                        streams.add(context.compress(plain));
                        context.close();
                    }
                    default -> { }
                }
            }
        int single = streams.size();
        for (int i = 0; i < 12; i++)
            streams.add(join(pick(streams.subList(0, single)), pick(streams.subList(0, single))));
        if (type == CompressionType.ZSTD)
            for (int i = 0; i < 8; i++) {
                byte[] skippable = {(byte) (0x50 + i), 0x2A, 0x4D, 0x18, (byte) i, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
                skippable = Arrays.copyOf(skippable, 8 + i);
                streams.add(i % 2 == 0 ? join(skippable, pick(streams)) : join(pick(streams), skippable));
            }
        return streams;
    }

    static byte[] gzipWithHeader(byte[] plain) throws Exception {
        int flags = random.nextInt(32);
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        header.write(new byte[] {0x1F, (byte) 0x8B, 8, (byte) flags, 1, 2, 3, 4, 0, 3});
        if ((flags & 4) != 0)
            header.write(new byte[] {3, 0, 9, 9, 9});
        if ((flags & 8) != 0)
            header.write("name\0".getBytes());
        if ((flags & 16) != 0)
            header.write("comment\0".getBytes());
        if ((flags & 2) != 0) {
            CRC32 crc = new CRC32();
            crc.update(header.toByteArray());
            header.write((int) crc.getValue());
            header.write((int) crc.getValue() >> 8);
        }
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(body)) {
            out.write(plain);
        }
        return join(header.toByteArray(), Arrays.copyOfRange(body.toByteArray(), 10, body.size()));
    }

    static byte[] lz4WithSizes(byte[] frame) {
        byte[] head = Arrays.copyOf(frame, 15);
        head[4] |= (byte) (4 | 8);
        Arrays.fill(head, 6, 14, (byte) 7);
        head[14] = (byte) (net.jpountz.xxhash.XXHashFactory.safeInstance().hash32().hash(head, 4, 10, 0) >> 8);
        return join(join(head, Arrays.copyOfRange(frame, 7, frame.length)), new byte[] {1, 2, 3, 4});
    }

    static byte[] mutant(List<byte[]> healthy) {
        byte[] stream = pick(healthy).clone();
        while (stream.length > 100_000 && random.nextInt(10) != 0)
            stream = pick(healthy).clone();
        for (int turns = 1 + random.nextInt(3); turns > 0; turns--) {
            int at = place(stream.length);
            switch (random.nextInt(9)) {
                case 0, 1, 2, 3 -> {
                    if (stream.length > 0)
                        stream[at] ^= (byte) (1 << random.nextInt(8));
                }
                case 4 -> {
                    if (stream.length > 0)
                        stream[at] = (byte) (random.nextBoolean() ? random.nextInt() : random.nextBoolean() ? 0 : 255);
                }
                case 5 -> stream = Arrays.copyOf(stream, at);
                case 6 -> {
                    byte[] more = new byte[random.nextInt(40)];
                    if (random.nextBoolean())
                        random.nextBytes(more);
                    stream = join(stream, more);
                }
                case 7 -> {
                    byte[] other = pick(healthy);
                    stream = join(stream, Arrays.copyOf(other, Math.min(other.length, random.nextInt(60))));
                }
                default -> {
                    int to = Math.min(stream.length, at + random.nextInt(4));
                    byte[] inserted = new byte[random.nextInt(4)];
                    random.nextBytes(inserted);
                    stream = join(join(Arrays.copyOf(stream, at), inserted), Arrays.copyOfRange(stream, to, stream.length));
                }
            }
        }
        return stream;
    }

    /** A position, near one of the ends half of the time. */
    static int place(int length) {
        if (length == 0)
            return 0;
        int near = Math.min(length, 40);
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(near);
            case 1 -> length - 1 - random.nextInt(near);
            default -> random.nextInt(length);
        };
    }

    /** A healthy frame around a block of random bytes, or random bytes behind a healthy start. */
    static byte[] soup(CompressionType type, List<byte[]> healthy) {
        byte[] body = new byte[1 + random.nextInt(random.nextBoolean() ? 40 : 400)];
        random.nextBytes(body);
        for (int i = 0; i < body.length; i++)
            if (random.nextInt(3) == 0)
                body[i] = (byte) (random.nextInt(4) == 0 ? 255 : random.nextInt(20));
        if (type == CompressionType.LZ4) {
            ByteBuffer frame = ByteBuffer.allocate(7 + 4 + body.length + 4).order(java.nio.ByteOrder.LITTLE_ENDIAN);
            frame.put(new byte[] {4, 0x22, 0x4D, 0x18, 0x60, 0x40, (byte) 0x82}).putInt(body.length).put(lz4Block(body));
            return frame.array();
        }
        byte[] start = pick(healthy);
        return join(Arrays.copyOf(start, Math.min(start.length, random.nextInt(200))), body);
    }

    /** Turns random bytes into a block whose sequences are valid until shortly before the end, most of the time. */
    static byte[] lz4Block(byte[] body) {
        int written = 0;
        for (int at = 0; at < body.length; ) {
            int start = at;
            int literals = (body[at] >> 4 & 15) % 15;
            int match = body[at] & 15;
            if (random.nextInt(20) != 0)
                body[at] = (byte) (literals << 4 | match);
            at += 1 + literals;
            written += literals;
            if (at + 2 >= body.length) {
                if (random.nextInt(3) != 0 && body.length - start - 1 < 15)
                    body[start] = (byte) (body.length - start - 1 << 4);
                break;
            }
            int distance = Math.min(written, random.nextInt(random.nextBoolean() ? 20 : 2000));
            body[at++] = (byte) distance;
            body[at++] = (byte) (distance >> 8);
            written += match + 4;
            if (match == 15) {
                while (at < body.length && body[at] == -1) {
                    written += 255;
                    at++;
                }
                if (at < body.length)
                    written += body[at++] & 255;
            }
        }
        return body;
    }

    static byte[] pick(List<byte[]> streams) {
        return streams.get(random.nextInt(streams.size()));
    }

    static byte[] join(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
