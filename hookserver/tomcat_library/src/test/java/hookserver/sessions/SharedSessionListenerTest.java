package hookserver.sessions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hookserver.CapturedLog;
import java.lang.reflect.Proxy;
import org.apache.catalina.Cluster;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleEvent;
import org.apache.catalina.Manager;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.session.PersistentManager;
import org.apache.catalina.session.StandardManager;
import org.apache.catalina.util.StandardSessionIdGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SharedSessionListenerTest {

    private final CapturedLog log = new CapturedLog(SharedSessionListener.class);
    private final StandardContext context = new StandardContext();

    @BeforeEach
    void prepare() {
        System.setProperty(SharedSessionListener.FOLDER, "sessions");
        context.setPath("/shop");
    }

    @AfterEach
    void cleanUp() {
        System.clearProperty(SharedSessionListener.FOLDER);
        log.close();
    }

    @Test
    void applicationWithoutAManagerGetsTheSharedOne() {
        configure();
        assertEquals(SharedSessionManager.class, context.getManager().getClass());
    }

    @Test
    void sessionsAreNotSharedWithoutTheSystemProperty() {
        System.clearProperty(SharedSessionListener.FOLDER);
        configure();
        assertNull(context.getManager());
    }

    @Test
    void managerIsInstalledOnlyWhenTheApplicationIsConfigured() {
        for (String type : new String[] {Lifecycle.BEFORE_START_EVENT, Lifecycle.AFTER_START_EVENT, Lifecycle.PERIODIC_EVENT}) {
            new SharedSessionListener().lifecycleEvent(new LifecycleEvent(context, type, null));
        }
        assertNull(context.getManager());
    }

    @Test
    void settingsOfAStandardManagerAreKept() {
        StandardManager own = new StandardManager();
        own.setMaxActiveSessions(3);
        own.setSessionIdGenerator(new StandardSessionIdGenerator());
        own.setSessionAttributeNameFilter("cart");
        own.setSessionAttributeValueClassNameFilter("java.*");
        own.setWarnOnSessionAttributeFilterFailure(true);
        context.setManager(own);
        configure();
        SharedSessionManager manager = (SharedSessionManager) context.getManager();
        assertEquals(3, manager.getMaxActiveSessions());
        assertSame(own.getSessionIdGenerator(), manager.getSessionIdGenerator());
        assertEquals("cart", manager.getSessionAttributeNameFilter());
        assertEquals("java.*", manager.getSessionAttributeValueClassNameFilter());
        assertTrue(manager.getWarnOnSessionAttributeFilterFailure());
        assertTrue(log.messages().isEmpty());
    }

    @Test
    void managerOfItsOwnStaysAndIsReported() {
        Manager own = new PersistentManager();
        context.setManager(own);
        configure();
        assertSame(own, context.getManager());
        assertEquals("[hookserver] the sessions of shop are NOT shared: it has the session manager " + PersistentManager.class.getName()
                + " of its own; remove that, or set release.sessions = \"sticky\"", log.messages().get(0));
    }

    @Test
    void clusterOfADistributableApplicationStaysAndIsReported() {
        context.setCluster((Cluster) Proxy.newProxyInstance(Cluster.class.getClassLoader(), new Class<?>[] {Cluster.class},
                (proxy, method, arguments) -> null));
        context.setDistributable(true);
        configure();
        assertNull(context.getManager());
        assertTrue(log.messages().get(0).contains("NOT shared: it has a cluster of its own"), log.messages().toString());
        context.setDistributable(false);
        configure();
        assertEquals(SharedSessionManager.class, context.getManager().getClass());
    }

    @Test
    void sharedManagerOfAnEarlierStartStays() {
        configure();
        Manager present = context.getManager();
        configure();
        assertSame(present, context.getManager());
        assertTrue(log.messages().isEmpty());
    }

    private void configure() {
        new SharedSessionListener().lifecycleEvent(new LifecycleEvent(context, Lifecycle.CONFIGURE_START_EVENT, null));
    }
}
