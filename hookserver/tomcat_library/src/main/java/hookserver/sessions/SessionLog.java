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

    void add(String problem, Throwable cause) {
        String text = String.valueOf(cause).replaceAll("\\s+", " ");
        String kind = problem + ": " + text.substring(0, Math.min(text.length(), LENGTH));
        int count = counts.merge(counts.size() < KINDS || counts.containsKey(kind) ? kind : "other problems", 1, Integer::sum);
        if (Integer.toString(count).matches("10*")) {
            LOG.warn(PREFIX + kind + (count == 1 ? " (once)" : " (" + count + " times)"));
        }
    }
}
