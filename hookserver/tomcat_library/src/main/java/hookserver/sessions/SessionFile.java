package hookserver.sessions;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;

/**
 * The file of a session. It has two slots. A version is written over the one before the last, so there is a whole one meanwhile,
 * also for a replica that dies; without fsync. The modification time is the second after which the session expires, with the
 * counter in its microseconds: no two versions agree in inode, size and time.
 */
final class SessionFile {

    static final String TEMPORARY = ".tmp";
    private static final long BLOCK = 4096;
    /** Bytes of a checksum of what follows, the length, and the counter. */
    private static final int HEADER = 16;

    private SessionFile() {
    }

    /** The last whole version; {@code known} itself if that is it, which costs a look-up; null if there is no file. */
    static StoredSession read(Path file, StoredSession known) throws IOException {
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
        int slot = content.length / 2;
        long first = counter(file, 0, slot);
        long second = counter(file, slot, slot);
        int at = first > second ? 0 : slot;
        if (first == second) { // both are 0
            return null;
        }
        StoredSession stored = StoredSession.of(ByteBuffer.wrap(content, at + HEADER, file.getInt(at + 4)));
        stored.slot = at == 0 ? 0 : 1;
        stored.size = content.length;
        return stored;
    }

    /** Of the version in a slot; 0: it is not whole. */
    private static long counter(ByteBuffer file, int at, int slot) {
        int length = slot < BLOCK ? 0 : file.getInt(at + 4);
        boolean isWhole = length > 0 && size(length) == 2L * slot && file.getInt(at) == checksum(file.array(), at, length);
        return isWhole ? file.getLong(at + 8) : 0;
    }

    /** Bytes of a file with a version of that length. */
    static long size(int length) {
        return 2 * Math.max(BLOCK, 2 * Long.highestOneBit(HEADER + length - 1L));
    }

    private static int checksum(byte[] bytes, int at, int length) {
        CRC32 checksum = new CRC32();
        checksum.update(bytes, at + 4, HEADER - 4 + length);
        return (int) checksum.getValue();
    }

    /** Under the session's lock. {@code before}: the last version; null: there is none. {@code bytes}: those of {@code next}. */
    static void write(Path file, StoredSession before, StoredSession next, byte[] bytes) throws IOException {
        next.size = size(bytes.length);
        next.slot = before == null ? 0 : 1 - before.slot;
        if (before == null || before.size != next.size || !overwrite(file, next, bytes)) {
            create(file, next, bytes);
        }
        next.file = file;
        next.stamp = stamp(file);
    }

    /** False: only its owner, the user of another release, can set its times. */
    private static boolean overwrite(Path file, StoredSession next, byte[] bytes) {
        try {
            writeSlot(file, next, bytes);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static void create(Path file, StoredSession next, byte[] bytes) throws IOException {
        Files.createDirectories(file.getParent()); // somebody may have removed it
        Path temporary = file.resolveSibling(ThreadLocalRandom.current().nextLong() + TEMPORARY);
        try {
            writeSlot(temporary, next, bytes);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
    }

    private static void writeSlot(Path file, StoredSession next, byte[] bytes) throws IOException {
        ByteBuffer slot = ByteBuffer.allocate(HEADER + bytes.length).putInt(0).putInt(bytes.length).putLong(next.counter);
        byte[] content = slot.put(bytes).array();
        slot.putInt(0, checksum(content, 0, bytes.length));
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) { // an interrupt does not close it
            if (out.length() != next.size) { // to set it again costs as much as to write
                out.setLength(next.size);
            }
            out.seek(next.slot * next.size / 2);
            out.write(content);
        }
        long time = TimeUnit.SECONDS.toMicros(next.expiryTime / 1000 + 1) + next.counter % 1_000_000;
        // An access time before this one would make the kernel write at each reading: mount(8), relatime.
        Files.getFileAttributeView(file, BasicFileAttributeView.class).setTimes(FileTime.from(time, TimeUnit.MICROSECONDS),
                FileTime.from(time + 1, TimeUnit.MICROSECONDS), null);
    }
}
