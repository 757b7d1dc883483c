package hookserver;

import jakarta.servlet.AsyncEvent;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;

/**
 * Marks a request that must not be done twice before the application begins with it: a file that outlives this replica. Nginx
 * asks another replica what was sent to one that died, if it has no mark.
 */
public final class Begun extends ValveBase {

    /** What Nginx does not repeat by itself (proxy_next_upstream, non_idempotent). */
    private static final Set<String> ONCE = new HashSet<>(Arrays.asList("POST", "LOCK", "PATCH"));
    private static final Pattern ID = Pattern.compile("[0-9]+[.][0-9]+-[0-9]+-[0-9]+");
    private static final String MARK = "hookserver.mark";

    /** Null: nobody looks for any. */
    private final Marks marks;

    public Begun() {
        super(true);
        String sign = System.getProperty("hookserver.begun", "");
        marks = sign.isEmpty() ? null : new Marks(Paths.get(sign), ID);
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        String id = request.getHeader("X-Request-Id");
        // One that is asynchronous comes again when it is dispatched.
        boolean isKnown = marks == null || !ONCE.contains(request.getMethod()) || request.getNote(MARK) != null;
        if (isKnown || id == null || !ID.matcher(id).matches()) {
            getNext().invoke(request, response);
            return;
        }
        Marks.Mark mark = marks.lay(id);
        request.setNote(MARK, mark);
        try {
            getNext().invoke(request, response);
        } finally {
            if (request.isAsyncStarted()) {
                request.getAsyncContext().addListener(new End(mark));
            } else {
                marks.ended(mark);
            }
        }
    }

    @Override
    public void backgroundProcess() {
        super.backgroundProcess();
        if (marks != null) {
            marks.look();
        }
    }

    private final class End extends Completion {

        private final Marks.Mark mark;

        End(Marks.Mark mark) {
            this.mark = mark;
        }

        @Override
        public void onComplete(AsyncEvent event) {
            marks.ended(mark);
        }

        @Override
        public void onStartAsync(AsyncEvent event) {
            event.getAsyncContext().addListener(this);
        }
    }
}
