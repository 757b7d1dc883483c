package hookserver.sessions;

import jakarta.servlet.ServletException;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.catalina.Pipeline;
import org.apache.catalina.Session;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;
import org.apache.coyote.ActionHook;

/**
 * Saves the sessions of a request before its visitor has the whole answer: when Tomcat commits it, when the application flushes
 * or is done, and when Tomcat ends it, which can be on any thread if the request is asynchronous; once, if the application wrote
 * nothing more in between.
 */
public final class SessionValve extends ValveBase {

    private static final ThreadLocal<Hook> CURRENT = new ThreadLocal<>();
    /** By reflection: since Tomcat 8.5 only its own classes can set a hook. */
    private static final Field HOOK;

    static {
        try {
            HOOK = org.apache.coyote.Response.class.getDeclaredField("hook");
            HOOK.setAccessible(true);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    public SessionValve() {
        super(true);
    }

    /** Adds one to a host, so that it is around error pages and listeners too. */
    static synchronized void addTo(Pipeline host) {
        if (Arrays.stream(host.getValves()).noneMatch(SessionValve.class::isInstance)) {
            host.addValve(new SessionValve());
        }
    }

    /** Records that the request of this thread uses the session; false if the thread has none. */
    static boolean record(SharedSession session) {
        Hook hook = CURRENT.get();
        if (hook != null) {
            hook.sessions.add(session);
        }
        return hook != null;
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        Hook hook = Hook.of(response.getCoyoteResponse());
        if (!request.isAsyncDispatching()) {
            hook.sessions.clear();
            hook.isClosed = false;
            hook.wasAsync = false;
        }
        hook.answer = response;
        hook.savedAt = -1;
        CURRENT.set(hook);
        try {
            getNext().invoke(request, response);
        } finally {
            CURRENT.remove();
            hook.leave(request.isAsync());
        }
    }

    /** Stays with a response object, which Tomcat uses for one request after the other. */
    private static final class Hook implements ActionHook {

        private final Set<SharedSession> sessions = ConcurrentHashMap.newKeySet();
        private final ActionHook next;
        private volatile Response answer;
        /** How much of the answer the application had written when the sessions were saved; -1: they were not. */
        private volatile long savedAt;
        private volatile boolean isClosed;
        private volatile boolean wasAsync;

        private Hook(ActionHook next) {
            this.next = next;
        }

        static Hook of(org.apache.coyote.Response response) throws ServletException {
            try {
                ActionHook present = (ActionHook) HOOK.get(response);
                if (!(present instanceof Hook)) {
                    HOOK.set(response, new Hook(present));
                }
                return (Hook) HOOK.get(response);
            } catch (ReflectiveOperationException e) {
                throw new ServletException(e);
            }
        }

        /** At the end of the application, or of its part before it is called again. */
        void leave(boolean isAsync) {
            if (isAsync) {
                save(false);
                savedAt = -1;
                wasAsync = true;
                return;
            }
            if (isClosed) { // by the application: what it did since is rarely a change
                sessions.forEach(SharedSession::saveRestLater);
            } else {
                save(true);
            }
            sessions.clear();
        }

        private void save(boolean isLast) {
            sessions.forEach(session -> session.save(isLast));
            savedAt = answer.getContentWritten();
        }

        @Override
        public void action(ActionCode code, Object parameter) {
            boolean isBegin = code == ActionCode.COMMIT && length() < 0;
            if (isBegin || isWhole(code) && savedAt != answer.getContentWritten()) {
                addNew();
                if (isBegin) {
                    sessions.forEach(SharedSession::saveRestLater);
                } else {
                    save(false);
                }
            }
            isClosed = isClosed || code == ActionCode.CLOSE;
            next.action(code, parameter);
        }

        /** Only the request knows a session that a thread of the application has created. */
        private void addNew() {
            Request request = answer.getRequest();
            Session session = wasAsync || request.isAsyncStarted() ? request.getSessionInternal(false) : null;
            if (session instanceof SharedSession) {
                sessions.add((SharedSession) session);
            }
        }

        /** Whether what is sent next can be the last byte of the answer. */
        private boolean isWhole(ActionCode code) {
            return code == ActionCode.COMMIT || code == ActionCode.CLOSE || code == ActionCode.CLIENT_FLUSH
                    && length() >= 0 && answer.getCoyoteResponse().getContentWritten() >= length();
        }

        /** Of the answer's content; negative: it has a last byte that is sent when it is closed, and not before. */
        private long length() {
            int status = answer.getStatus();
            boolean isEmpty = status < 200 || status == 204 || status == 304 || "HEAD".equals(answer.getRequest().getMethod());
            return isEmpty ? 0 : answer.getCoyoteResponse().getContentLengthLong();
        }
    }
}
