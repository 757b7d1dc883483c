package hookserver.sessions;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A version of a session, with its attributes' bytes. Times are Unix milliseconds. */
final class StoredSession {

    /** Bytes that most sessions, and most of their attributes, do not need. */
    private static final int SIZE = 1024;

    final String id;
    /** One more than that of the version before. */
    final long counter;
    long creationTime;
    long accessTime;
    long expiryTime;
    LinkedHashMap<String, Part> parts = new LinkedHashMap<>();
    /** Where the store has it, and what it recognizes this version by. */
    Path file;
    Object stamp;
    int slot;
    long size;

    /** An attribute's serialized value. */
    static final class Part {
        /** The counter of the session's version that changed it last; 0: it is not stored. */
        final long version;
        /** Null: it is not to be stored, or was freed. */
        final byte[] bytes;
        /** Of the value; 0: unknown, or it cannot change in place. */
        final long fingerprint;
        /** Of two of this replica, the later one is greater. */
        final long order;

        Part(long version, byte[] bytes, long fingerprint, long order) {
            this.version = version;
            this.bytes = bytes;
            this.fingerprint = fingerprint;
            this.order = order;
        }
    }

    private StoredSession(String id, long counter) {
        this.id = id;
        this.counter = counter;
    }

    /** The version after {@code before}, the first one if that is null. */
    StoredSession(String id, StoredSession before) {
        this(id, before == null ? 1 : before.counter + 1);
        if (before != null) {
            creationTime = before.creationTime;
            accessTime = before.accessTime;
            expiryTime = before.expiryTime;
            parts.putAll(before.parts);
        }
    }

    /** As the store keeps it: the README has the format. */
    byte[] toBytes() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(SIZE);
        DataOutputStream out = new DataOutputStream(bytes);
        writeBytes(out, id.getBytes(StandardCharsets.UTF_8));
        out.writeLong(counter);
        out.writeLong(creationTime);
        out.writeLong(accessTime);
        out.writeLong(expiryTime);
        for (Map.Entry<String, Part> part : parts.entrySet()) {
            writeBytes(out, part.getKey().getBytes(StandardCharsets.UTF_8));
            out.writeLong(part.getValue().version);
            writeBytes(out, part.getValue().bytes);
        }
        return bytes.toByteArray();
    }

    static StoredSession of(ByteBuffer in) {
        StoredSession read = new StoredSession(readText(in), in.getLong());
        read.creationTime = in.getLong();
        read.accessTime = in.getLong();
        read.expiryTime = in.getLong();
        while (in.hasRemaining()) {
            read.parts.put(readText(in), new Part(in.getLong(), readBytes(in), 0, 0));
        }
        return read;
    }

    private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static byte[] readBytes(ByteBuffer in) {
        byte[] bytes = new byte[in.getInt()];
        in.get(bytes);
        return bytes;
    }

    private static String readText(ByteBuffer in) {
        return new String(readBytes(in), StandardCharsets.UTF_8);
    }

    static byte[] serialize(Object value) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(SIZE);
        new ObjectOutputStream(bytes).writeObject(value); // it flushes what it has written
        return bytes.toByteArray();
    }
}
