package hookserver.sessions;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/** A folder with a file for each session, named by a digest of its id. */
final class FileSessionStore implements SessionStore {

    private static final long ABANDONED = TimeUnit.MINUTES.toMillis(1);
    /** Megabytes of a session. {@link AttributeInput} reads no larger attribute. */
    private static final int LARGEST = 16;

    private final Path folder;
    private final long limit;
    private final SessionLocks locks;
    private final AtomicLong used = new AtomicLong();

    FileSessionStore(File folder, long limit) {
        this.folder = folder.toPath();
        this.limit = limit;
        locks = new SessionLocks(this.folder);
    }

    @Override
    public StoredSession read(String id, StoredSession known) throws IOException {
        return read(known == null ? file(id) : known.file, id, known);
    }

    private static StoredSession read(Path file, String id, StoredSession known) throws IOException {
        StoredSession stored = SessionFile.read(file, known);
        return stored == null || stored.id.equals(id) ? stored : null;
    }

    @Override
    public StoredSession update(String id, UnaryOperator<StoredSession> change) throws IOException {
        return locks.run(id, () -> {
            Path file = file(id);
            StoredSession before = read(file, id, null);
            StoredSession next = change.apply(before);
            replace(file, before, next);
            return next;
        });
    }

    private void replace(Path file, StoredSession before, StoredSession next) throws IOException {
        byte[] bytes = next == null ? new byte[0] : next.toBytes();
        long growth = (next == null ? 0 : SessionFile.size(bytes.length)) - (before == null ? 0 : before.size);
        if (bytes.length > LARGEST << 20) {
            throw new IOException("the session has more than " + LARGEST + " MB");
        }
        if (growth > 0 && used.get() + growth > limit) {
            throw new IOException("release.sessions_max (" + (limit >> 20) + " MB) is reached");
        }
        if (next == null) {
            Files.deleteIfExists(file);
        } else {
            SessionFile.write(file, before, next, bytes);
        }
        used.addAndGet(growth);
    }

    @Override
    public Collection<String> findExpired(long before) throws IOException {
        List<String> expired = new ArrayList<>();
        File[] files = folder.toFile().listFiles((place, name) -> !name.equals(SessionLocks.NAME));
        long total = 0;
        for (File file : files == null ? new File[0] : files) {
            total += file.length();
            boolean isTemporary = file.getName().endsWith(SessionFile.TEMPORARY);
            long time = file.lastModified();
            if (time > 0 && time < before - (isTemporary ? ABANDONED : 0)) { // 0: it is gone
                StoredSession stored = isTemporary ? null : readable(file.toPath());
                if (stored != null) {
                    expired.add(stored.id);
                } else {
                    Files.deleteIfExists(file.toPath());
                }
            }
        }
        used.set(total);
        return expired;
    }

    /** Null: nobody could read it while it was valid. */
    private static StoredSession readable(Path file) {
        try {
            return SessionFile.read(file, null);
        } catch (IOException e) {
            return null;
        }
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
