package hookserver;

import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRegistration;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.stream.Stream;
import org.apache.catalina.Context;
import org.apache.catalina.Engine;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;

/** A real Tomcat on a free port of the loopback address, with one application at the root; its pages are functions. */
public final class EmbeddedTomcat implements AutoCloseable {

    /** What a page does; its exceptions reach Tomcat. */
    public interface Page {
        void serve(HttpServletRequest request, HttpServletResponse response) throws ServletException, IOException;
    }

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final Path folder;
    private final Tomcat tomcat = new Tomcat();
    private final Context context;
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    public EmbeddedTomcat() throws IOException {
        folder = Files.createTempDirectory("tomcat");
        tomcat.setBaseDir(folder.toString());
        tomcat.setPort(0);
        tomcat.getConnector();
        // Tomcat's background thread, every second: it expires sessions and calls the valves.
        tomcat.getEngine().setBackgroundProcessorDelay(1);
        context = tomcat.addContext("", folder.toString());
    }

    /** The engine, to which valves are added before the start. */
    public Engine engine() {
        return (Engine) tomcat.getHost().getParent();
    }

    public Context context() {
        return context;
    }

    /** Adds a page, which may be asynchronous. */
    public EmbeddedTomcat page(String path, Page page) {
        context.addServletContainerInitializer((classes, application) -> {
            ServletRegistration.Dynamic servlet = application.addServlet(path, new PageServlet(page));
            servlet.setAsyncSupported(true);
            servlet.addMapping(path);
        }, null);
        return this;
    }

    public EmbeddedTomcat start() throws Exception {
        tomcat.start();
        return this;
    }

    /** The answer to a request; the headers are names and values in turn. */
    public HttpResponse<String> ask(String method, String path, String... headers) throws Exception {
        URI address = URI.create("http://127.0.0.1:" + tomcat.getConnector().getLocalPort() + path);
        HttpRequest.Builder request = HttpRequest.newBuilder(address).timeout(TIMEOUT)
                .method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() throws LifecycleException, IOException {
        tomcat.stop();
        tomcat.destroy();
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        }
    }

    private static final class PageServlet extends HttpServlet {

        private static final long serialVersionUID = 1;
        private final transient Page page;

        PageServlet(Page page) {
            this.page = page;
        }

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response)
                throws ServletException, IOException {
            page.serve(request, response);
        }
    }
}
