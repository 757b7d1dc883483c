package hookserver.requests;

import static hookserver.Waiting.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import hookserver.EmbeddedTomcat;
import jakarta.servlet.http.HttpServletRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.catalina.Session;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AffinityValveTest {

    private static final String LOCATION = "X-Hookserver-Elsewhere";
    private static final String QUESTION = "X-Hookserver-Sessions";
    private final AtomicInteger calls = new AtomicInteger();
    private EmbeddedTomcat tomcat;

    @BeforeEach
    void startTomcat() throws Exception {
        tomcat = new EmbeddedTomcat()
                .page("/", (request, response) -> calls.incrementAndGet())
                .page("/new", (request, response) -> response.getWriter().print(create(request)))
                .page("/lasting", (request, response) ->
                        request.getSession().setMaxInactiveInterval(Integer.parseInt(request.getParameter("seconds"))))
                .page("/logout", (request, response) -> {
                    request.getSession().invalidate();
                    response.getWriter().print(create(request));
                })
                .page("/login", (request, response) -> {
                    request.getSession().invalidate();
                    response.getWriter().print(create(request));
                    request.getSession().setAttribute("user", "anna");
                })
                .page("/end", (request, response) -> request.getSession().invalidate());
        tomcat.engine().getPipeline().addValve(new AffinityValve());
        tomcat.start();
    }

    @AfterEach
    void stopTomcat() throws Exception {
        tomcat.close();
    }

    @Test
    void visitorWithoutASessionIsReturnedAndTheApplicationNotCalled() throws Exception {
        assertReturned(ask("/", null));
        assertReturned(ask("/", "0123456789ABCDEF"));
        assertEquals(0, calls.get());
    }

    @Test
    void visitorWithASessionIsServed() throws Exception {
        assertServed(ask("/", session("/new", null)));
        assertEquals(1, calls.get());
    }

    @Test
    void requestThatNamesNoLocationIsServed() throws Exception {
        assertServed(tomcat.ask("GET", "/"));
        assertServed(tomcat.ask("GET", "/", LOCATION, ""));
        assertEquals(2, calls.get());
    }

    @Test
    void visitorWhoseSessionEndedIsReturned() throws Exception {
        String id = session("/new", null);
        assertServed(ask("/end", id));
        assertReturned(ask("/", id));
    }

    @Test
    void visitorWhoseSessionIsExpiredIsReturnedBeforeTomcatRemovesIt() throws Exception {
        String id = session("/new", null);
        Session session = tomcat.context().getManager().findSession(id);
        session.setMaxInactiveInterval(1);
        until(() -> System.currentTimeMillis() - session.getThisAccessedTime() > 1100);
        assertReturned(ask("/", id));
        assertEquals(0, calls.get());
    }

    @Test
    void visitorWhoLoggedOutIsReturnedAlthoughTheApplicationMadeThemAnEmptySession() throws Exception {
        assertReturned(ask("/", session("/logout", session("/new", null))));
        assertEquals(0, calls.get());
    }

    @Test
    void visitorWhoLoggedInIsServedWithTheirNewSession() throws Exception {
        assertServed(ask("/", session("/login", session("/new", null))));
        String withPrincipal = session("/logout", session("/new", null));
        tomcat.context().getManager().findSession(withPrincipal).setPrincipal(() -> "anna");
        assertServed(ask("/", withPrincipal));
        assertEquals(2, calls.get());
    }

    @Test
    void longestLifetimeOfAllSessionsIsReportedAndTheApplicationNotCalled() throws Exception {
        assertEquals("0", lifetime());
        tomcat.ask("GET", "/lasting?seconds=1800");
        for (int count = 0; count < 20; count++) {
            tomcat.ask("GET", "/lasting?seconds=60");
        }
        assertEquals("1800", lifetime());
        tomcat.ask("GET", "/lasting?seconds=-1");
        assertEquals("-1", lifetime());
        assertEquals(0, calls.get());
    }

    private String lifetime() throws Exception {
        return tomcat.ask("GET", "/", QUESTION, "?").headers().firstValue(QUESTION).orElseThrow();
    }

    /** The id of a session that the page creates for the visitor with the session of this id; null: with none. */
    private String session(String path, String id) throws Exception {
        return (id == null ? tomcat.ask("GET", path) : ask(path, id)).body();
    }

    /** A request of a visitor on the old release. */
    private HttpResponse<String> ask(String path, String id) throws Exception {
        List<String> headers = new ArrayList<>(Arrays.asList(LOCATION, "@fresh"));
        if (id != null) {
            headers.addAll(Arrays.asList("Cookie", "JSESSIONID=" + id));
        }
        return tomcat.ask("GET", path, headers.toArray(new String[0]));
    }

    private static String create(HttpServletRequest request) {
        return request.getSession(true).getId();
    }

    private static void assertReturned(HttpResponse<String> answer) {
        assertEquals("@fresh", answer.headers().firstValue("X-Accel-Redirect").orElse("none"));
    }

    private static void assertServed(HttpResponse<String> answer) {
        assertEquals(200, answer.statusCode());
        assertFalse(answer.headers().firstValue("X-Accel-Redirect").isPresent());
    }
}
