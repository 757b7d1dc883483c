package hookserver;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Ids of sessions; only the last ones are kept. */
final class Ids extends LinkedHashMap<String, Boolean> {

    private static final long serialVersionUID = 1;
    private static final int LIMIT = 10_000;

    static Set<String> empty() {
        return Collections.newSetFromMap(Collections.synchronizedMap(new Ids()));
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
        return size() > LIMIT;
    }
}
