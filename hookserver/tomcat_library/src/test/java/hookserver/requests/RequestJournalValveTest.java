package hookserver.requests;

import static hookserver.Waiting.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hookserver.EmbeddedTomcat;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestJournalValveTest {

    private static final String OPTION = "hookserver.request_journal";
    private static final String HEADER = "X-Request-Id";
    private static final String ID = "1800000000.123-7-2";
    private static final long RETENTION = TimeUnit.SECONDS.toNanos(3);

    @TempDir
    Path journal;
    private EmbeddedTomcat tomcat;
    private final CountDownLatch isReleased = new CountDownLatch(1);
    private final AtomicInteger calls = new AtomicInteger();

    @BeforeEach
    void createTomcat() throws Exception {
        System.setProperty(OPTION, journal.resolve("active").toString());
        tomcat = new EmbeddedTomcat()
                .page("/pay", (request, response) -> response.getWriter().print(Files.exists(entry())))
                .page("/failing", (request, response) -> {
                    throw new ServletException("on purpose");
                })
                .page("/later", (request, response) -> later(request.startAsync(), null))
                .page("/dispatching", (request, response) -> later(request.startAsync(), "/pay"))
                .page("/timeout", (request, response) -> request.startAsync().setTimeout(1000))
                .page("/own-timeout", (request, response) -> {
                    AsyncContext context = request.startAsync();
                    context.addListener(new OwnAnswer());
                    context.setTimeout(1000);
                })
                .page("/repeated", (request, response) -> {
                    boolean isFirst = calls.incrementAndGet() == 1;
                    later(request.startAsync(), isFirst ? "/repeated" : null);
                });
    }

    @AfterEach
    void stopTomcat() throws Exception {
        System.clearProperty(OPTION);
        tomcat.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "LOCK", "PATCH"})
    void requestThatMustNotBeProcessedTwiceIsRecordedBeforeTheApplicationGetsIt(String method) throws Exception {
        start(new RequestJournalValve());
        assertEquals("true", tomcat.ask(method, "/pay", HEADER, ID).body());
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "PUT", "DELETE"})
    void requestThatMayBeRepeatedIsNotRecorded(String method) throws Exception {
        start(new RequestJournalValve());
        assertEquals("false", tomcat.ask(method, "/pay", HEADER, ID).body());
        assertFalse(Files.exists(entry()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../stolen", "active", "1800000000.123-7", "1800000000.123-7-2/x", "a1800000000.123-7-2"})
    void requestWithAnIdThatIsNotOfNginxIsServedAndNotRecorded(String id) throws Exception {
        start(new RequestJournalValve());
        assertEquals(200, tomcat.ask("POST", "/pay", HEADER, id).statusCode());
        assertEquals(200, tomcat.ask("POST", "/pay").statusCode());
        assertEquals(1, journal.toFile().list().length, "the active file alone");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/pay", "/failing"})
    void entryStaysForTheRetentionAfterTheAnswerAndIsRemovedByTomcatsBackgroundThread(String path) throws Exception {
        start(new RequestJournalValve(RETENTION));
        tomcat.ask("POST", path, HEADER, ID);
        long answered = System.nanoTime();
        assertTrue(Files.exists(entry()));
        until(() -> !Files.exists(entry()));
        long kept = System.nanoTime() - answered;
        assertTrue(kept > RETENTION - TimeUnit.MILLISECONDS.toNanos(500), "kept for " + kept + " ns");
        assertTrue(Files.exists(journal.resolve("active")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/later", "/dispatching", "/repeated"})
    void entryOfAnAsynchronousRequestStaysUntilItIsComplete(String path) throws Exception {
        RequestJournalValve valve = new RequestJournalValve(0);
        start(valve);
        CompletableFuture<Integer> status = CompletableFuture.supplyAsync(() -> answer(path).statusCode());
        until(() -> Files.exists(entry()));
        for (int cleanUps = 0; cleanUps < 5; cleanUps++) {
            valve.backgroundProcess();
            assertTrue(Files.exists(entry()));
            assertFalse(status.isDone());
            Thread.sleep(100);
        }
        isReleased.countDown();
        assertEquals(200, status.get());
        until(() -> !Files.exists(entry()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/timeout", "/own-timeout"})
    void entryOfAnAsynchronousRequestWhoseTimeIsOverIsRemovedToo(String path) throws Exception {
        RequestJournalValve valve = new RequestJournalValve(0);
        start(valve);
        int status = answer(path).statusCode();
        assertEquals(path.equals("/own-timeout") ? 200 : 500, status);
        until(() -> {
            valve.backgroundProcess();
            return !Files.exists(entry());
        });
    }

    @Test
    void dispatchedRequestIsRecordedOnce() throws Exception {
        start(new RequestJournalValve());
        CompletableFuture<String> body = CompletableFuture.supplyAsync(() -> answer("/dispatching").body());
        until(() -> Files.deleteIfExists(entry()));
        isReleased.countDown();
        assertEquals("false", body.get(), "the page sees an entry of the second pass through the valve");
    }

    @Test
    void replicaWithoutTheOptionServesAndRecordsNothing() throws Exception {
        System.clearProperty(OPTION);
        start(new RequestJournalValve());
        assertEquals("false", tomcat.ask("POST", "/pay", HEADER, ID).body());
        assertEquals(0, journal.toFile().list().length);
    }

    private void start(RequestJournalValve valve) throws Exception {
        tomcat.engine().getPipeline().addValve(valve);
        tomcat.start();
    }

    private Path entry() {
        return journal.resolve(ID);
    }

    private HttpResponse<String> answer(String path) {
        try {
            return tomcat.ask("POST", path, HEADER, ID);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** An application that answers after a timeout itself: Tomcat refuses to complete a request twice. */
    private static final class OwnAnswer implements AsyncListener {

        @Override
        public void onTimeout(AsyncEvent event) {
            event.getAsyncContext().complete();
        }

        @Override
        public void onError(AsyncEvent event) { }

        @Override
        public void onComplete(AsyncEvent event) { }

        @Override
        public void onStartAsync(AsyncEvent event) { }
    }

    /** Completes or dispatches the request once the test releases it. */
    private void later(AsyncContext request, String path) {
        new Thread(() -> {
            try {
                isReleased.await();
            } catch (InterruptedException e) {
                return;
            }
            if (path == null) {
                request.complete();
            } else {
                request.dispatch(path);
            }
        }).start();
    }
}
