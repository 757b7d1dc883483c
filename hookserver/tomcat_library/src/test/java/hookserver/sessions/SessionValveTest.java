package hookserver.sessions;

import static hookserver.sessions.Replicas.manager;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hookserver.EmbeddedTomcat;
import hookserver.Shop;
import hookserver.Shop.Cart;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.catalina.connector.Connector;
import org.apache.tomcat.util.descriptor.web.ErrorPage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionValveTest {

    @TempDir
    Path root;
    private Replicas replicas;
    private String id;
    /** What a page that has sent a part of its answer waits for, until the test has asked the other replica. */
    private final CountDownLatch asked = new CountDownLatch(1);

    @BeforeEach
    void startReplicas() throws Exception {
        replicas = new Replicas(root);
        replicas.second.page("/names", (request, response) ->
                response.getWriter().print(new TreeSet<>(Collections.list(request.getSession().getAttributeNames()))));
        replicas.first
                .page("/length", (request, response) -> {
                    request.getSession().setAttribute("a", 1);
                    response.setContentLength(2);
                    response.getWriter().print("ok");
                    response.flushBuffer();
                    await();
                })
                .page("/chunk", (request, response) -> {
                    request.getSession().setAttribute("a", 1);
                    response.getWriter().print("ok");
                    response.flushBuffer();
                    await();
                })
                .page("/rest", (request, response) -> {
                    response.setContentLength(4);
                    response.getWriter().print("ok");
                    response.flushBuffer();
                    request.getSession().setAttribute("a", 1);
                    response.getWriter().print("ok");
                    response.flushBuffer();
                    await();
                })
                .page("/long", (request, response) -> {
                    HttpSession session = request.getSession();
                    session.setAttribute("a", 1);
                    response.getWriter().print("ok" + String.join("", Collections.nCopies(20_000, "x")));
                    session.setAttribute("late", 1);
                })
                .page("/place", (request, response) -> {
                    ((Cart) request.getSession().getAttribute("cart")).add("tea");
                    response.flushBuffer();
                    ((Cart) request.getSession().getAttribute("cart")).add("milk");
                })
                .page("/stream", (request, response) -> {
                    ((Cart) request.getSession().getAttribute("cart")).add("tea");
                    response.getWriter().print("ok");
                    response.flushBuffer();
                    await();
                })
                .page("/redirect", (request, response) -> {
                    request.getSession().setAttribute("a", 1);
                    response.sendRedirect("/names");
                })
                .page("/error", (request, response) -> {
                    request.getSession().setAttribute("a", 1);
                    response.sendError(500);
                })
                .page("/failing", (request, response) -> {
                    request.getSession().setAttribute("a", 1);
                    throw new IOException("the page fails");
                })
                .page("/errorpage", (request, response) -> request.getSession().setAttribute("b", 1))
                .page("/forward", (request, response) -> request.getRequestDispatcher("/redirect").forward(request, response))
                .page("/forwards", (request, response) -> request.getRequestDispatcher("/reads").forward(request, response))
                .page("/reads", (request, response) -> {
                    request.getSession().getAttribute("probe");
                    response.getWriter().print(String.join("", Collections.nCopies(20_000, "x")));
                })
                .page("/after", (request, response) -> {
                    HttpSession session = request.getSession();
                    Cart cart = (Cart) session.getAttribute("cart");
                    response.getWriter().print("ok");
                    response.getWriter().close();
                    if (request.getParameter("set") == null) {
                        cart.add("tea");
                    } else {
                        session.setAttribute("a", 1);
                    }
                })
                .page("/end", (request, response) -> request.getSession().invalidate())
                .page("/plain", (request, response) -> response.getWriter().print("ok"))
                .page("/thread", (request, response) -> {
                    AsyncContext async = request.startAsync();
                    HttpSession session = request.getSession();
                    new Thread(() -> complete(async, () -> session)).start();
                })
                .page("/creates", (request, response) -> {
                    AsyncContext async = request.startAsync();
                    new Thread(() -> complete(async, request::getSession)).start();
                })
                .page("/fast", (request, response) -> {
                    AsyncContext async = request.startAsync();
                    new Thread(() -> complete(async, request::getSession)).start();
                    await();
                })
                .page("/blocks", (request, response) -> {
                    request.getSession().getAttribute("probe");
                    response.setContentLength(8);
                    for (int i = 0; i < 8; i++) {
                        response.getWriter().print("x");
                        response.flushBuffer();
                    }
                })
                .page("/dispatch", (request, response) -> {
                    AsyncContext async = request.startAsync();
                    request.getSession().setAttribute("before", 1);
                    new Thread(() -> async.dispatch("/redirect")).start();
                })
                .page("/timeout", (request, response) -> {
                    request.getSession().setAttribute("a", 1);
                    request.startAsync().setTimeout(100);
                });
        ErrorPage page = new ErrorPage();
        page.setErrorCode(500);
        page.setLocation("/errorpage");
        replicas.first.context().addErrorPage(page);
        replicas.start();
        id = replicas.create(session -> session.setAttribute("cart", new Cart()));
    }

    @AfterEach
    void stopReplicas() throws Exception {
        asked.countDown();
        replicas.close();
    }

    private void await() {
        try {
            assertTrue(asked.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void complete(AsyncContext async, Supplier<HttpSession> found) {
        try {
            sleep(); // until the page has returned
            HttpSession session = found.get();
            session.setAttribute("a", 1);
            async.getResponse().getWriter().print("ok");
            async.getResponse().flushBuffer();
            session.setAttribute("late", new Shop.Probe(SessionValveTest::sleep)); // for longer than the other replica is asked
            async.complete();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void sleep() {
        try {
            Thread.sleep(200);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void sessionIsStoredBeforeTheLastByteOfAnAnswerWhosePageStillRuns() throws Exception {
        readUntil("/length", "ok");
        assertEquals("[a, cart]", names());
    }

    @Test
    void sessionIsStoredBeforeTheFirstChunkOfAnAnswerWhosePageStillRuns() throws Exception {
        readUntil("/chunk", "ok");
        assertEquals("[a, cart]", names());
    }

    @Test
    void sessionIsStoredBeforeTheRestOfAnAnswerWhosePageStillRuns() throws Exception {
        readUntil("/rest", "okok");
        assertEquals("[a, cart]", names());
    }

    @Test
    void changeAfterTheFirstBytesIsStoredBeforeTheLastOnes() throws Exception {
        readUntil("/long", "\r\n0\r\n\r\n");
        assertEquals("[a, cart, late]", names());
    }

    @Test
    void changesInPlaceBeforeAndAfterAFlushAreStored() throws Exception {
        readUntil("/place", "\r\n0\r\n\r\n");
        assertEquals("[tea, milk]", Replicas.get(replicas.second, id, "cart").toString());
    }

    @Test
    void changeInPlaceBeforeAnAnswerThatGoesOnIsStoredInTheBackground() throws Exception {
        readUntil("/stream", "ok");
        manager(replicas.first).backgroundProcess();
        assertEquals("[tea]", Replicas.get(replicas.second, id, "cart").toString());
    }

    @Test
    void redirectionsErrorsAndForwardsAreStoredBeforeTheirVisitorSeesThem() throws Exception {
        for (String path : new String[] {"/redirect", "/error", "/failing", "/forward"}) {
            Replicas.request(replicas.second, id, session -> session.removeAttribute("a"));
            readUntil(path, "\r\n\r\n");
            assertTrue(names().startsWith("[a, "), path + ": " + names());
        }
        assertEquals("[a, b, cart]", names());
    }

    @Test
    void valueThatAPageReadIsComparedOnceForAnAnswer() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        Replicas.request(replicas.first, id, session -> session.setAttribute("probe", new Shop.Probe(calls::incrementAndGet)));
        for (String path : new String[] {"/reads", "/forwards"}) {
            calls.set(0);
            readUntil(path, "\r\n0\r\n\r\n");
            assertEquals(1, calls.get(), path);
        }
    }

    @Test
    void valueThatAPageReadIsNotComparedForEachPartOfALongAnswer() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        Replicas.request(replicas.first, id, session -> session.setAttribute("probe", new Shop.Probe(calls::incrementAndGet)));
        calls.set(0);
        readUntil("/blocks", "xxxxxxxx");
        assertTrue(calls.get() <= 3, calls + " times"); // at the first byte, at the last one, and at the page's end
    }

    @Test
    void changeInPlaceAfterTheAnswerWasClosedIsStoredInTheBackground() throws Exception {
        askTwice("/after");
        assertEquals("[]", Replicas.get(replicas.second, id, "cart").toString());
        manager(replicas.first).backgroundProcess();
        assertEquals("[tea]", Replicas.get(replicas.second, id, "cart").toString());
    }

    @Test
    void attributeThatIsSetAfterTheAnswerWasClosedIsStoredByItsRequest() throws Exception {
        askTwice("/after?set");
        assertEquals("[a, cart]", names());
    }

    @Test
    void invalidatedSessionIsGone() throws Exception {
        readUntil("/end", "\r\n\r\n");
        assertEquals("[]", names());
    }

    @Test
    void asynchronousRequestIsStoredBeforeItsVisitorHasTheAnswer() throws Exception {
        try (Socket socket = connect()) {
            send(socket, "/thread");
            read(socket, "ok");
            assertTrue(names().startsWith("[a, cart"), names());
            read(socket, "\r\n0\r\n\r\n");
            assertEquals("[a, cart, late]", names());
        }
    }

    @Test
    void sessionThatAThreadOfTheApplicationCreatesIsStoredBeforeItsVisitorHasTheAnswer() throws Exception {
        assertCreatedSessionIsStored("/creates");
    }

    @Test
    void sessionThatAThreadCreatesWhileItsPageRunsIsStoredBeforeItsVisitorHasTheAnswer() throws Exception {
        assertCreatedSessionIsStored("/fast");
    }

    private void assertCreatedSessionIsStored(String path) throws Exception {
        try (Socket socket = connect()) {
            id = "none";
            send(socket, path);
            id = read(socket, "\r\n\r\n").replaceAll("(?s).*JSESSIONID=([0-9A-F]+).*", "$1");
            assertTrue(names().startsWith("[a"), names());
            asked.countDown();
            read(socket, "\r\n0\r\n\r\n");
            assertEquals("[a, late]", names());
        }
    }

    @Test
    void dispatchedRequestIsStored() throws Exception {
        readUntil("/dispatch", "\r\n\r\n");
        assertEquals("[a, before, cart]", names());
    }

    @Test
    void requestWhoseTimeIsOverIsStored() throws Exception {
        readUntil("/timeout", "\r\n\r\n");
        assertEquals("[a, b, cart]", names());
    }

    /** The first request has ended when the second one is answered. */
    private void askTwice(String path) throws Exception {
        try (Socket socket = connect()) {
            send(socket, path);
            read(socket, "ok");
            send(socket, "/plain");
            read(socket, "ok");
        }
    }

    @Test
    void requestStoresNoSessionOfTheOneBeforeOnTheSameConnection() throws Exception {
        try (Socket socket = connect()) {
            send(socket, "/redirect");
            read(socket, "\r\n\r\n");
            send(socket, "/plain");
            read(socket, "ok"); // the request before has ended
            manager(replicas.first).findSession(id).getSession().setAttribute("unsaved", 1);
            send(socket, "/plain");
            read(socket, "ok");
        }
        assertEquals("[a, cart]", names());
    }

    private String names() throws Exception {
        HttpResponse<String> answer = replicas.second.ask("GET", "/names", "Cookie", "JSESSIONID=" + id);
        assertEquals(200, answer.statusCode());
        return answer.body();
    }

    /** Sends a request of the visitor and reads up to the end of this text, and no further. */
    private void readUntil(String path, String end) throws Exception {
        try (Socket socket = connect()) {
            send(socket, path);
            read(socket, end);
        }
    }

    private Socket connect() throws IOException {
        Connector connector = replicas.first.engine().getService().findConnectors()[0];
        Socket socket = new Socket("127.0.0.1", connector.getLocalPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private void send(Socket socket, String path) throws IOException {
        String cookie = path.equals("/plain") ? "" : "Cookie: JSESSIONID=" + id + "\r\n";
        String request = "GET " + path + " HTTP/1.1\r\nHost: shop\r\n" + cookie + "\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    }

    private static String read(Socket socket, String end) throws IOException {
        InputStream in = socket.getInputStream();
        StringBuilder read = new StringBuilder();
        while (read.length() < end.length() || !read.substring(read.length() - end.length()).equals(end)) {
            int value = in.read();
            assertTrue(value >= 0, "the answer ends: " + read);
            read.append((char) value);
        }
        return read.toString();
    }
}
