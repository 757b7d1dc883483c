package hookserver.sessions;

import hookserver.sessions.StoredSession.Part;
import java.io.NotSerializableException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
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
    private final Set<String> changed = ConcurrentHashMap.newKeySet();
    /** The attributes that requests have, and may change in place. Its monitor guards {@code requests}. */
    private final Set<String> exposed = ConcurrentHashMap.newKeySet();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicLong order = new AtomicLong();

    /** {@code values}: an attribute's value; null if nothing of it is to be stored. */
    SessionChanges(Function<String, Object> values, SessionLog log) {
        this.values = values;
        this.log = log;
    }

    void beginRequest() {
        synchronized (exposed) {
            requests.incrementAndGet();
        }
    }

    void endRequest() {
        requests.decrementAndGet();
    }

    boolean isInRequest() {
        return requests.get() > 0;
    }

    /** Whether an attribute was set or removed. */
    boolean isEmpty() {
        return changed.isEmpty();
    }

    void add(String name) {
        changed.add(name);
    }

    void add(String name, Object value) {
        if (value != null && !isImmutable(value)) {
            exposed.add(name);
        }
        changed.add(name);
    }

    void addStored() {
        changed.addAll(stored.keySet());
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
        Map<String, Part> parts = collectChanged();
        Set<String> names = new HashSet<>(exposed);
        synchronized (exposed) {
            if (isLast && requests.get() <= 1) {
                exposed.clear();
            }
        }
        boolean isChanged = false;
        for (String name : names) {
            isChanged = isChanged || !isAsBefore(name, parts);
        }
        if (isChanged) { // what a request did not ask for can be a part of that which it changed
            stored.keySet().forEach(name -> isAsBefore(name, parts));
        }
        return parts;
    }

    /** As {@code collect}, with all that may have changed in place. */
    Map<String, Part> collectAll() {
        Map<String, Part> parts = collectChanged();
        stored.keySet().forEach(name -> isAsBefore(name, parts));
        return parts;
    }

    private Map<String, Part> collectChanged() {
        Map<String, Part> parts = new HashMap<>();
        for (String name : changed.toArray(new String[0])) {
            changed.remove(name); // before it is serialized: what is set meanwhile is collected again
            if (!addTo(parts, name, values.apply(name))) {
                changed.add(name);
            }
        }
        return parts;
    }

    private boolean isAsBefore(String name, Map<String, Part> parts) {
        Part before = stored.get(name);
        Object value = before == null || before.fingerprint == 0 ? null : values.apply(name);
        if (value == null || parts.containsKey(name)) {
            return false;
        }
        boolean isSame = fingerprint(value) == before.fingerprint;
        if (!isSame) {
            addTo(parts, name, value);
        }
        return isSame;
    }

    /** False: it cannot be serialized now. */
    private boolean addTo(Map<String, Part> parts, String name, Object value) {
        long now = order.incrementAndGet();
        Throwable problem = null;
        for (int tries = 0; tries < 2; tries++) {
            try {
                long fingerprint = value == null || isImmutable(value) ? 0 : Fingerprint.of(value); // first: a change meanwhile is then seen
                parts.put(name, new Part(0, value == null ? null : StoredSession.serialize(value), fingerprint, now));
                return true;
            } catch (Throwable e) { // another request may be changing the value
                problem = e;
            }
        }
        log.add("the session attribute \"" + name + "\" of " + value.getClass().getName() + " is in this replica's memory"
                + " only, and is lost with it; let its classes implement java.io.Serializable, or keep it out of the session", problem);
        if (problem instanceof NotSerializableException) {
            parts.put(name, new Part(0, null, 0, now));
        }
        return problem instanceof NotSerializableException;
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
            if (isNewest(name, part) && part.bytes == null) {
                next.parts.remove(name);
            } else if (isNewest(name, part)) {
                next.parts.put(name, new Part(next.counter, part.bytes, 0, 0));
            }
        });
    }

    void succeeded(Map<String, Part> parts, StoredSession next) {
        parts.forEach((name, part) -> {
            if (isNewest(name, part)) {
                stored.put(name, new Part(part.bytes == null ? 0 : next.counter, null, part.fingerprint, part.order));
            }
        });
    }

    void failed(Map<String, Part> parts) {
        changed.addAll(parts.keySet());
    }

    /** Another thread may have stored a later one. */
    private boolean isNewest(String name, Part part) {
        Part before = stored.get(name);
        return before == null || before.order <= part.order;
    }

    /** Calls {@code set} for each attribute that another replica has changed, with null where it removed one, but for {@code own}. */
    void read(StoredSession other, Collection<String> own, BiConsumer<String, Part> set) {
        Set<String> kept = new HashSet<>(changed);
        kept.addAll(own);
        other.parts.forEach((name, part) -> {
            Part here = stored.get(name);
            if (!kept.contains(name) && (here == null || here.version != part.version)) {
                stored.put(name, new Part(part.version, null, 0, order.get()));
                exposed.remove(name); // another value from now on
                set.accept(name, part);
            }
        });
        stored.forEach((name, here) -> {
            if (here.version > 0 && !kept.contains(name) && !other.parts.containsKey(name)) {
                stored.remove(name);
                set.accept(name, null);
            }
        });
    }
}
