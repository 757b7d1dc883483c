package hookserver.requests;

import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;

/**
 * Records each request that must not be processed twice, before the application begins to process it. Nginx sends a request
 * that a dead replica did not answer to another one only if the dead replica's journal has no entry for it.
 */
public final class RequestJournalValve extends ValveBase {

    /** Methods that Nginx does not repeat by itself: "non_idempotent" in ngx_http_proxy_module, proxy_next_upstream. */
    private static final List<String> NON_IDEMPOTENT = Arrays.asList("POST", "LOCK", "PATCH");
    private static final Pattern ID = Pattern.compile("[0-9]+[.][0-9]+-[0-9]+-[0-9]+");
    private static final long RETENTION_NANOS = 10_000_000_000L;
    private static final String ENTRY = "hookserver.journal_entry";

    /** Null when nobody reads a journal of this replica. */
    private final RequestJournal journal;

    public RequestJournalValve() {
        this(RETENTION_NANOS);
    }

    RequestJournalValve(long retention) {
        super(true);
        String activeFile = System.getProperty("hookserver.request_journal", "");
        journal = activeFile.isEmpty() ? null : new RequestJournal(Paths.get(activeFile), ID, retention);
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        String id = request.getHeader("X-Request-Id");
        // A dispatch of an asynchronous request passes through the valves again, with the notes of the first pass.
        boolean isExempt = journal == null || !NON_IDEMPOTENT.contains(request.getMethod()) || request.getNote(ENTRY) != null;
        if (isExempt || id == null || !ID.matcher(id).matches()) {
            getNext().invoke(request, response);
            return;
        }
        RequestJournal.Entry entry = journal.record(id);
        request.setNote(ENTRY, entry);
        try {
            getNext().invoke(request, response);
        } finally {
            if (request.isAsyncStarted()) {
                request.getAsyncContext().addListener(endOf(entry));
            } else {
                journal.end(entry);
            }
        }
    }

    @Override
    public void backgroundProcess() {
        super.backgroundProcess();
        if (journal != null) {
            journal.cleanUp();
        }
    }

    private AsyncListener endOf(RequestJournal.Entry entry) {
        return new AsyncListener() {
            @Override
            public void onComplete(AsyncEvent event) {
                journal.end(entry);
            }

            @Override
            public void onTimeout(AsyncEvent event) { } // the application or Tomcat completes the request afterwards

            @Override
            public void onError(AsyncEvent event) { } // as after a timeout

            @Override
            public void onStartAsync(AsyncEvent event) {
                // A new start removes the listeners: AsyncListener.onStartAsync in the servlet API.
                event.getAsyncContext().addListener(this);
            }
        };
    }
}
