package hookserver.sessions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hookserver.Threads;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionLocksTest {

    @TempDir
    Path folder;
    private SessionLocks locks;

    @BeforeEach
    void createLocks() {
        locks = new SessionLocks(folder);
    }

    @Test
    void threadsAndReplicasHaveALockOneAfterTheOther() throws Exception {
        SessionLocks other = new SessionLocks(folder);
        AtomicBoolean isHeld = new AtomicBoolean();
        AtomicInteger runs = new AtomicInteger();
        Threads.run(4, thread -> {
            for (int i = 0; i < 50; i++) {
                try {
                    (thread % 2 == 0 ? locks : other).run("id", () -> {
                        assertTrue(isHeld.compareAndSet(false, true));
                        Thread.yield();
                        assertTrue(isHeld.compareAndSet(true, false));
                        return runs.incrementAndGet();
                    });
                } catch (IOException e) {
                    Thread.sleep(10); // a busy machine: it waited too long, and was told so
                }
            }
        });
        assertTrue(runs.get() > 100, runs + " of 200");
    }

    @Test
    void workThatFailsLeavesNothingLocked() throws IOException {
        assertThrows(IllegalStateException.class, () -> locks.run("id", () -> {
            throw new IllegalStateException();
        }));
        assertRuns("id");
    }

    @Test
    void lockThatAnotherReplicaHoldsFailsTheWorkInTimeAndHoldsUpNoOtherSession() throws Exception {
        assertRuns("id");
        try (FileChannel channel = FileChannel.open(folder.resolve("lock"), StandardOpenOption.WRITE)) {
            channel.lock(Math.floorMod("id".hashCode(), 256), 1, false);
            assertFailsInTime();
            assertRuns("ie");
        }
        assertRuns("id");
    }

    @Test
    void lockOfAnotherProcessEndsWithIt() throws Exception {
        assertRuns("id");
        String classes = Holder.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        Process process = new ProcessBuilder(System.getProperty("java.home") + "/bin/java", "-cp", classes,
                Holder.class.getName(), folder.resolve("lock").toString()).start();
        try {
            assertEquals('1', process.getInputStream().read());
            assertFailsInTime();
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertRuns("id");
    }

    /** A replica that holds all locks until it is killed. */
    static final class Holder {
        @SuppressWarnings("try") // the lock is only held
        public static void main(String[] arguments) throws Exception {
            try (FileChannel channel = FileChannel.open(new File(arguments[0]).toPath(), StandardOpenOption.WRITE)) {
                channel.lock();
                System.out.print(1);
                System.out.flush();
                Thread.sleep(60_000);
            }
        }
    }

    @Test
    void interruptedThreadWorksAndStaysInterrupted() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        Threads.run(4, thread -> {
            for (int i = 0; i < 25; i++) {
                if (thread == 0) {
                    Thread.currentThread().interrupt();
                }
                locks.run("id", () -> {
                    assertFalse(Thread.currentThread().isInterrupted());
                    if (thread == 1) {
                        Thread.currentThread().interrupt();
                    }
                    return runs.incrementAndGet();
                });
                assertEquals(thread < 2, Thread.interrupted());
            }
        });
        assertEquals(100, runs.get());
    }

    private void assertRuns(String id) throws IOException {
        assertEquals("done", locks.run(id, () -> "done"));
    }

    private void assertFailsInTime() {
        long start = System.nanoTime();
        assertThrows(IOException.class, () -> locks.run("id", () -> null));
        long milliseconds = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        assertTrue(milliseconds >= 150 && milliseconds < 2000, milliseconds + " ms");
    }
}
