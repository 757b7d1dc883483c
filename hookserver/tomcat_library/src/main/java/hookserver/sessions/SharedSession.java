package hookserver.sessions;

import hookserver.sessions.StoredSession.Part;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.Serializable;
import java.security.Principal;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.catalina.session.StandardSession;

/** A replica's copy of a stored session: brought up to date when a request finds it, saved before its answer is complete. */
final class SharedSession extends StandardSession {

    private static final long serialVersionUID = 1;
    /** The name of what Tomcat itself keeps in a session. No attribute of an application has it. */
    private static final String TOMCATS = "\0tomcat";
    private static final String LOGIN_NOTES = "org.apache.catalina.authenticator.";
    private static final String NOT_READ = "a stored session cannot be read";
    private static final String NOT_STORED = "changes of a session are in this replica's memory only until they can be stored";
    /** Milliseconds between two savings of the time of the last access. */
    private static final long ACCESS_STEP = 5_000;
    /** The year 2038, in Unix milliseconds: file systems with 32-bit times keep no later one. */
    private static final long FOREVER = 2_145_916_800_000L;

    private final transient SharedSessionManager shared;
    /** What is stored of each attribute, without its bytes. */
    private final transient Map<String, Part> saved = new ConcurrentHashMap<>();
    private final transient Set<String> changed = ConcurrentHashMap.newKeySet();
    private final transient AtomicInteger requests = new AtomicInteger();
    private final transient AtomicLong order = new AtomicLong();
    private transient volatile List<Object> savedTomcats;
    /** The attributes that requests have, and may change in place. Its monitor guards {@code requests}. */
    private final transient Set<String> exposed = ConcurrentHashMap.newKeySet();
    /** The stored version that this copy has; null: it was never stored. */
    private transient volatile StoredSession known;

    SharedSession(SharedSessionManager manager) {
        super(manager);
        shared = manager;
    }

    SharedSession(SharedSessionManager manager, StoredSession stored) {
        this(manager);
        id = stored.id;
        creationTime = stored.creationTime;
        maxInactiveInterval = manager.getContext().getSessionTimeout() * 60; // unless the store says otherwise
        setValid(true);
        apply(stored, changed);
        savedTomcats = tomcats();
    }

    /** Applies what other replicas have changed since; false if it has ended there. */
    synchronized boolean refresh() {
        try {
            StoredSession stored = known == null ? null : shared.store().read(id, known);
            if (stored == null && known != null) {
                forget();
            } else if (stored != known) {
                apply(stored, changed);
            }
        } catch (IOException e) {
            shared.log.add(NOT_READ, e);
        }
        return isValid;
    }

    /** Stores what has changed. {@code isLast}: the request does no more with it. */
    void save(boolean isLast) {
        save(isLast, exposed);
    }

    private void save(boolean isLast, Set<String> compared) {
        List<Object> tomcats = tomcats();
        if (!tomcats.equals(savedTomcats)) {
            savedTomcats = tomcats;
            changed.add(TOMCATS);
        }
        Map<String, Part> values = new HashMap<>();
        for (String name : changed.toArray(new String[0])) {
            changed.remove(name); // before it is serialized: what is set meanwhile is saved again
            Part now = serialized(name, name.equals(TOMCATS) ? tomcats : attributes.get(name));
            put(values, name, now);
            if (now == null) {
                changed.add(name);
            }
        }
        Set<String> names = new HashSet<>(compared);
        synchronized (exposed) {
            if (isLast && requests.get() <= 1) {
                exposed.clear();
            }
        }
        collectChangedInPlace(names, values);
        boolean isDue = known == null || thisAccessedTime - known.accessTime > accessStep();
        if (isValid && !expiring && (isDue || !values.isEmpty())) {
            store(values);
        }
    }

    /** What a request did not ask for can be a part of that which it changed: then all attributes are compared. */
    private void collectChangedInPlace(Set<String> names, Map<String, Part> values) {
        boolean isChanged = false;
        for (String name : names) {
            isChanged = isChanged || !isAsBefore(name, values);
        }
        if (isChanged) {
            attributes.keySet().forEach(name -> isAsBefore(name, values));
        }
    }

    private boolean isAsBefore(String name, Map<String, Part> values) {
        Part before = saved.get(name);
        Object value = attributes.get(name);
        if (before == null || before.fingerprint == 0 || value == null || values.containsKey(name)) {
            return false;
        }
        boolean isSame = fingerprint(value) == before.fingerprint;
        if (!isSame) {
            put(values, name, serialized(name, value));
        }
        return isSame;
    }

    /** As a request of its own: with all that may have changed in place since the answers were complete. */
    void saveInBackground() {
        begin();
        save(true, saved.keySet());
        end();
    }

