package hookserver.sessions;

import org.apache.catalina.Context;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleEvent;
import org.apache.catalina.LifecycleListener;
import org.apache.catalina.Manager;
import org.apache.catalina.session.StandardManager;
import org.apache.juli.logging.LogFactory;

/** Gives each web application the shared manager in place of the standard one. Called for the Listener of conf/context.xml. */
public final class SharedSessionListener implements LifecycleListener {

    /** The system property with the folder of the sessions; without it they are not shared. */
    static final String FOLDER = "hookserver.sessions";

    @Override
    public void lifecycleEvent(LifecycleEvent event) {
        if (Lifecycle.CONFIGURE_START_EVENT.equals(event.getType()) && !System.getProperty(FOLDER, "").isEmpty()) {
            install((Context) event.getLifecycle());
        }
    }

    private static void install(Context context) {
        Manager own = context.getManager();
        if (own == null && (context.getCluster() == null || !context.getDistributable())) {
            context.setManager(new SharedSessionManager());
        } else if (own != null && own.getClass() == StandardManager.class) {
            context.setManager(withSettings((StandardManager) own));
        } else if (!(own instanceof SharedSessionManager)) {
            LogFactory.getLog(SharedSessionListener.class).warn(SessionLog.PREFIX + "the sessions of " + context.getBaseName()
                    + " are NOT shared: it has " + (own == null ? "a cluster" : "the session manager " + own.getClass().getName())
                    + " of its own; remove that, or set release.sessions = \"sticky\"");
        }
    }

    /** What the Manager of the application's own context.xml sets. */
    private static SharedSessionManager withSettings(StandardManager own) {
        SharedSessionManager manager = new SharedSessionManager();
        manager.setMaxActiveSessions(own.getMaxActiveSessions());
        if (own.getSessionIdGenerator() != null) {
            manager.setSessionIdGenerator(own.getSessionIdGenerator());
        }
        manager.setSessionAttributeNameFilter(own.getSessionAttributeNameFilter());
        manager.setSessionAttributeValueClassNameFilter(own.getSessionAttributeValueClassNameFilter());
        manager.setWarnOnSessionAttributeFilterFailure(own.getWarnOnSessionAttributeFilterFailure());
        return manager;
    }
}
