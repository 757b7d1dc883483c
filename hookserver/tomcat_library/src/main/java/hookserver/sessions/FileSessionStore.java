package hookserver.sessions;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A folder with a file for each session, named by a digest of its id. A version replaces the one before by a rename, without
 * fsync. A file's modification time is when the session expires, with the counter in the microseconds: so two versions never
 * agree in inode, size and both times.
 */
final class FileSessionStore implements SessionStore {

    private static final String STAMP = "unix:ino,size,lastModifiedTime,ctime";
    private static final String LOCK = "lock";
    private static final String TEMPORARY = ".tmp";
    private static final long ABANDONED = TimeUnit.MINUTES.toMillis(1);
    private static final long BLOCK = 4096;
    private static final long FILE_LIMIT = 16L << 20;
    private static final int LOCKS = 256;
    /** A replica that is frozen while it holds a lock must not hold up the visitors of the others. */
    private static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long RETRY = TimeUnit.SECONDS.toNanos(2);
    private static final long HAND_OVER = TimeUnit.MICROSECONDS.toNanos(300);

    private final Path folder;
    private final long limit;
    /** By lock, which guards it: since when this replica waits for another one to unlock it; 0: it does not. */
    private final long[] waitingSince = new long[LOCKS];
    private final AtomicLong used = new AtomicLong();
    private final ReentrantLock[] locks = Stream.generate(ReentrantLock::new).limit(LOCKS).toArray(ReentrantLock[]::new);
    private FileChannel channel;

    FileSessionStore(File folder, long limit) {
        this.folder = folder.toPath();
        this.limit = limit;
    }

    @Override
    public StoredSession read(String id, StoredSession known) throws IOException {
        StoredSession stored = read(file(id), known);
        return stored == null || stored.id.equals(id) ? stored : null;
    }

    private static StoredSession read(Path file, StoredSession known) throws IOException {
        try {
            Object stamp = Files.readAttributes(file, STAMP); // first: a version that comes in between is read next time
            if (known != null && stamp.equals(known.stamp)) {
                return known;
            }
            ClassLoader loader = StoredSession.class.getClassLoader();
            StoredSession stored = (StoredSession) AttributeInput.read(Files.readAllBytes(file), loader, true);
            stored.stamp = stamp;
            return stored;
        } catch (NoSuchFileException e) {
            return null;
        } catch (ClassNotFoundException | RuntimeException e) {
            throw new IOException("it is damaged", e);
        }
    }

    @Override
    @SuppressWarnings("try") // the lock is only held
    public StoredSession update(String id, UnaryOperator<StoredSession> change) throws IOException {
        if (!folder.toFile().isDirectory()) {
            Files.createDirectories(folder);
        }
        int index = Math.floorMod(id.hashCode(), LOCKS);
        boolean isInterrupted = Thread.interrupted(); // which would fail the reading on Java 8
        locks[index].lock();
        try (FileLock held = lock(index)) {
            StoredSession next = change.apply(read(id, null));
            replace(file(id), next);
            return next;
        } finally {
            if (locks[index].hasQueuedThreads()) {
                LockSupport.parkNanos(HAND_OVER); // the file is unlocked by now: another replica's turn
            }
            locks[index].unlock();
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** One byte of a file that the replicas have in common; the kernel unlocks it when a replica dies: fcntl(2). */
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
            channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        }
        return channel;
    }

    private void replace(Path file, StoredSession next) throws IOException {
        byte[] bytes = next == null ? new byte[0] : StoredSession.serialize(next);
        long growth = blocks(bytes.length) - blocks(file.toFile().length());
        if (bytes.length > FILE_LIMIT || growth > 0 && used.get() + growth > limit) {
            throw new IOException("release.sessions_max (" + (limit >> 20) + " MB) is reached");
        }
        if (next == null) {
            Files.deleteIfExists(file);
        } else {
            Path temporary = folder.resolve(ThreadLocalRandom.current().nextLong() + TEMPORARY);
            try (OutputStream out = new FileOutputStream(temporary.toFile())) { // an interrupt does not close it
                out.write(bytes);
                long time = TimeUnit.MILLISECONDS.toMicros(next.expiryTime) + next.counter % 1000;
                Files.setLastModifiedTime(temporary, FileTime.from(time, TimeUnit.MICROSECONDS));
                Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                Files.deleteIfExists(temporary);
                throw e;
            }
            next.stamp = Files.readAttributes(file, STAMP);
        }
        used.addAndGet(growth);
    }

    @Override
    public Collection<String> findExpired(long before) throws IOException {
        List<String> expired = new ArrayList<>();
        File[] files = folder.toFile().listFiles((place, name) -> !name.equals(LOCK));
        long total = 0;
        for (File file : files == null ? new File[0] : files) {
            total += blocks(file.length());
            long time = file.lastModified();
            if (time > 0 && time < before - (file.getName().endsWith(TEMPORARY) ? ABANDONED : 0)) { // 0: it is gone
                addOrRemove(file.toPath(), expired);
            }
        }
        used.set(total);
        return expired;
    }

    private static void addOrRemove(Path file, List<String> expired) throws IOException {
        try {
            StoredSession stored = file.toString().endsWith(TEMPORARY) ? null : read(file, null);
            if (stored != null) {
                expired.add(stored.id);
                return;
            }
        } catch (IOException e) {
            // Nobody could read it while it was valid.
        }
        Files.deleteIfExists(file);
    }

    private Path file(String id) {
        byte[] digest = StoredSession.digest(id.getBytes(StandardCharsets.UTF_8));
        return folder.resolve(Base64.getUrlEncoder().withoutPadding().encodeToString(digest));
    }

    private static long blocks(long bytes) {
        return (bytes + BLOCK - 1) / BLOCK * BLOCK;
    }
}
