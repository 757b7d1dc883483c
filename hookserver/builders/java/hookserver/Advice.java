package hookserver;

import org.apache.catalina.Context;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleEvent;
import org.apache.catalina.LifecycleListener;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** Tells when an application's sessions are not replicated though they should be. */
public final class Advice implements LifecycleListener {

    private static final Log LOG = LogFactory.getLog(Advice.class);

    @Override
    public void lifecycleEvent(LifecycleEvent event) {
        if (!Lifecycle.AFTER_START_EVENT.equals(event.getType()) || !Replication.isWanted()) {
            return;
        }
        Context context = (Context) event.getLifecycle();
        if (context.getManager() instanceof Sessions) {
            return;
        }
        String why = context.getDistributable()
                ? "it has a session manager or a cluster of its own"
                : "its web.xml, or the web-fragment.xml of a library, has no <distributable/>; add it";
        LOG.warn(Sessions.TOLD + "the sessions of " + context.getBaseName() + " are NOT replicated and are lost at a switch: " + why
                + ", or set release.sessions = \"sticky\"");
    }
}
