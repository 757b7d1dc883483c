package hookserver.sessions;

import org.apache.catalina.Context;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleEvent;
import org.apache.catalina.LifecycleListener;
import org.apache.catalina.Manager;
import org.apache.catalina.session.StandardManager;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Gives each web application the shared session store, if its replica has one, in place of Tomcat's standard manager. Called
 * for the element {@code Listener} of conf/context.xml.
 */
public final class SharedSessionListener implements LifecycleListener {

    /** The system property with the folder of the app's sessions. */
    static final String FOLDER = "hookserver.sessions";
    private static final Log LOG = LogFactory.getLog(SharedSessionListener.class);

    @Override
    public void lifecycleEvent(LifecycleEvent event) {
        if (Lifecycle.CONFIGURE_START_EVENT.equals(event.getType()) && !System.getProperty(FOLDER, "").isEmpty()) {
            install((Context) event.getLifecycle());
        }
    }

    private static void install(Context context) {
        Manager own = context.getManager();
        boolean hasOwn = own != null && own.getClass() != StandardManager.class;
        if (own instanceof SharedSessionManager) {
            return;
        }
        if (hasOwn || own == null && context.getDistributable() && context.getCluster() != null) {
            LOG.warn(SessionLog.PREFIX + "the sessions of " + context.getBaseName() + " are NOT shared, since it has "
                    + (hasOwn ? "the session manager " + own.getClass().getName() : "a cluster") + " of its own; remove that,"
                    + " or set release.sessions = \"sticky\"");
            return;
        }
        SharedSessionManager manager = new SharedSessionManager();
        if (own != null) {
            copySettings((StandardManager) own, manager);
        }
        context.setManager(manager);
    }

    /** What the app's own context.xml says in its element {@code Manager}. */
    private static void copySettings(StandardManager from, SharedSessionManager to) {
        to.setMaxActiveSessions(from.getMaxActiveSessions());
        to.setProcessExpiresFrequency(from.getProcessExpiresFrequency());
        to.setSecureRandomAlgorithm(from.getSecureRandomAlgorithm());
        to.setSecureRandomClass(from.getSecureRandomClass());
        to.setSecureRandomProvider(from.getSecureRandomProvider());
        to.setSessionAttributeNameFilter(from.getSessionAttributeNameFilter());
        to.setSessionAttributeValueClassNameFilter(from.getSessionAttributeValueClassNameFilter());
        if (from.getSessionIdGenerator() != null) {
            to.setSessionIdGenerator(from.getSessionIdGenerator());
        }
        to.setWarnOnSessionAttributeFilterFailure(from.getWarnOnSessionAttributeFilterFailure());
    }
}
