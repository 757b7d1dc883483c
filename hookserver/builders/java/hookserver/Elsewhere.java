package hookserver;

import jakarta.servlet.ServletException;
import java.io.IOException;
import org.apache.catalina.Context;
import org.apache.catalina.Session;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;

/**
 * Sends a visitor whose session is not here to where Nginx says, before the application sees the request: nobody is held on
 * an old release by a cookie that has expired, or by the cookie of another application.
 */
public final class Elsewhere extends ValveBase {

    public Elsewhere() {
        super(true);
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        String elsewhere = request.getHeader("X-Hookserver-Elsewhere");
        if (elsewhere != null && !elsewhere.isEmpty() && isGone(request)) {
            response.setHeader("X-Accel-Redirect", elsewhere);
        } else {
            getNext().invoke(request, response);
        }
    }

    private static boolean isGone(Request request) throws IOException {
        String id = request.getRequestedSessionId();
        Context context = request.getContext();
        if (context == null || context.getManager() == null) {
            return false;
        }
        Session session = id == null ? null : context.getManager().findSession(id);
        return session == null || !session.isValid();
    }
}
