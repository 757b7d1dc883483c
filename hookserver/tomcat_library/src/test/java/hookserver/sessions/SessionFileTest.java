package hookserver.sessions;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionFileTest {

    @TempDir
    Path folder;
    private Path file;

    @BeforeEach
    void nameFile() {
        file = folder.resolve("file");
    }

    @Test
    void fileThatIsNotThereIsNull() throws IOException {
        assertNull(SessionFile.read(file, null));
    }

    @Test
    void knownVersionIsReturnedWhileItIsTheLastOne() throws IOException {
        StoredSession written = put(5, 10);
        assertSame(written, SessionFile.read(file, written));
        StoredSession read = SessionFile.read(file, null);
        assertSame(read, SessionFile.read(file, read));
        put(5, 10);
        assertNotSame(read, SessionFile.read(file, read));
        assertEquals(2, SessionFile.read(file, read).counter);
    }

    @Test
    void versionsOfTheSameSizeAndTimeHaveDifferentStamps() throws IOException {
        Set<Object> stamps = new HashSet<>();
        for (int i = 0; i < 2000; i++) {
            stamps.add(put(5, 10).stamp);
        }
        assertEquals(2000, stamps.size());
    }

    @Test
    void modificationTimeIsTheExpiryAndTheCounterInMicroseconds() throws IOException {
        put(1_700_000_000_123L, 10);
        put(1_700_000_000_123L, 10);
        FileTime time = Files.getLastModifiedTime(file);
        assertEquals(1_700_000_001_000_002L, time.to(TimeUnit.MICROSECONDS));
    }

    @Test
    void readingDoesNotChangeTheFile() throws IOException {
        put(System.currentTimeMillis() + 60_000, 10);
        Object before = Files.readAttributes(file, "unix:lastAccessTime,ctime");
        SessionFile.read(file, null);
        assertEquals(before, Files.readAttributes(file, "unix:lastAccessTime,ctime"));
    }

    @Test
    void damagedFileIsReported() throws IOException {
        put(5, 1000);
        byte[] whole = Files.readAllBytes(file);
        byte[] text = StoredSession.serialize("text");
        for (byte[] bytes : Arrays.asList(Arrays.copyOf(whole, 1000), Arrays.copyOf(whole, 4096), new byte[0], new byte[8192], text)) {
            Files.write(file, bytes);
            assertThrows(IOException.class, () -> SessionFile.read(file, null));
        }
    }

    @Test
    void failedRenameLeavesNoTemporaryFile() throws IOException {
        Files.createDirectories(file.resolve("not empty"));
        assertThrows(IOException.class, () -> write(null, next(null, 5, 10)));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(1, files.count());
        }
    }

    @Test
    void versionIsWrittenOverTheOneBeforeTheLastUnlessItNeedsMoreOrMuchLessRoom() throws IOException {
        Set<Object> files = new HashSet<>();
        for (int size : new int[] {10, 3000, 10, 3000}) {
            put(5, size);
            files.add(Files.getAttribute(file, "unix:ino"));
        }
        assertEquals(1, files.size());
        put(5, 5000);
        assertEquals(16_384, Files.size(file));
        put(5, 10);
        assertEquals(8192, Files.size(file));
        assertEquals(6, SessionFile.read(file, null).counter);
    }

    /** A replica that died, or a machine that lost its power. */
    @Test
    void versionThatIsNotWholeLeavesTheOneBefore() throws IOException {
        for (long counter = 1; counter < 5; counter++) {
            assertEquals(counter, put(5, 100).counter);
            byte[] whole = Files.readAllBytes(file);
            int slot = (int) (counter - 1) % 2 * 4096;
            for (int place = 0; place < 16 + 100; place++) {
                byte[] damaged = whole.clone();
                damaged[slot + place] ^= 1;
                Files.write(file, damaged);
                if (counter == 1) {
                    assertThrows(IOException.class, () -> SessionFile.read(file, null));
                } else {
                    assertEquals(counter - 1, SessionFile.read(file, null).counter, "damaged at " + place);
                }
            }
            Files.write(file, whole);
        }
    }

    @Test
    void readerSeesWholeVersionsInTheirOrderWhileTheyAreWritten() throws Exception {
        put(5, 3000);
        AtomicBoolean isDone = new AtomicBoolean();
        Threads.run(3, thread -> {
            if (thread == 0) {
                for (int i = 0; i < 2000; i++) {
                    put(5, 3000);
                }
                isDone.set(true);
            }
            for (long last = 0; !isDone.get();) {
                StoredSession read = SessionFile.read(file, null);
                assertTrue(read.counter >= last, read.counter + " after " + last);
                last = read.counter;
            }
        });
    }

    private StoredSession put(long expiry, int size) throws IOException {
        StoredSession before = SessionFile.read(file, null);
        return write(before, next(before, expiry, size));
    }

    private static StoredSession next(StoredSession before, long expiry, int size) {
        StoredSession next = new StoredSession("id", before);
        next.expiryTime = expiry;
        next.parts.put("a", new Part(next.counter, new byte[size], 0, 0));
        return next;
    }

    private StoredSession write(StoredSession before, StoredSession next) throws IOException {
        SessionFile.write(file, before, next, next.toBytes());
        return next;
    }
}
