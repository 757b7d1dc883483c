package cornershop.web;

import cornershop.Release;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;

/** {@code GET /slow?ms=…}: a request that takes its time, at most two minutes, and says nothing before its end. */
@WebServlet("/slow")
public class SlowServlet extends HttpServlet {

    private static final long LONGEST = 120_000;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        long ms;
        try {
            ms = Math.max(0, Math.min(Long.parseLong(request.getParameter("ms")), LONGEST));
        } catch (NumberFormatException e) {
            response.sendError(HttpServletResponse.SC_BAD_REQUEST);
            return;
        }
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            response.sendError(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
            return;
        }
        Answer.json(response, Map.of("slept_ms", ms, "version", Release.CURRENT.version()));
    }
}
