package hookserver;

import java.io.IOException;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.catalina.ha.session.DeltaRequest;

/** Changes of a session. What cannot be sent to the peers is taken away there, where it would stay as it was. */
final class Changes extends DeltaRequest {

    private static final int TRIES = 3;

    private final Unsent unsent;
    private final Map<String, Integer> types = new LinkedHashMap<>();
    private final Map<String, Object> values = new LinkedHashMap<>();

    Changes(Unsent unsent, String id, boolean recordsAll) {
        super(id, recordsAll);
        this.unsent = unsent;
    }

    @Override
    protected void addAction(int type, int action, String name, Object value) {
        if (value == null || value instanceof Serializable) {
            super.addAction(type, action, name, value);
        } else {
            unsent.tell(name, value.getClass().getName());
            super.addAction(type, ACTION_REMOVE, name, null);
        }
        types.put(name, type);
        values.put(name, value);
    }

    /** As its session goes on meanwhile, what can be written now may not be a moment later. */
    @Override
    protected byte[] serialize() throws IOException {
        for (int tries = 1; ; tries++) {
            try {
                return super.serialize();
            } catch (Throwable e) {
                if (tries == TRIES) {
                    throw new IOException("The changes of a session cannot be written", e);
                }
                values.forEach((name, value) -> {
                    if (value != null && unsent.has(name, value)) {
                        super.addAction(types.get(name), ACTION_REMOVE, name, null);
                    }
                });
            }
        }
    }

    @Override
    public void reset() {
        forget();
        super.reset();
    }

    @Override
    public void clear() {
        forget();
        super.clear();
    }

    private void forget() {
        types.clear();
        values.clear();
    }
}
