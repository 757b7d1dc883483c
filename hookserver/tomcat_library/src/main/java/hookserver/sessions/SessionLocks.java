package hookserver.sessions;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * A lock for each 256th of the sessions, which all replicas have in common: one byte of a file. The kernel unlocks it when a
 * replica dies: fcntl(2).
 */
final class SessionLocks {

    static final String NAME = "lock";
    private static final int COUNT = 256;
    /** A replica that is frozen while it holds a lock must not hold up the visitors of the others. */
    private static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long RETRY = TimeUnit.SECONDS.toNanos(2);
    private static final long HAND_OVER = TimeUnit.MICROSECONDS.toNanos(300);

    private final Path folder;
    private final ReentrantLock[] threads = Stream.generate(ReentrantLock::new).limit(COUNT).toArray(ReentrantLock[]::new);
    /** Since when this replica waits for another one; 0: it does not. Guarded by the lock of its threads. */
    private final long[] waitingSince = new long[COUNT];
    private FileChannel channel;

    interface Work<T> {
        T run() throws IOException;
    }

    SessionLocks(Path folder) {
        this.folder = folder;
    }

    /** Throws an IOException, after at most 200 ms, if another replica keeps the lock. */
    @SuppressWarnings("try") // the lock is only held
    <T> T run(String id, Work<T> work) throws IOException {
        int index = Math.floorMod(id.hashCode(), COUNT);
        boolean isInterrupted = Thread.interrupted(); // which would close the file, and fail the reading on Java 8
        threads[index].lock();
        try (FileLock held = lock(index)) {
            return work.run();
        } finally {
            if (threads[index].hasQueuedThreads()) {
                LockSupport.parkNanos(HAND_OVER); // the file is unlocked by now: another replica's turn
            }
            threads[index].unlock();
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private FileLock lock(int index) throws IOException {
        if (waitingSince[index] == 0 || System.nanoTime() - waitingSince[index] > PATIENCE + RETRY) {
            waitingSince[index] = System.nanoTime(); // else others of this replica have waited long enough
        }
        do {
            try {
                FileLock lock = channel().tryLock(index, 1, false);
                if (lock != null) {
                    waitingSince[index] = 0;
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                // Another store of this Tomcat has the same folder.
            }
            LockSupport.parkNanos(HAND_OVER / 3);
        } while (System.nanoTime() - waitingSince[index] < PATIENCE);
        throw new IOException("another replica holds the lock of the session");
    }

    private synchronized FileChannel channel() throws IOException {
        if (channel == null) {
            Files.createDirectories(folder);
            channel = FileChannel.open(folder.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        }
        return channel;
    }
}
