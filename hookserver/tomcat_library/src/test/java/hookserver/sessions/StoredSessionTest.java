package hookserver.sessions;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import hookserver.sessions.StoredSession.Part;
import java.io.NotSerializableException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class StoredSessionTest {

    @Test
    void counterIsOneMoreThanThatOfTheVersionBefore() {
        StoredSession first = new StoredSession("id", null);
        assertEquals(1, first.counter);
        assertEquals(3, new StoredSession("id", new StoredSession("id", first)).counter);
    }

    @Test
    void nextVersionHasAllOfTheOneBeforeAndLeavesItAsItIs() {
        StoredSession before = session();
        StoredSession next = new StoredSession("new", before);
        assertEquals("new", next.id);
        assertEquals(Arrays.asList(1L, 2L, 3L), times(next));
        assertEquals(before.parts, next.parts);
        next.parts.clear();
        assertEquals(2, before.parts.size());
    }

    @Test
    void sessionIsReadAsItWasStored() throws Exception {
        StoredSession read = StoredSession.of(ByteBuffer.wrap(session().toBytes()));
        assertEquals("id", read.id);
        assertEquals(1, read.counter);
        assertEquals(Arrays.asList(1L, 2L, 3L), times(read));
        assertEquals(5, read.parts.get("cart").version);
        assertArrayEquals(new byte[] {1, 2}, read.parts.get("cart").bytes);
        assertArrayEquals(new byte[0], read.parts.get("größe").bytes);
    }

    @Test
    void whatOnlyThisReplicaKnowsIsNotStored() throws Exception {
        StoredSession session = session();
        session.stamp = "stamp";
        StoredSession read = StoredSession.of(ByteBuffer.wrap(session.toBytes()));
        assertNull(read.stamp);
        assertEquals(0, read.parts.get("cart").fingerprint);
        assertEquals(0, read.parts.get("cart").order);
    }

    /** Releases of hookserver read each other's files. */
    @Test
    void formatIsThatOfTheReadme() throws Exception {
        StoredSession session = new StoredSession("id", null);
        session.creationTime = 2;
        session.accessTime = 3;
        session.expiryTime = 4;
        session.parts.put("a", new Part(5, new byte[] {6, 7}, 8, 9));
        assertEquals("00000002 6964 0000000000000001 0000000000000002 0000000000000003 0000000000000004"
                .replace(" ", "") + "00000001 61 0000000000000005 00000002 0607".replace(" ", ""), hex(session.toBytes()));
    }

    @Test
    void valueThatIsNotSerializableIsReported() {
        assertThrows(NotSerializableException.class, () -> StoredSession.serialize(new Object()));
    }

    private static StoredSession session() {
        StoredSession session = new StoredSession("id", null);
        session.creationTime = 1;
        session.accessTime = 2;
        session.expiryTime = 3;
        session.parts.put("cart", new Part(5, new byte[] {1, 2}, 3, 4));
        session.parts.put("größe", new Part(1, new byte[0], 0, 0));
        return session;
    }

    private static List<Long> times(StoredSession session) {
        return Arrays.asList(session.creationTime, session.accessTime, session.expiryTime);
    }

    private static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte value : bytes) {
            text.append(String.format("%02x", value));
        }
        return text.toString();
    }
}