    /** Stores what was set or removed. Changes in place can wait: the answer has a later end, or is complete already. */
    void saveRestLater() {
        if (!changed.isEmpty()) {
            save(false);
        }
        shared.saveLater(this);
    }

    private void begin() {
        synchronized (exposed) {
            requests.incrementAndGet();
        }
    }

    private void end() {
        requests.decrementAndGet();
        if (isValid && !changed.isEmpty()) { // another thread has set it since
            shared.saveLater(this);
        }
    }

    private synchronized void store(Map<String, Part> values) {
        try {
            StoredSession stored = shared.store().update(id, current -> merge(current, values));
            if (stored == null) {
                forget();
                return;
            }
            values.forEach((name, value) -> {
                if (isNewest(name, value)) {
                    saved.put(name, new Part(value.bytes == null ? 0 : stored.counter, null, value.fingerprint, value.order));
                }
            });
            know(stored);
        } catch (IOException | RuntimeException e) {
            changed.addAll(values.keySet());
            shared.log.add(NOT_STORED, e);
            shared.saveLater(this);
        }
    }

    /** The next version: what others have stored, and over it what was changed here. Null: it has ended elsewhere. */
    private StoredSession merge(StoredSession current, Map<String, Part> values) {
        if (current == null && known != null) {
            return null;
        }
        StoredSession next = new StoredSession(id, current);
        if (current != null && (known == null || known.counter != current.counter)) {
            Set<String> here = new HashSet<>(changed);
            here.addAll(values.keySet());
            apply(current, here);
        }
        values.forEach((name, value) -> {
            if (isNewest(name, value)) {
                put(next.parts, name, value.bytes == null ? null : new Part(next.counter, value.bytes, 0, 0));
            }
        });
        next.creationTime = creationTime;
        next.accessTime = Math.max(next.accessTime, thisAccessedTime);
        long expiry = next.accessTime + accessStep() + maxInactiveInterval * 1000L;
        next.expiryTime = maxInactiveInterval <= 0 ? FOREVER : Math.min(expiry, FOREVER);
        return next;
    }

    private boolean isNewest(String name, Part value) {
        Part before = saved.get(name);
        return before == null || before.order <= value.order;
    }

    /** Takes over what another replica has stored, but for the attributes that are changed here. Calls no listener. */
    private void apply(StoredSession stored, Set<String> changedHere) {
        stored.parts.forEach((name, part) -> {
            Part here = saved.get(name);
            if (!changedHere.contains(name) && (here == null || here.version != part.version)) {
                saved.put(name, new Part(part.version, null, 0, order.get()));
                exposed.remove(name); // another value from now on
                setValue(name, read(name, part.bytes));
            }
        });
        saved.forEach((name, here) -> {
            if (here.version > 0 && !changedHere.contains(name) && !stored.parts.containsKey(name)) {
                saved.remove(name);
                setValue(name, null);
            }
        });
        thisAccessedTime = Math.max(thisAccessedTime, stored.accessTime);
        lastAccessedTime = Math.max(lastAccessedTime, stored.accessTime);
        know(stored);
    }

    private void know(StoredSession stored) {
        stored.parts = null;
        known = stored;
    }

    @SuppressWarnings("unchecked")
    private void setValue(String name, Object value) {
        if (!name.equals(TOMCATS)) {
            put(attributes, name, value);
        } else if (value != null) {
            List<Object> values = (List<Object>) value;
            maxInactiveInterval = (Integer) values.get(0);
            principal = (Principal) values.get(1);
            authType = (String) values.get(2);
            notes.keySet().removeIf(note -> note.startsWith(LOGIN_NOTES));
            notes.putAll((Map<String, Object>) values.get(3));
            savedTomcats = tomcats();
        }
    }

    /** The interval and the login, with the notes of one by a form that is not complete. */
    private List<Object> tomcats() {
        Map<String, Object> login = new HashMap<>(); // each save asks: mostly there are no notes
        notes.forEach((note, value) -> {
            if (note.startsWith(LOGIN_NOTES)) {
                login.put(note, value);
            }
        });
        return Arrays.asList(maxInactiveInterval, principal instanceof Serializable ? principal : null, authType, login);
    }

