package hookserver.requests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Pattern;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * The request journal: one file for each recorded request, named by its id, and the active file, which exists only while no
 * request is in progress that lacks its entry. An entry stays for the retention (in nanoseconds) after its request's end.
 */
final class RequestJournal {

    private static final Log LOG = LogFactory.getLog(RequestJournalValve.class);
    private static final String NOT_REPEATED = "a POST that this replica leaves unfinished when it dies will not be repeated: ";

    private final Path activeFile;
    private final long retention;
    private final Queue<Entry> ended = new ConcurrentLinkedQueue<>();
    private volatile long cleanedAt = System.nanoTime();
    private int unrecorded;
    private boolean hasWarned;

    RequestJournal(Path activeFile, Pattern id, long retention) {
        this.activeFile = activeFile;
        this.retention = retention;
        adoptOldEntries(id);
        if (removeActiveFile()) {
            activate();
        }
    }

    /** The entry of a request that is about to begin. */
    Entry record(String id) {
        Entry entry = new Entry(activeFile.resolveSibling(id));
        try {
            create(entry.path);
        } catch (IOException e) {
            entry.isRecorded = false;
            deactivate(e);
        }
        return entry;
    }

    void end(Entry entry) {
        if (entry.isRecorded) {
            entry.endedAt = System.nanoTime();
            ended.add(entry);
        } else {
            synchronized (this) {
                unrecorded--;
            }
        }
        if (System.nanoTime() - cleanedAt > 2 * retention) {
            cleanUp();
        }
    }

    /**
     * Removes entries whose retention is over, and creates the active file again, which hookserver removes at its start.
     * Tomcat's background thread calls this, every ten seconds by default.
     */
    void cleanUp() {
        cleanedAt = System.nanoTime();
        for (Entry first = ended.peek(); first != null && cleanedAt - first.endedAt >= retention; first = ended.peek()) {
            if (ended.remove(first)) {
                first.path.toFile().delete();
            }
        }
        activate();
    }

    /** A hard link to the active file where possible: right after a removal, ext4 needs longer to create a new file. */
    private void create(Path entry) throws IOException {
        try {
            Files.createLink(entry, activeFile);
        } catch (IOException | UnsupportedOperationException e) {
            entry.toFile().createNewFile();
        }
    }

    private synchronized void activate() {
        if (unrecorded > 0) {
            return;
        }
        try {
            activeFile.toFile().createNewFile();
            hasWarned = false;
        } catch (IOException e) {
            warnOnce(NOT_REPEATED + e);
        }
    }

    /** From now on Nginx repeats none of the requests that this replica gets. */
    private synchronized void deactivate(IOException cause) {
        unrecorded++;
        if (removeActiveFile()) {
            warnOnce(NOT_REPEATED + cause);
        }
    }

    private boolean removeActiveFile() {
        boolean isRemoved = activeFile.toFile().delete() || Files.notExists(activeFile);
        if (!isRemoved) {
            warnOnce(activeFile + " cannot be removed: a POST may be processed twice when this replica dies");
        }
        return isRemoved;
    }

    private void warnOnce(String message) {
        if (!hasWarned) {
            LOG.warn("[hookserver] " + message);
        }
        hasWarned = true;
    }

    /** Entries of a replica that died, which Nginx has read by now: the first clean-up removes them. */
    private void adoptOldEntries(Pattern id) {
        String[] names = activeFile.getParent().toFile().list();
        for (String name : names == null ? new String[0] : names) {
            if (id.matcher(name).matches()) {
                Entry entry = new Entry(activeFile.resolveSibling(name));
                entry.endedAt = cleanedAt - retention;
                ended.add(entry);
            }
        }
    }

    static final class Entry {

        private final Path path;
        private boolean isRecorded = true;
        private volatile long endedAt;

        private Entry(Path path) {
            this.path = path;
        }
    }
}
