package hookserver;

import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Marks a request that must not be done twice before the application begins with it: a file that outlives this replica. Nginx
 * asks another replica what was sent to one that died, if it has no mark. The marks are kept until their answer has long gone.
 */
public final class Begun extends ValveBase {

    private static final Log LOG = LogFactory.getLog(Begun.class);
    /** What Nginx does not repeat by itself (proxy_next_upstream, non_idempotent). */
    private static final Set<String> ONCE = new HashSet<>(Arrays.asList("POST", "LOCK", "PATCH"));
    private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");
    private static final String MARK = "hookserver.mark";
    private static final long KEPT = TimeUnit.SECONDS.toNanos(10);

    private final Queue<Done> done = new ConcurrentLinkedQueue<>();
    /** A file that is there as long as every request is marked that has to be; null: Nginx does not look for any. */
    private final Path sign;

    public Begun() {
        super(true);
        String path = System.getProperty("hookserver.begun", "");
        sign = path.isEmpty() ? null : Paths.get(path);
        if (sign != null) {
            lay();
        }
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        Path mark = sign == null || !ONCE.contains(request.getMethod()) ? null : mark(request);
        if (mark == null) {
            getNext().invoke(request, response);
            return;
        }
        try {
            getNext().invoke(request, response);
        } finally {
            if (request.isAsyncStarted()) {
                request.getAsyncContext().addListener(new Completion(mark));
            } else {
                done.add(new Done(mark));
            }
        }
    }

    /** Every ten seconds. */
    @Override
    public void backgroundProcess() {
        super.backgroundProcess();
        long now = System.nanoTime();
        for (Done next = done.peek(); next != null && now - next.at > KEPT; next = done.peek()) {
            done.remove();
            try {
                Files.deleteIfExists(next.mark);
            } catch (IOException e) {
                LOG.warn("hookserver: a mark stays: " + e);
            }
        }
    }

    /** Its new mark; null: it can have none, or has one, since it is an asynchronous one that comes again. */
    private Path mark(Request request) {
        String id = request.getHeader("X-Request-Id");
        if (request.getNote(MARK) != null || id == null || !ID.matcher(id).matches()) {
            return null;
        }
        Path mark = sign.resolveSibling(id);
        try {
            create(mark);
        } catch (IOException e) {
            takeAway(e);
            return null;
        }
        request.setNote(MARK, mark);
        return mark;
    }

    /** The sign, and what a replica that died has left: Nginx has looked at that when it did. */
    private void lay() {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(sign.getParent())) {
            for (Path mark : left) {
                if (ID.matcher(mark.getFileName().toString()).matches()) {
                    done.add(new Done(mark));
                }
            }
            create(sign);
        } catch (IOException e) {
            takeAway(e);
        }
    }

    /** From now on Nginx repeats nothing that this replica was sent. */
    private void takeAway(IOException why) {
        try {
            if (Files.deleteIfExists(sign)) {
                LOG.warn("hookserver: a POST that this replica leaves undone when it dies will not be repeated: " + why);
            }
        } catch (IOException e) {
            LOG.error("hookserver: a POST may be done twice when this replica dies: remove " + sign, e);
        }
    }

    private static void create(Path file) throws IOException {
        try {
            Files.createFile(file);
        } catch (FileAlreadyExistsException e) {
            // It says the same.
        }
    }

    private static final class Done {

        private final Path mark;
        private final long at = System.nanoTime();

        Done(Path mark) {
            this.mark = mark;
        }
    }

    private final class Completion implements AsyncListener {

        private final Path mark;

        Completion(Path mark) {
            this.mark = mark;
        }

        @Override
        public void onComplete(AsyncEvent event) {
            done.add(new Done(mark));
        }

        @Override
        public void onTimeout(AsyncEvent event) {
            // It ends by itself, or by the application: then it is complete.
        }

        @Override
        public void onError(AsyncEvent event) {
            // As with a timeout.
        }

        @Override
        public void onStartAsync(AsyncEvent event) {
            event.getAsyncContext().addListener(this);
        }
    }
}