    /** Null if this release cannot read it. */
    private Object read(String name, byte[] bytes) {
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        ClassLoader loader = shared.getContext().getLoader().getClassLoader();
        Thread.currentThread().setContextClassLoader(loader);
        try {
            Object value = AttributeInput.read(bytes, loader, name.equals(TOMCATS));
            if (value instanceof HttpSessionActivationListener) {
                ((HttpSessionActivationListener) value).sessionDidActivate(new HttpSessionEvent(getSession()));
            }
            return value;
        } catch (Throwable e) { // the application's code runs here
            shared.log.add("the session attribute \"" + name + "\" is hidden from this release, which cannot read it; its bytes are"
                    + " kept for one that can", e);
            return null;
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    /** Without bytes if it is not to be stored; null if that fails now. Without a lock: the application's code runs here. */
    private Part serialized(String name, Object value) {
        long now = order.incrementAndGet();
        if (value == null || !name.equals(TOMCATS) && exclude(name, value)) {
            return new Part(0, null, 0, now);
        }
        Throwable problem = null;
        for (int tries = 0; tries < 2; tries++) {
            try {
                long fingerprint = isImmutable(value) ? 0 : Fingerprint.of(value); // first: a change meanwhile is then seen
                return new Part(0, StoredSession.serialize(value), fingerprint, now);
            } catch (Throwable e) { // another request may be changing the value
                problem = e;
            }
        }
        shared.log.add("the session attribute \"" + name + "\" of " + value.getClass().getName() + " is in this replica's memory"
                + " only, and is lost with it; let its classes implement java.io.Serializable, or keep it out of the session", problem);
        return problem instanceof NotSerializableException ? new Part(0, null, 0, now) : null;
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

    private static <T> void put(Map<String, T> map, String name, T value) {
        if (value == null) {
            map.remove(name);
        } else {
            map.put(name, value);
        }
    }

    /** Knows what it is by before the application can change it in place. */
    @Override
    public Object getAttribute(String name) {
        Object value = super.getAttribute(name);
        boolean isExposed = exposed.contains(name);
        if (value != null && !isExposed && !isImmutable(value)) {
            Part here = saved.get(name);
            if (here != null && here.version > 0 && here.fingerprint == 0) {
                // Of several threads the first one counts: none of them has returned the value by then.
                saved.replace(name, here, new Part(here.version, null, fingerprint(value), here.order));
            }
            exposed.add(name);
            isExposed = true;
        }
        if (isExposed) {
            saveOutsideOfRequests();
        }
        return value;
    }

    @Override
    public void setAttribute(String name, Object value, boolean notify) {
        super.setAttribute(name, value, notify);
        if (value != null && !isImmutable(value)) {
            exposed.add(name);
        }
        changed.add(name);
        saveOutsideOfRequests();
    }

    @Override
    protected void removeAttributeInternal(String name, boolean notify) {
        super.removeAttributeInternal(name, notify);
        if (name != null) {
            changed.add(name);
            saveOutsideOfRequests();
        }
    }

    private void saveOutsideOfRequests() {
        if (requests.get() == 0) {
            shared.saveLater(this);
        }
    }

    /** An attribute that is not Serializable stays in memory: it fails no request, with {@code <distributable/>} either. */
    @Override
    public boolean isAttributeDistributable(String name, Object value) {
        return true;
    }

    @Override
    public void access() {
        super.access();
        begin();
        shared.isUsed();
        if (!SessionValve.record(this)) {
            shared.saveLater(this);
        }
    }

    @Override
    public void endAccess() {
        super.endAccess();
        if (!changed.isEmpty() || !shared.isSavedLater(this)) {
            save(true);
        }
        end();
    }

    /** Its visitor may be with another replica. */
    @Override
    public boolean isValid() {
        if (isValid && !expiring && maxInactiveInterval > 0 && getIdleTimeInternal() / 1000 >= maxInactiveInterval) {
            refresh();
        }
        return super.isValid();
    }

    /** Of all replicas only the one that removes it from the store calls the listeners. */
    @Override
    public synchronized void expire(boolean notify) {
        if (isValid && !expiring) {
            boolean[] isFirst = {true};
            try {
                shared.store().update(id, current -> {
                    isFirst[0] = current != null || known == null;
                    return null;
                });
            } catch (IOException e) {
                shared.log.add(NOT_STORED, e);
            }
            super.expire(notify && isFirst[0]);
        }
    }

    /** Moves it in the store too: from then on nobody finds it by the old id. */
    @Override
    public synchronized void setId(String newId, boolean notify) {
        String old = id;
        boolean isStored = known != null;
        super.setId(newId, notify);
        known = null;
        try {
            StoredSession stored = isStored ? shared.store().read(old, null) : null;
            if (stored != null) {
                shared.store().update(old, current -> null);
                apply(shared.store().update(newId, none -> new StoredSession(newId, stored)), changed);
            }
        } catch (IOException e) {
            changed.addAll(saved.keySet());
            shared.log.add(NOT_STORED, e);
        }
    }

    private long accessStep() {
        return maxInactiveInterval <= 0 ? ACCESS_STEP : Math.min(ACCESS_STEP, maxInactiveInterval * 100L);
    }

    private void forget() {
        setValid(false);
        shared.remove(this, false);
    }
}
