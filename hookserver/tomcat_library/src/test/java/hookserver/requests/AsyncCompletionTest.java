package hookserver.requests;

import static hookserver.Waiting.until;
import static org.junit.jupiter.api.Assertions.assertEquals;

import hookserver.EmbeddedTomcat;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AsyncCompletionTest {

    private final AtomicInteger completions = new AtomicInteger();
    private final AtomicInteger ownAnswers = new AtomicInteger();
    private EmbeddedTomcat tomcat;

    @BeforeEach
    void startTomcat() throws Exception {
        tomcat = new EmbeddedTomcat()
                .page("/complete", (request, response) -> start(request).complete())
                .page("/timeout", (request, response) -> start(request).setTimeout(100))
                .page("/dispatch", (request, response) -> start(request).dispatch("/end"))
                .page("/end", (request, response) -> response.getWriter().print("end"))
                .page("/own-after-timeout", (request, response) -> {
                    AsyncContext context = start(request);
                    context.addListener(new OwnAnswer());
                    context.setTimeout(100);
                })
                .page("/own-after-error", (request, response) -> {
                    start(request).addListener(new OwnAnswer());
                    throw new ServletException("on purpose");
                })
                .start();
    }

    @AfterEach
    void stopTomcat() throws Exception {
        tomcat.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/complete", "/timeout", "/dispatch"})
    void completionIsReportedOnceHoweverTheRequestEnds(String path) throws Exception {
        tomcat.ask("GET", path);
        until(() -> completions.get() > 0);
        tomcat.ask("GET", "/end");
        assertEquals(1, completions.get());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/own-after-timeout", "/own-after-error"})
    void applicationAnswersATimeoutOrAnErrorItself(String path) throws Exception {
        assertEquals("own", tomcat.ask("GET", path).body());
        until(() -> completions.get() == 1);
        assertEquals(1, ownAnswers.get());
    }

    private AsyncContext start(HttpServletRequest request) {
        AsyncContext context = request.startAsync();
        context.addListener(new Counter());
        return context;
    }

    private final class Counter extends AsyncCompletion {

        @Override
        public void onComplete(AsyncEvent event) {
            completions.incrementAndGet();
        }

        @Override
        public void onStartAsync(AsyncEvent event) {
            throw new AssertionError("no page starts again");
        }
    }

    /** The application's own listener. */
    private final class OwnAnswer extends AsyncCompletion {

        @Override
        public void onTimeout(AsyncEvent event) {
            answer(event.getAsyncContext());
        }

        @Override
        public void onError(AsyncEvent event) {
            answer(event.getAsyncContext());
        }

        /** Tomcat refuses to complete a request twice. */
        private void answer(AsyncContext context) {
            try {
                context.getResponse().getWriter().print("own");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            context.complete();
            ownAnswers.incrementAndGet();
        }

        @Override
        public void onComplete(AsyncEvent event) {
            // The answer is written already.
        }

        @Override
        public void onStartAsync(AsyncEvent event) {
            // As above.
        }
    }
}
