package hookserver.sessions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hookserver.Threads;
import hookserver.sessions.StoredSession.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSessionStoreTest {

    private static final long MEGABYTE = 1 << 20;

    @TempDir
    Path temporary;
    private Path folder;
    private FileSessionStore store;
    /** Another replica's. */
    private FileSessionStore other;

    @BeforeEach
    void createStores() {
        folder = temporary.resolve("shop");
        store = new FileSessionStore(folder.toFile(), MEGABYTE);
        other = new FileSessionStore(folder.toFile(), MEGABYTE);
    }

    @Test
    void sessionThatIsNotStoredIsNull() throws IOException {
        assertNull(store.read("id", null));
        put("id", 1, 10);
        assertNull(store.read("id2", null));
    }

    @Test
    void replicaReadsWhatAnotherOneStored() throws IOException {
        put("id", 5, 10);
        StoredSession read = other.read("id", null);
        assertEquals(5, read.expiryTime);
        assertEquals(10, read.parts.get("a").bytes.length);
    }

    @Test
    void knownVersionIsReturnedWhileItIsStoredAndNoLonger() throws IOException {
        StoredSession written = put("id", 5, 10);
        assertSame(written, store.read("id", written));
        StoredSession read = other.read("id", null);
        assertSame(read, other.read("id", read));
        put("id", 5, 10);
        assertNotSame(read, other.read("id", read));
        assertEquals(2, other.read("id", read).counter);
    }

    @Test
    void removedSessionIsGoneForAll() throws IOException {
        StoredSession known = put("id", 5, 10);
        assertNull(other.update("id", stored -> null));
        assertNull(store.read("id", known));
        assertEquals(Collections.emptyList(), sessionFiles());
    }

    @Test
    void noUpdateIsLost() throws Exception {
        AtomicInteger stored = new AtomicInteger();
        Threads.run(4, thread -> {
            for (int i = 0; i < 50; i++) {
                try {
                    (thread % 2 == 0 ? store : other).update("id", before -> new StoredSession("id", before));
                    stored.incrementAndGet();
                } catch (IOException e) {
                    Thread.sleep(10); // a busy machine: it waited too long for the lock, and was told so
                }
            }
        });
        assertEquals(stored.get(), store.read("id", null).counter);
        assertTrue(stored.get() > 100, stored + " of 200");
    }

    @Test
    void idLeadsToAFileInTheFolderAlone() throws IOException {
        for (String id : Arrays.asList("../x", "/x", "", ".", "a/b", "x\0y")) {
            put(id, 5, 10);
            assertEquals(id, other.read(id, null).id);
        }
        assertEquals(Collections.singletonList("shop"), names(temporary));
        assertTrue(sessionFiles().stream().allMatch(name -> name.matches("[0-9A-Za-z_-]{43}")), sessionFiles().toString());
    }

    @Test
    void fileOfAnotherIdIsNotASessionOfThisOne() throws IOException {
        put("first", 5, 10);
        Path first = folder.resolve(sessionFiles().get(0));
        store.update("second", stored -> new StoredSession("second", stored));
        Path second = folder.resolve(sessionFiles().stream().filter(name -> !first.endsWith(name)).findFirst().get());
        Files.write(second, Files.readAllBytes(first));
        assertNull(store.read("second", null));
    }

    @Test
    void folderThatIsAFileIsReported() throws IOException {
        Files.createFile(folder);
        assertThrows(IOException.class, () -> put("id", 5, 10));
        assertThrows(IOException.class, () -> store.read("id", null));
        assertEquals(Collections.emptyList(), store.findExpired(Long.MAX_VALUE));
    }

    @Test
    void failedUpdateLeavesTheVersionBeforeAndNothingElse() throws IOException {
        put("id", 5, 10);
        assertThrows(IOException.class, () -> put("id", 5, (int) MEGABYTE));
        assertThrows(IllegalStateException.class, () -> store.update("id", stored -> {
            throw new IllegalStateException();
        }));
        assertEquals(1, other.read("id", null).counter);
    }

    @Test
    void sessionsMaxBoundsWhatIsStored() throws IOException {
        for (int i = 0; i < 3; i++) {
            put("id" + i, 5, 100_000); // two slots of 128 KB
        }
        IOException full = assertThrows(IOException.class, () -> put("id5", 5, 200_000));
        assertEquals("release.sessions_max (1 MB) is reached", full.getMessage());
        put("id1", 5, 100_000); // no growth
        put("id1", 5, 10);
        put("id2", 5, 10);
        put("id5", 5, 200_000);
        store.update("id5", stored -> null);
        put("id6", 5, 200_000);
    }

    @Test
    void sessionsMaxCountsWhatOtherReplicasStoredSinceTheLastCheck() throws IOException {
        put("id1", 5, 300_000);
        other.findExpired(0);
        assertThrows(IOException.class, () -> other.update("id2", stored -> put(stored, "id2", 5, 300_000)));
        store.update("id1", stored -> null);
        other.findExpired(0);
        other.update("id2", stored -> put(stored, "id2", 5, 300_000));
    }

    @Test
    void sessionThatDoesNotGrowIsStoredAndOneRemovedThoughMoreThanSessionsMaxIsUsed() throws IOException {
        put("id1", 5, 200_000);
        other.update("id2", stored -> put(stored, "id2", 5, 200_000));
        store.findExpired(0);
        assertThrows(IOException.class, () -> put("id3", 5, 10));
        assertEquals(2, put("id1", 5, 200_000).counter);
        assertNull(store.update("id2", stored -> null));
        put("id3", 5, 10);
    }

    @Test
    void sessionThatIsTooLargeToBeReadIsNotStored() {
        store = new FileSessionStore(folder.toFile(), Long.MAX_VALUE);
        IOException problem = assertThrows(IOException.class, () -> put("id", 5, 17 << 20));
        assertEquals("the session has more than 16 MB", problem.getMessage());
    }

    @Test
    void expiredSessionsAreFoundAndTheFilesStay() throws IOException {
        put("id1", 1_000_000, 10);
        put("id2", 2_000_000, 10);
        assertEquals(Collections.singletonList("id1"), other.findExpired(1_500_000));
        assertEquals(Collections.emptyList(), other.findExpired(1_000_000));
        assertEquals(2, sessionFiles().size());
    }

    @Test
    void whatNobodyCanReadIsRemovedOnceItIsExpired() throws IOException {
        put("id", 2_000_000, 10);
        Path file = folder.resolve(sessionFiles().get(0));
        Files.write(file, new byte[] {1});
        Files.setLastModifiedTime(file, FileTime.fromMillis(2_000_000));
        store.findExpired(1_000_000);
        assertEquals(1, sessionFiles().size());
        assertEquals(Collections.emptyList(), store.findExpired(3_000_000));
        assertEquals(Collections.emptyList(), sessionFiles());
    }

    @Test
    void leftoverOfADeadReplicaIsRemovedAfterAMinute() throws IOException {
        put("id", Long.MAX_VALUE / 2000, 10);
        Path leftover = Files.createFile(folder.resolve("1.tmp"));
        long now = System.currentTimeMillis();
        store.findExpired(now + 50_000);
        assertTrue(Files.exists(leftover));
        store.findExpired(now + 120_000);
        assertFalse(Files.exists(leftover));
        assertTrue(Files.exists(folder.resolve("lock")));
    }

    private StoredSession put(String id, long expiry, int size) throws IOException {
        return store.update(id, stored -> put(stored, id, expiry, size));
    }

    private static StoredSession put(StoredSession stored, String id, long expiry, int size) {
        StoredSession next = new StoredSession(id, stored);
        next.expiryTime = expiry;
        next.parts.put("a", new Part(next.counter, new byte[size], 0, 0));
        return next;
    }

    private List<String> sessionFiles() throws IOException {
        return names(folder).stream().filter(name -> !name.equals("lock")).collect(Collectors.toList());
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().collect(Collectors.toList());
        }
    }
}
