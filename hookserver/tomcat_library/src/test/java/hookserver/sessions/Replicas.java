package hookserver.sessions;

import hookserver.EmbeddedTomcat;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.core.StandardContext;

/** Two replicas of an application on one store; nothing happens in the background unless a test calls it. */
final class Replicas implements AutoCloseable {

    /** What a request does with its session. */
    interface Work {
        void on(HttpSession session) throws IOException;
    }

    final EmbeddedTomcat first;
    final EmbeddedTomcat second;
    /** The calls of the application's session listeners at both replicas. */
    final List<String> events = new CopyOnWriteArrayList<>();
    private final Path root;

    Replicas(Path root) throws IOException {
        this.root = root;
        System.setProperty(SharedSessionListener.FOLDER, root.toString());
        first = replica("first");
        second = replica("second");
    }

    private EmbeddedTomcat replica(String name) throws IOException {
        EmbeddedTomcat tomcat = new EmbeddedTomcat();
        tomcat.engine().setName(name);
        tomcat.engine().setBackgroundProcessorDelay(-1);
        tomcat.context().addLifecycleListener(new SharedSessionListener());
        ((StandardContext) tomcat.context()).addApplicationLifecycleListener(new HttpSessionListener() {
            @Override
            public void sessionCreated(HttpSessionEvent event) {
                events.add("created");
            }

            @Override
            public void sessionDestroyed(HttpSessionEvent event) {
                events.add("destroyed with " + event.getSession().getAttribute("cart"));
            }
        });
        return tomcat;
    }

    Replicas start() throws Exception {
        first.start();
        second.start();
        return this;
    }

    static SharedSessionManager manager(EmbeddedTomcat replica) {
        return (SharedSessionManager) replica.context().getManager();
    }

    /** The session as a new request finds it; null: it finds none. */
    static SharedSession find(EmbeddedTomcat replica, String id) throws IOException {
        return (SharedSession) manager(replica).findSession(id);
    }

    /** The id of a new session of the first replica. */
    String create(Work work) throws IOException {
        SharedSession session = (SharedSession) manager(first).createSession(null);
        request(session, work);
        return session.getIdInternal();
    }

    static void request(SharedSession session, Work work) throws IOException {
        session.access();
        work.on(session.getSession());
        session.save(true); // as the valve does
        session.endAccess();
    }

    static void request(EmbeddedTomcat replica, String id, Work work) throws IOException {
        request(find(replica, id), work);
    }

    static Object get(EmbeddedTomcat replica, String id, String name) throws IOException {
        Object[] value = {null};
        request(replica, id, session -> value[0] = session.getAttribute(name));
        return value[0];
    }

    /** The replica has it in the store alone from now on, as one that has just started. */
    static void forget(EmbeddedTomcat replica, String id) throws IOException {
        manager(replica).remove(find(replica, id), false);
    }

    Path folder() {
        return root.resolve("localhost/ROOT");
    }

    StoredSession stored(String id) throws IOException {
        return new FileSessionStore(folder().toFile(), Long.MAX_VALUE).read(id, null);
    }

    /** Makes each reading and writing of the store fail. */
    void breakStore() throws IOException {
        Files.move(folder(), root.resolve("moved"));
        Files.createFile(folder());
    }

    /** The first replica ends a session that it cannot remove from the store. */
    void invalidateUnstored(String id) throws IOException {
        breakStore();
        request(first, id, session -> session.invalidate());
        repairStore();
    }

    void repairStore() throws IOException {
        Files.delete(folder());
        Files.move(root.resolve("moved"), folder());
    }

    @Override
    public void close() throws LifecycleException, IOException {
        first.close();
        second.close();
        System.clearProperty(SharedSessionListener.FOLDER);
    }
}
