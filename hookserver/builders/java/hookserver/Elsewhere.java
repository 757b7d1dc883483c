package hookserver;

import jakarta.servlet.ServletException;
import java.io.IOException;
import org.apache.catalina.Container;
import org.apache.catalina.Context;
import org.apache.catalina.Manager;
import org.apache.catalina.Session;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;

/**
 * Sends a visitor whose session is not here to where Nginx says, before the application sees the request: nobody is held on
 * an old release by a cookie that has expired, by the cookie of another application, or after he logged out. Tells hookserver
 * how long the sessions live.
 */
public final class Elsewhere extends ValveBase {

    private static final String QUESTION = "X-Hookserver-Sessions";
    /** On a session that took the place of one that its visitor, who is held, has ended. */
    private static final String AFTER = "hookserver.after";

    public Elsewhere() {
        super(true);
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        if (request.getHeader(QUESTION) != null) {
            response.setHeader(QUESTION, Integer.toString(longest()));
            return;
        }
        String elsewhere = request.getHeader("X-Hookserver-Elsewhere");
        if (elsewhere == null || elsewhere.isEmpty()) {
            getNext().invoke(request, response);
            return;
        }
        Session session = find(request);
        if (session == null || !session.isValid() || isLeft(session)) {
            response.setHeader("X-Accel-Redirect", elsewhere);
            return;
        }
        getNext().invoke(request, response);
        Session after = session.isValid() ? null : request.getSessionInternal(false);
        if (after != null) {
            after.setNote(AFTER, Boolean.TRUE);
        }
    }

    /** Seconds of silence after which the last session ends; 0: there is none; -1: one never does by itself. */
    private int longest() {
        int longest = 0;
        for (Container host : getContainer().findChildren()) {
            for (Container context : host.findChildren()) {
                Manager manager = ((Context) context).getManager();
                for (Session session : manager == null ? new Session[0] : manager.findSessions()) {
                    int seconds = session.getMaxInactiveInterval();
                    if (seconds <= 0) {
                        return -1;
                    }
                    longest = Math.max(longest, seconds);
                }
            }
        }
        return longest;
    }

    private static Session find(Request request) throws IOException {
        String id = request.getRequestedSessionId();
        Context context = request.getContext();
        boolean known = id != null && context != null && context.getManager() != null;
        return known ? context.getManager().findSession(id) : null;
    }

    /** Whether its visitor has nothing here: a login ends a session too, but has put something into the next one. */
    private static boolean isLeft(Session session) {
        return session.getNote(AFTER) != null && session.getPrincipal() == null
                && !session.getSession().getAttributeNames().hasMoreElements();
    }
}
