package hookserver.sessions;

import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
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

/**
 * A replica's copy of a session in the store: brought up to date when a request finds it, saved when one ends.
 */
final class SharedSession extends StandardSession {

    private static final long serialVersionUID = 1;
    /** The name under which is stored what Tomcat itself keeps in a session: no attribute's, and not subject to filters. */
    private static final String TOMCATS = "\0tomcat";
    private static final String LOGIN_NOTES = "org.apache.catalina.authenticator.";
    /** The time of the last access is stored this often; in milliseconds, as all here. */
    private static final long ACCESS_STEP = 5_000;
    private static final long FOREVER = 4_102_444_800_000L; // 2100

    /** What is stored of an attribute, as of its last saving or reading here. */
    private static final class Saved {
        /** Of StoredSession.Part; 0: it is in memory only. */
        final long version;
        /** Of the value as this replica serializes it; null: unknown, or the value cannot change. */
        final byte[] digest;
        /** Of two that are saved at once, the greater one was serialized later. */
        final long order;
        final byte[] bytes;

        Saved(long version, byte[] digest, long order, byte[] bytes) {
            this.version = version;
            this.digest = digest;
            this.order = order;
            this.bytes = bytes;
        }
    }

    private final transient SharedSessionManager shared;
    private final transient Map<String, Saved> saved = new ConcurrentHashMap<>();
    private final transient Set<String> changed = ConcurrentHashMap.newKeySet();
    private final transient AtomicInteger users = new AtomicInteger();
    private final transient AtomicLong order = new AtomicLong();
    /** Whether a request may have changed an attribute in place. */
    private transient volatile boolean isExposed;
    private transient volatile List<Object> savedTomcats;
    /** Null: it was never stored. */
    private transient volatile StoredSession known;

    SharedSession(SharedSessionManager manager) {
        super(manager);
        shared = manager;
    }

    SharedSession(SharedSessionManager manager, StoredSession stored) {
        this(manager);
        id = stored.id;
        creationTime = stored.creationTime;
        isNew = false;
        setValid(true);
        apply(stored, new HashSet<>());
    }

    /** Applies what other replicas have changed since; false if the session has ended there. */
    synchronized boolean refresh() {
        try {
            StoredSession stored = known == null ? null : shared.store().read(id, known);
            if (stored == null && known != null) {
                forget();
            } else if (stored != known) {
                apply(stored, changed);
            }
        } catch (IOException e) {
            shared.log.notRead(e);
        }
        return isValid;
    }

    /** Stores what has changed. {@code isLast}: the request does no more with it. */
    void save(boolean isLast) {
        Map<String, Saved> values = new HashMap<>();
        try {
            List<Object> tomcats = tomcats();
            if (!tomcats.equals(savedTomcats)) {
                savedTomcats = tomcats;
                changed.add(TOMCATS);
            }
            collectSet(values);
            if (isExposed) {
                isExposed = !isLast || users.get() > 1;
                collectChangedInPlace(values);
            }
            boolean isDue = known == null || thisAccessedTime - known.accessTime > ACCESS_STEP;
            if (isValid && !expiring && (isDue || !values.isEmpty())) {
                store(values);
            }
        } catch (IOException | RuntimeException e) {
            changed.addAll(values.keySet());
            shared.log.notStored(e);
            shared.saveLater(this);
        }
    }

    private void collectSet(Map<String, Saved> values) {
        for (String name : changed) {
            changed.remove(name); // before it is serialized: what is set meanwhile is saved again
            Saved value = serialized(name, name.equals(TOMCATS) ? tomcats() : attributes.get(name));
            if (value != null) {
                values.put(name, value);
            }
        }
    }

    private void collectChangedInPlace(Map<String, Saved> values) {
        for (Map.Entry<String, Object> attribute : attributes.entrySet()) {
            Saved before = saved.get(attribute.getKey());
            if (before != null && before.digest != null && !values.containsKey(attribute.getKey())) {
                Saved now = serialized(attribute.getKey(), attribute.getValue());
                if (now != null && !Arrays.equals(now.digest, before.digest)) {
                    values.put(attribute.getKey(), now);
                }
            }
        }
    }

