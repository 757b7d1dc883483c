package hookserver;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** How many sessions this replica could not read, by the attribute and the problem. */
final class Dropped {

    private static final Log LOG = LogFactory.getLog(Dropped.class);
    /** An application may have a name for each of its visitors' doings; a problem may name them. */
    private static final int KINDS = 50;
    private static final int LENGTH = 250;

    private final Set<String> ids = Ids.empty();
    private final Map<String, Integer> counts = new TreeMap<>();
    private final Map<String, Integer> told = new TreeMap<>();

    static String kind(String attribute, Throwable problem) {
        String kind = attribute + "\" (" + problem;
        return (kind.length() > LENGTH ? kind.substring(0, LENGTH) + " ..." : kind) + ")";
    }

    /** A session counts once, though it is read again. The first of a kind, the tenth, the hundredth is told at once. */
    synchronized void add(String id, String kind) {
        if (!ids.add(id)) {
            return;
        }
        String known = counts.size() < KINDS || counts.containsKey(kind) ? kind : "and others\"";
        if (Integer.toString(counts.merge(known, 1, Integer::sum)).matches("10*")) {
            tell();
        }
    }

    /** All that was not told yet. */
    synchronized void tell() {
        counts.forEach((kind, count) -> {
            if (!count.equals(told.put(kind, count))) {
                LOG.warn(Sessions.TOLD + count + (count == 1 ? " session" : " sessions")
                        + " dropped on this replica: this release cannot read the attribute \"" + kind
                        + "; the visitors begin anew here");
            }
        });
    }
}
