package hookserver.sessions;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** A session as it is stored. Times are Unix milliseconds; README.md describes the format. */
final class StoredSession {

    private static final int FORMAT = 0x48535331; // HSS1

    String id = "";
    /** One more than that of the version before. */
    long counter;
    long creationTime;
    long accessTime;
    long expiryTime;
    Map<String, Part> parts = new LinkedHashMap<>();
    /** What the store recognizes these bytes by. */
    Object stamp;

    /** An attribute's serialized value, and the counter of the version that changed it last. */
    static final class Part {
        final long version;
        final byte[] bytes;

        Part(long version, byte[] bytes) {
            this.version = version;
            this.bytes = bytes;
        }
    }

    /** Its next version, or the first one if there is none. */
    static StoredSession after(StoredSession before, String id) {
        StoredSession next = new StoredSession();
        next.id = id;
        if (before != null) {
            next.counter = before.counter;
            next.creationTime = before.creationTime;
            next.accessTime = before.accessTime;
            next.expiryTime = before.expiryTime;
            next.parts.putAll(before.parts);
        }
        next.counter++;
        return next;
    }

    /** Frees the memory of the attributes. */
    StoredSession withoutParts() {
        parts = Collections.emptyMap();
        return this;
    }

    byte[] toBytes() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(FORMAT);
        out.writeUTF(id);
        for (long number : new long[] {counter, creationTime, accessTime, expiryTime}) {
            out.writeLong(number);
        }
        out.writeInt(parts.size());
        for (Map.Entry<String, Part> part : parts.entrySet()) {
            out.writeUTF(part.getKey());
            out.writeLong(part.getValue().version);
            out.writeInt(part.getValue().bytes.length);
            out.write(part.getValue().bytes);
        }
        return bytes.toByteArray();
    }

    /** Throws IOException if the bytes are damaged, or have another format. */
    static StoredSession fromBytes(byte[] bytes) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        if (in.readInt() != FORMAT) {
            throw new IOException("it has another format");
        }
        StoredSession stored = new StoredSession();
        stored.id = in.readUTF();
        stored.counter = in.readLong();
        stored.creationTime = in.readLong();
        stored.accessTime = in.readLong();
        stored.expiryTime = in.readLong();
        for (int left = in.readInt(); left > 0; left--) {
            String name = in.readUTF();
            long version = in.readLong();
            int length = in.readInt();
            if (length < 0 || length > in.available()) {
                throw new EOFException("it is truncated");
            }
            byte[] value = new byte[length];
            in.readFully(value);
            stored.parts.put(name, new Part(version, value));
        }
        return stored;
    }

    static byte[] digest(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }
}
