package hookserver.sessions;

import hookserver.sessions.StoredSession.Part;
import java.io.NotSerializableException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Which attributes of a session a replica has changed since it was stored: those that the application set or removed, and those
 * that it changed in place. The application's code (a value's serialization) runs without a lock.
 */
final class SessionChanges {

    private final Function<String, Object> values;
    private final SessionLog log;
    /** What is stored of each attribute, without its bytes. */
    private final Map<String, Part> stored = new ConcurrentHashMap<>();
    /** What is not stored yet, also while it is on its way; with the order of its setting, or of its last serialization. */
    private final Map<String, Long> changed = new ConcurrentHashMap<>();
    private final AtomicLong order = new AtomicLong();
    /** The attributes that requests have, and may change in place. */
    private final Set<String> exposed = ConcurrentHashMap.newKeySet();
    private volatile int requests;

    /** {@code values}: an attribute's value; null if nothing of it is to be stored. */
    SessionChanges(Function<String, Object> values, SessionLog log) {
        this.values = values;
        this.log = log;
    }

    synchronized void beginRequest() {
        requests++;
    }

    synchronized void endRequest() {
        requests--;
    }

    boolean isInRequest() {
        return requests > 0;
    }

    /** Whether all that was set or removed is stored. */
    boolean isEmpty() {
        return changed.isEmpty();
    }

    /** An attribute is set, or removed: then {@code value} is null. */
    void add(String name, Object value) {
        if (value != null && !isImmutable(value)) {
            exposed.add(name);
        }
        renew(name);
    }

    /** Its order: as one step, or an older one could replace a later one. */
    private long renew(String name) {
        return changed.compute(name, (key, before) -> order.incrementAndGet());
    }

    boolean contains(String name) {
        return changed.containsKey(name);
    }

    boolean isStored(String name) {
        Part here = stored.get(name);
        return here != null && here.version > 0;
    }

    void addStored() {
        stored.keySet().forEach(name -> add(name, null));
    }

    /** The application gets the value of an attribute. True: it may change it in place. */
    boolean expose(String name, Object value) {
        if (value == null || isImmutable(value)) {
            return false;
        }
        if (!exposed.contains(name)) {
            Part here = stored.get(name);
            if (here != null && here.version > 0 && here.fingerprint == 0) {
                // Of several threads the first one counts: none of them has returned the value by then.
                stored.replace(name, here, new Part(here.version, null, fingerprint(value), here.order));
            }
            exposed.add(name);
        }
        return true;
    }

    /** What has to be stored now. {@code isLast}: the request does no more with the session. */
    Map<String, Part> collect(boolean isLast) {
        return collect(isLast, exposed);
    }

    /** With all that may have changed in place. */
    Map<String, Part> collectAll() {
        return collect(false, stored.keySet());
    }

    private Map<String, Part> collect(boolean isLast, Set<String> compared) {
        Map<String, Part> parts = new HashMap<>();
        changed.keySet().forEach(name -> addTo(parts, name));
        Set<String> names = new HashSet<>(compared);
        synchronized (this) {
            if (isLast && requests <= 1) {
                exposed.clear();
                stored.values().removeIf(part -> part.version == 0);
            }
        }
        if (!names.stream().allMatch(name -> isAsBefore(name, parts))) {
            // What a request did not ask for can be a part of that which it changed.
            stored.keySet().forEach(name -> isAsBefore(name, parts));
        }
        return parts;
    }

    private boolean isAsBefore(String name, Map<String, Part> parts) {
        Part before = stored.get(name);
        Object value = before == null || before.fingerprint == 0 || parts.containsKey(name) ? null : values.apply(name);
        boolean isSame = value != null && fingerprint(value) == before.fingerprint;
        if (value != null && !isSame) {
            addTo(parts, name);
        }
        return isSame;
    }

    /** Leaves out what cannot be serialized now. */
    private void addTo(Map<String, Part> parts, String name) {
        long now = renew(name); // before it is serialized: what is set meanwhile is collected again
        Object value = values.apply(name);
        Throwable problem = null;
        for (int tries = 0; tries < 2; tries++) {
            try {
                // The fingerprint first: a change meanwhile is then seen.
                long fingerprint = value == null || isImmutable(value) ? 0 : Fingerprint.of(value);
                parts.put(name, new Part(0, value == null ? null : StoredSession.serialize(value), fingerprint, now));
                return;
            } catch (Throwable e) { // another request may be changing the value
                problem = e;
            }
        }
        log.add("the session attribute \"" + name + "\" of " + value.getClass().getName() + " is in this replica's memory"
                + " only, and is lost with it; let its classes implement java.io.Serializable, or keep it out of the session", problem);
        if (problem instanceof NotSerializableException) {
            parts.put(name, new Part(0, null, 0, now));
        }
    }

    /** 0: it cannot be serialized now. */
    private static long fingerprint(Object value) {
        try {
            return Fingerprint.of(value);
        } catch (Throwable e) { // the application's code runs here
            return 0;
        }
    }

    private static boolean isImmutable(Object value) {
        String type = value.getClass().getName();
        return value instanceof Enum || type.startsWith("java.time.")
                || type.startsWith("java.lang.") && !(value instanceof Appendable);
    }

    /** Puts what was collected over what others have stored. */
    void write(Map<String, Part> parts, StoredSession next) {
        parts.forEach((name, part) -> {
            if (isNewest(name, part)) {
                next.parts.compute(name, (key, before) -> part.bytes == null ? null : new Part(next.counter, part.bytes, 0, 0));
            }
        });
    }

    /** {@code next} is stored. */
    void remove(Map<String, Part> parts, StoredSession next) {
        parts.forEach((name, part) -> {
            if (isNewest(name, part)) {
                stored.put(name, new Part(part.bytes == null ? 0 : next.counter, null, part.fingerprint, part.order));
            }
            changed.remove(name, part.order);
        });
    }

    /** Another thread may have stored a later one. */
    private boolean isNewest(String name, Part part) {
        Part before = stored.get(name);
        return before == null || before.order <= part.order;
    }

    /** Calls {@code set} for what another replica has changed and this one has not, with null for an attribute that is removed. */
    void read(StoredSession other, BiConsumer<String, Part> set) {
        other.parts.forEach((name, part) -> {
            Part here = stored.get(name);
            if (!changed.containsKey(name) && (here == null || here.version != part.version)) {
                stored.put(name, new Part(part.version, null, 0, order.get()));
                exposed.remove(name); // another value from now on
                set.accept(name, part);
            }
        });
        stored.forEach((name, here) -> {
            if (here.version > 0 && !changed.containsKey(name) && !other.parts.containsKey(name)) {
                stored.remove(name);
                set.accept(name, null);
            }
        });
    }
}
