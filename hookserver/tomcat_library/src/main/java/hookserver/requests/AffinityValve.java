package hookserver.requests;

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
 * Returns a visitor without a session here to the Nginx location that the request names, before the application gets the
 * request: an expired cookie, another application's cookie and a logout keep nobody on an old release. Also reports to
 * hookserver how long the sessions live.
 */
public final class AffinityValve extends ValveBase {

    private static final String QUESTION = "X-Hookserver-Sessions";
    /** The note on a session that replaced one which its visitor ended on this old release. */
    private static final String REPLACEMENT = "hookserver.replacement";

    public AffinityValve() {
        super(true);
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        if (request.getHeader(QUESTION) != null) {
            response.setHeader(QUESTION, Integer.toString(longestLifetime()));
            return;
        }
        String location = request.getHeader("X-Hookserver-Elsewhere");
        if (location == null || location.isEmpty()) {
            getNext().invoke(request, response);
            return;
        }
        Session session = find(request);
        if (session == null || !session.isValid() || isEmptyReplacement(session)) {
            response.setHeader("X-Accel-Redirect", location);
            return;
        }
        getNext().invoke(request, response);
        Session replacement = session.isValid() ? null : request.getSessionInternal(false);
        if (replacement != null) {
            replacement.setNote(REPLACEMENT, Boolean.TRUE);
        }
    }

    /** Seconds of inactivity after which the last session ends; 0 if there is none; -1 if one never ends by itself. */
    private int longestLifetime() {
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
        boolean isFindable = id != null && context != null && context.getManager() != null;
        return isFindable ? context.getManager().findSession(id) : null;
    }

    /** Whether its visitor has nothing here: a login replaces a session too, but puts something into the new one. */
    private static boolean isEmptyReplacement(Session session) {
        return session.getNote(REPLACEMENT) != null && session.getPrincipal() == null
                && !session.getSession().getAttributeNames().hasMoreElements();
    }
}