    private synchronized void store(Map<String, Saved> values) throws IOException {
        StoredSession stored = shared.store().update(id, current -> merge(current, values));
        if (stored == null) {
            forget();
            return;
        }
        values.forEach((name, value) -> {
            if (isNewest(name, value)) {
                long version = value.bytes == null ? 0 : stored.counter;
                saved.put(name, new Saved(version, value.digest, value.order, null));
            }
        });
        known = stored.withoutParts();
    }

    /** The next version: what others have stored since, and over it what was changed here. */
    private StoredSession merge(StoredSession current, Map<String, Saved> values) {
        if (current == null && known != null) {
            return null; // it has ended elsewhere
        }
        StoredSession next = StoredSession.after(current, id);
        if (current != null && (known == null || known.counter != current.counter)) {
            Set<String> kept = new HashSet<>(changed);
            kept.addAll(values.keySet());
            apply(current, kept);
        }
        values.forEach((name, value) -> {
            if (isNewest(name, value) && value.bytes == null) {
                next.parts.remove(name);
            } else if (isNewest(name, value)) {
                next.parts.put(name, new StoredSession.Part(next.counter, value.bytes));
            }
        });
        next.creationTime = creationTime;
        next.accessTime = Math.max(next.accessTime, thisAccessedTime);
        next.expiryTime = maxInactiveInterval <= 0 ? FOREVER : next.accessTime + ACCESS_STEP + maxInactiveInterval * 1000L;
        return next;
    }

    private boolean isNewest(String name, Saved value) {
        Saved before = saved.get(name);
        return before == null || before.order <= value.order;
    }

    /** Takes over a version of another replica, except for the attributes {@code kept}; no listener is called. */
    private void apply(StoredSession stored, Set<String> kept) {
        stored.parts.forEach((name, part) -> {
            Saved here = saved.get(name);
            if (!kept.contains(name) && (here == null || here.version != part.version)) {
                saved.put(name, new Saved(part.version, null, order.get(), null));
                put(name, read(name, part.bytes));
            }
        });
        saved.forEach((name, here) -> {
            if (here.version > 0 && !kept.contains(name) && !stored.parts.containsKey(name)) {
                saved.remove(name);
                put(name, null);
            }
        });
        thisAccessedTime = Math.max(thisAccessedTime, stored.accessTime);
        lastAccessedTime = Math.max(lastAccessedTime, stored.accessTime);
        known = stored.withoutParts();
    }

    /** The interval, the login and, while someone logs in by a form, what that has noted. */
    private List<Object> tomcats() {
        Map<String, Object> login = new HashMap<>(notes);
        login.keySet().removeIf(name -> !name.startsWith(LOGIN_NOTES));
        return Arrays.asList(maxInactiveInterval, principal instanceof Serializable ? principal : null, authType, login);
    }

    @SuppressWarnings("unchecked")
    private void put(String name, Object value) {
        if (value == null) {
            attributes.remove(name);
        } else if (name.equals(TOMCATS)) {
            List<Object> values = (List<Object>) value;
            maxInactiveInterval = (Integer) values.get(0);
            principal = (Principal) values.get(1);
            authType = (String) values.get(2);
            notes.keySet().removeIf(note -> note.startsWith(LOGIN_NOTES));
            notes.putAll((Map<String, Object>) values.get(3));
            savedTomcats = tomcats();
        } else {
            attributes.put(name, value);
        }
    }

