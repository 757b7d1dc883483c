package hookserver.sessions;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
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
import java.util.zip.CRC32;

/**
 * A folder with a file for each session, named by a digest of its id. A file has two slots. A version is written over the one
 * before the last, so there is a whole one meanwhile, also for a replica that dies; without fsync. A file's modification time is
 * the second after which the session expires, with the counter in its microseconds: no two versions agree in inode, size and time.
 */
final class FileSessionStore implements SessionStore {

    private static final String LOCK = "lock";
    private static final String TEMPORARY = ".tmp";
    private static final long ABANDONED = TimeUnit.MINUTES.toMillis(1);
    private static final long BLOCK = 4096;
    private static final long SLOT_LIMIT = 16L << 20;
    /** Bytes of a checksum of what follows, the length, and the counter. */
    private static final int HEADER = 16;
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
        StoredSession stored = read(known == null ? file(id) : known.file, known);
        return stored == null || stored.id.equals(id) ? stored : null;
    }

    private static StoredSession read(Path file, StoredSession known) throws IOException {
        try {
            for (int tries = 0; tries < 3; tries++) { // both slots can be written over while it reads
                Object stamp = stamp(file); // first: a version that comes in between is read next time
                if (known != null && stamp.equals(known.stamp)) {
                    return known;
                }
                StoredSession stored = newest(Files.readAllBytes(file));
                if (stored != null) {
                    stored.file = file;
                    stored.stamp = stamp;
                    return stored;
                }
            }
            throw new IOException("it is damaged");
        } catch (NoSuchFileException e) {
            return null;
        } catch (RuntimeException e) {
            throw new IOException("it is damaged", e);
        }
    }

    /** What two versions never agree in. */
    private static Object stamp(Path file) throws IOException {
        BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
        return Arrays.asList(now.fileKey(), now.size(), now.lastModifiedTime());
    }

    /** Null: neither slot has a whole version. */
    private static StoredSession newest(byte[] content) {
        ByteBuffer file = ByteBuffer.wrap(content);
        int size = content.length / 2;
        long first = counter(file, 0, size);
        long second = counter(file, size, size);
        int at = first > second ? 0 : size;
        if (first == second) { // both are 0
            return null;
        }
        StoredSession stored = StoredSession.of(ByteBuffer.wrap(content, at + HEADER, file.getInt(at + 4)));
        stored.slot = at == 0 ? 0 : 1;
        stored.size = content.length;
        return stored;
    }

    /** Of the version in a slot; 0: it is not whole. */
    private static long counter(ByteBuffer file, int at, int size) {
        int length = size < BLOCK ? 0 : file.getInt(at + 4);
        boolean isWhole = length > 0 && slotSize(length) == size && file.getInt(at) == checksum(file.array(), at, length);
        return isWhole ? file.getLong(at + 8) : 0;
    }

    private static long slotSize(long length) {
        return Math.max(BLOCK, 2 * Long.highestOneBit(HEADER + length - 1));
    }

    private static int checksum(byte[] bytes, int at, int length) {
        CRC32 checksum = new CRC32();
        checksum.update(bytes, at + 4, HEADER - 4 + length);
        return (int) checksum.getValue();
    }

    @Override
    @SuppressWarnings("try") // the lock is only held
    public StoredSession update(String id, UnaryOperator<StoredSession> change) throws IOException {
        int index = Math.floorMod(id.hashCode(), LOCKS);
        boolean isInterrupted = Thread.interrupted(); // which would fail the reading on Java 8
        locks[index].lock();
        try (FileLock held = lock(index)) {
            Path file = file(id);
            StoredSession found = read(file, null);
            StoredSession current = found == null || found.id.equals(id) ? found : null;
            StoredSession next = change.apply(current);
            replace(file, current, next);
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
            Files.createDirectories(folder);
            channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        }
        return channel;
    }

    private void replace(Path file, StoredSession current, StoredSession next) throws IOException {
        byte[] bytes = next == null ? new byte[0] : next.toBytes();
        long size = next == null ? 0 : slotSize(bytes.length);
        long growth = 2 * size - (current == null ? 0 : current.size);
        if (size > SLOT_LIMIT || growth > 0 && used.get() + growth > limit) {
            throw new IOException("release.sessions_max (" + (limit >> 20) + " MB) is reached");
        }
        if (next == null) {
            Files.deleteIfExists(file);
        } else {
            if (growth != 0 || current == null || !overwrite(file, 1 - current.slot, size, next, bytes)) {
                create(file, size, next, bytes);
            }
            next.file = file;
            next.stamp = stamp(file);
        }
        used.addAndGet(growth);
    }

    /** False: only its owner, the user of another release, can set its times. */
    private static boolean overwrite(Path file, int slot, long size, StoredSession next, byte[] bytes) {
        try {
            write(file, slot, size, next, bytes);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void create(Path file, long size, StoredSession next, byte[] bytes) throws IOException {
        Files.createDirectories(folder); // somebody may have removed it
        Path temporary = folder.resolve(ThreadLocalRandom.current().nextLong() + TEMPORARY);
        try {
            write(temporary, 0, size, next, bytes);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
    }

    private static void write(Path file, int slot, long size, StoredSession next, byte[] bytes) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER + bytes.length).putInt(0).putInt(bytes.length).putLong(next.counter);
        byte[] content = header.put(bytes).array();
        header.putInt(0, checksum(content, 0, bytes.length));
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) { // an interrupt does not close it
            if (out.length() != 2 * size) { // to set it again costs as much as to write
                out.setLength(2 * size);
            }
            out.seek(slot * size);
            out.write(content);
        }
        long time = TimeUnit.SECONDS.toMicros(next.expiryTime / 1000 + 1) + next.counter % 1_000_000;
        // An access time before this one would make the kernel write at each reading: mount(8), relatime.
        Files.getFileAttributeView(file, BasicFileAttributeView.class).setTimes(FileTime.from(time, TimeUnit.MICROSECONDS),
                FileTime.from(time + 1, TimeUnit.MICROSECONDS), null);
        next.slot = slot;
        next.size = 2 * size;
    }

    @Override
    public Collection<String> findExpired(long before) throws IOException {
        List<String> expired = new ArrayList<>();
        File[] files = folder.toFile().listFiles((place, name) -> !name.equals(LOCK));
        long total = 0;
        for (File file : files == null ? new File[0] : files) {
            total += file.length();
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
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(id.getBytes(StandardCharsets.UTF_8));
            return folder.resolve(Base64.getUrlEncoder().withoutPadding().encodeToString(digest));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }
}
