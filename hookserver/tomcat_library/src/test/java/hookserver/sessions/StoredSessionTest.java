package hookserver.sessions;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import hookserver.sessions.StoredSession.Part;
import java.io.NotSerializableException;
import java.io.ObjectStreamClass;
import java.io.ObjectStreamField;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
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
        assertEquals(1, before.parts.size());
    }

    @Test
    void sessionIsReadAsItWasStored() throws Exception {
        StoredSession read = (StoredSession) AttributeInput.read(StoredSession.serialize(session()), loader(), true);
        assertEquals("id", read.id);
        assertEquals(1, read.counter);
        assertEquals(Arrays.asList(1L, 2L, 3L), times(read));
        assertEquals(5, read.parts.get("cart").version);
        assertArrayEquals(new byte[] {1, 2}, read.parts.get("cart").bytes);
    }

    @Test
    void whatOnlyThisReplicaKnowsIsNotStored() throws Exception {
        StoredSession session = session();
        session.stamp = new Object(); // which cannot be serialized
        StoredSession read = (StoredSession) AttributeInput.read(StoredSession.serialize(session), loader(), true);
        assertNull(read.stamp);
        assertNull(read.parts.get("cart").digest);
        assertEquals(0, read.parts.get("cart").order);
    }

    /** Releases of hookserver read each other's files: a field may be added; none may go or change its type. */
    @Test
    void formatHasTheseFields() {
        assertFormat(StoredSession.class, "accessTime J, counter J, creationTime J, expiryTime J, id Ljava/lang/String;,"
                + " parts Ljava/util/LinkedHashMap;");
        assertFormat(Part.class, "version J, bytes [B");
    }

    @Test
    void valueThatIsNotSerializableIsReported() {
        assertThrows(NotSerializableException.class, () -> StoredSession.serialize(new Object()));
    }

    @Test
    void digestIsSha256() {
        assertEquals("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                new BigInteger(1, StoredSession.digest("abc".getBytes(StandardCharsets.US_ASCII))).toString(16));
    }

    private static StoredSession session() {
        StoredSession session = new StoredSession("id", null);
        session.creationTime = 1;
        session.accessTime = 2;
        session.expiryTime = 3;
        session.parts.put("cart", new Part(5, new byte[] {1, 2}, new byte[] {3}, 4));
        return session;
    }

    private static List<Long> times(StoredSession session) {
        return Arrays.asList(session.creationTime, session.accessTime, session.expiryTime);
    }

    private static void assertFormat(Class<?> type, String fields) {
        ObjectStreamClass format = ObjectStreamClass.lookup(type);
        assertEquals(1, format.getSerialVersionUID());
        assertEquals(fields, Arrays.stream(format.getFields()).map(StoredSessionTest::text).collect(Collectors.joining(", ")));
    }

    private static String text(ObjectStreamField field) {
        return field.getName() + " " + (field.isPrimitive() ? field.getTypeCode() : field.getTypeString());
    }

    private static ClassLoader loader() {
        return StoredSessionTest.class.getClassLoader();
    }
}
