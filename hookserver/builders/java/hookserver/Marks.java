package hookserver;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Files, named after requests, beside a sign that is there as long as nothing is under way that should have one and has none.
 * A mark is kept until its request's answer has long gone.
 */
final class Marks {

    private static final Log LOG = LogFactory.getLog(Begun.class);
    private static final String NOT_REPEATED = "a POST that this replica leaves undone when it dies will not be repeated: ";
    private static final long KEPT = TimeUnit.SECONDS.toNanos(10);

    private final Path sign;
    private final Queue<Mark> finished = new ConcurrentLinkedQueue<>();
    private volatile long looked = System.nanoTime();
    private int unmarked;
    private boolean isTold;

    Marks(Path sign, Pattern id) {
        this.sign = sign;
        takeOver(id);
        if (isGone()) {
            laySign();
        }
    }

    /** The mark of a request that is about to begin. */
    Mark lay(String id) {
        Mark mark = new Mark(sign.resolveSibling(id));
        try {
            create(mark.path);
        } catch (IOException e) {
            mark.isLaid = false;
            withdraw(e);
        }
        return mark;
    }

    void ended(Mark mark) {
        if (mark.isLaid) {
            mark.endedAt = System.nanoTime();
            finished.add(mark);
        } else {
            synchronized (this) {
                unmarked--;
            }
        }
        if (System.nanoTime() - looked > 2 * KEPT) {
            look();
        }
    }

    /**
     * Removes what is older than its answer, and lays the sign again if it is gone: hookserver takes it away when it starts.
     * As a rule Tomcat's background thread calls this, every ten seconds.
     */
    void look() {
        looked = System.nanoTime();
        for (Mark oldest = finished.peek(); oldest != null && looked - oldest.endedAt >= KEPT; oldest = finished.peek()) {
            if (finished.remove(oldest)) {
                oldest.path.toFile().delete();
            }
        }
        laySign();
    }

    /** Another name of the sign's, where that can be: after a removal ext4 takes its time to find room for a new file. */
    private void create(Path mark) throws IOException {
        try {
            Files.createLink(mark, sign);
        } catch (FileAlreadyExistsException e) {
            // It says the same.
        } catch (IOException | UnsupportedOperationException e) {
            mark.toFile().createNewFile();
        }
    }

    private synchronized void laySign() {
        if (unmarked > 0) {
            return;
        }
        try {
            sign.toFile().createNewFile();
            isTold = false;
        } catch (IOException e) {
            tell(NOT_REPEATED + e);
        }
    }

    /** From now on Nginx repeats nothing that this replica was sent. */
    private synchronized void withdraw(IOException why) {
        unmarked++;
        if (isGone()) {
            tell(NOT_REPEATED + why);
        }
    }

    private boolean isGone() {
        boolean isGone = sign.toFile().delete() || Files.notExists(sign);
        if (!isGone) {
            tell(sign + " cannot be removed: a POST may be done twice when this replica dies");
        }
        return isGone;
    }

    private void tell(String what) {
        if (!isTold) {
            LOG.warn("hookserver: " + what);
        }
        isTold = true;
    }

    /** What was left here by a replica that died, at which Nginx has looked by then: it goes at the first look. */
    private void takeOver(Pattern id) {
        String[] names = sign.getParent().toFile().list();
        for (String name : names == null ? new String[0] : names) {
            if (id.matcher(name).matches()) {
                Mark mark = new Mark(sign.resolveSibling(name));
                mark.endedAt = looked - KEPT;
                finished.add(mark);
            }
        }
    }

    static final class Mark {

        private final Path path;
        private boolean isLaid = true;
        private volatile long endedAt;

        private Mark(Path path) {
            this.path = path;
        }
    }
}
