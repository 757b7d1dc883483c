package hookserver.sessions;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** Logs problems with sessions: each kind at its first, tenth, hundredth … time, with the count. */
final class SessionLog {

    /** hookserver finds the lines for people by this. */
    static final String PREFIX = "[hookserver] ";
    private static final Log LOG = LogFactory.getLog(SharedSessionManager.class);
    private static final int KINDS = 100;
    private static final int LENGTH = 300;

    private final Map<String, Integer> counts = new ConcurrentHashMap<>();

    void hidden(String attribute, Throwable cause) {
        add("the session attribute \"" + attribute + "\" is hidden from this release, which cannot read it; its bytes are kept for"
                + " one that can", cause);
    }

    void inMemoryOnly(String attribute, Object value, Throwable cause) {
        add("the session attribute \"" + attribute + "\" of " + value.getClass().getName() + " is in this replica's memory only,"
                + " and is lost with it; let its classes implement java.io.Serializable, or keep it out of the session", cause);
    }

    void notRead(Throwable cause) {
        add("a stored session cannot be read", cause);
    }

    void notStored(Throwable cause) {
        add("changes of a session are in this replica's memory only until they can be stored", cause);
    }

    private void add(String problem, Throwable cause) {
        String text = String.valueOf(cause).replaceAll("\\s+", " ");
        String kind = problem + ": " + (text.length() > LENGTH ? text.substring(0, LENGTH) + " ..." : text);
        int count = counts.merge(counts.size() < KINDS || counts.containsKey(kind) ? kind : "other problems", 1, Integer::sum);
        if (Integer.toString(count).matches("10*")) {
            LOG.warn(PREFIX + kind + " (" + (count == 1 ? "once" : count + " times") + ")");
        }
    }
}