    /** Null if this release cannot read it. */
    private Object read(String name, byte[] bytes) {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        ClassLoader loader = shared.getContext().getLoader().getClassLoader();
        try {
            thread.setContextClassLoader(loader);
            Object value = AttributeInput.read(bytes, loader, name.equals(TOMCATS));
            if (value instanceof HttpSessionActivationListener) {
                ((HttpSessionActivationListener) value).sessionDidActivate(new HttpSessionEvent(getSession()));
            }
            return value;
        } catch (Throwable e) { // a class's own code runs here: nothing of it may fail a page
            shared.log.hidden(name, e);
            return null;
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /** Without bytes if it is not to be stored; null if it cannot be written now. Holds no lock: a class's own code runs here. */
    private Saved serialized(String name, Object value) {
        long now = order.incrementAndGet();
        if (value == null || !name.equals(TOMCATS) && exclude(name, value)) {
            return new Saved(0, null, now, null);
        }
        Throwable problem = null;
        for (int tries = 0; tries < 2; tries++) { // another request may be changing it
            try {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                new ObjectOutputStream(bytes).writeObject(value);
                byte[] digest = isImmutable(value) ? null : StoredSession.digest(bytes.toByteArray());
                return new Saved(0, digest, now, bytes.toByteArray());
            } catch (Throwable e) {
                problem = e;
            }
        }
        shared.log.inMemoryOnly(name, value, problem);
        return problem instanceof NotSerializableException ? new Saved(0, null, now, null) : null;
    }

    private static boolean isImmutable(Object value) {
        String type = value.getClass().getName();
        return value instanceof Enum || type.startsWith("java.time.")
                || type.startsWith("java.lang.") && !(value instanceof Appendable);
    }

    @Override
    public Object getAttribute(String name) {
        Object value = super.getAttribute(name);
        if (value != null && !isImmutable(value)) {
            Saved here = saved.get(name);
            // Before the application can change it. The first one counts: nobody has changed it by then.
            Saved now = here != null && here.version > 0 && here.digest == null ? serialized(name, value) : null;
            if (now != null) {
                saved.replace(name, here, new Saved(here.version, now.digest, here.order, null));
            }
            isExposed = true;
            if (users.get() == 0) {
                shared.saveLater(this);
            }
        }
        return value;
    }

    @Override
    public void setAttribute(String name, Object value, boolean notify) {
        super.setAttribute(name, value, notify);
        change(name);
    }

    @Override
    protected void removeAttributeInternal(String name, boolean notify) {
        super.removeAttributeInternal(name, notify);
        if (name != null) {
            change(name);
        }
    }

    private void change(String name) {
        changed.add(name);
        if (users.get() == 0) {
            shared.saveLater(this);
        }
    }

    /** A session's value that is not Serializable stays in memory: it fails no request, with {@code <distributable/>} either. */
    @Override
    public boolean isAttributeDistributable(String name, Object value) {
        return true;
    }

    @Override
    public void access() {
        super.access();
        users.incrementAndGet();
        shared.isUsed();
        if (!SessionValve.isUsing(this)) {
            shared.saveLater(this);
        }
    }

    @Override
    public void endAccess() {
        super.endAccess();
        save(true);
        users.decrementAndGet();
    }

    @Override
    public boolean isValid() {
        if (isValid && !expiring && maxInactiveInterval > 0 && getIdleTimeInternal() / 1000 >= maxInactiveInterval) {
            refresh(); // its visitor may be with another replica
        }
        return super.isValid();
    }

    /** Of all replicas only the one that removes it from the store calls the listeners. */
    @Override
    public void expire(boolean notify) {
        synchronized (this) {
            if (!isValid || expiring) {
                return;
            }
            boolean[] isFirst = {true};
            try {
                shared.store().update(id, current -> {
                    isFirst[0] = current != null || known == null;
                    return null;
                });
            } catch (IOException e) {
                shared.log.notStored(e);
            }
            super.expire(notify && isFirst[0]);
        }
    }

    /** Moves it in the store too: from then on nobody finds it by the old id. */
    @Override
    public void setId(String newId, boolean notify) {
        String old = id;
        if (old == null) {
            super.setId(newId, notify);
            return;
        }
        synchronized (this) {
            super.setId(newId, notify);
            try {
                StoredSession stored = known == null ? null : shared.store().read(old, null);
                shared.store().update(old, current -> null);
                known = stored == null ? null
                        : shared.store().update(newId, none -> StoredSession.after(stored, newId)).withoutParts();
            } catch (IOException e) {
                known = null;
                changed.addAll(saved.keySet());
                shared.log.notStored(e);
            }
        }
    }

    private void forget() {
        setValid(false);
        shared.remove(this, false);
    }
}
