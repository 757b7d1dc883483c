package hookserver.sessions;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.LinkedHashMap;

/** A version of a session, serialized in the store with its attributes' bytes. Times are Unix milliseconds. */
final class StoredSession implements Serializable {

    private static final long serialVersionUID = 1;

    final String id;
    /** One more than that of the version before. */
    final long counter;
    long creationTime;
    long accessTime;
    long expiryTime;
    LinkedHashMap<String, Part> parts = new LinkedHashMap<>();
    /** What the store recognizes this version by. */
    transient Object stamp;
    /** Where the store has it. */
    transient int slot;

    /** An attribute's serialized value. */
    static final class Part implements Serializable {
        private static final long serialVersionUID = 1;
        /** The counter of the session's version that changed it last; 0: it is not stored. */
        final long version;
        /** Null: it is not to be stored, or was freed. */
        final byte[] bytes;
        /** Of the bytes as this replica writes them; null: unknown, or the value cannot change in place. */
        final transient byte[] digest;
        /** Of two of this replica, the later one is greater. */
        final transient long order;

        Part(long version, byte[] bytes, byte[] digest, long order) {
            this.version = version;
            this.bytes = bytes;
            this.digest = digest;
            this.order = order;
        }
    }

    /** The version after {@code before}, the first one if that is null. */
    StoredSession(String id, StoredSession before) {
        this.id = id;
        counter = before == null ? 1 : before.counter + 1;
        if (before != null) {
            creationTime = before.creationTime;
            accessTime = before.accessTime;
            expiryTime = before.expiryTime;
            parts.putAll(before.parts);
        }
    }

    static byte[] serialize(Object value) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new ObjectOutputStream(bytes).writeObject(value); // it flushes what it has written
        return bytes.toByteArray();
    }

    static byte[] digest(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }
}
