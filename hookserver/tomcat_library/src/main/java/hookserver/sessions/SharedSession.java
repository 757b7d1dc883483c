package hookserver.sessions;

import hookserver.sessions.StoredSession.Part;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.IOException;
import java.io.Serializable;
import java.security.Principal;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.catalina.session.StandardSession;

/** A replica's copy of a stored session: brought up to date when a request finds it, saved before its answer is complete. */
final class SharedSession extends StandardSession {

    private static final long serialVersionUID = 1;
    /** The name of what Tomcat itself keeps in a session. No attribute of an application has it. */
    private static final String TOMCATS = "\0tomcat";
    private static final String LOGIN_NOTES = "org.apache.catalina.authenticator.";
    /** Milliseconds between two savings of the time of the last access. */
    private static final long ACCESS_STEP = 5_000;
    /** The year 2038, in Unix milliseconds: file systems with 32-bit times keep no later one. */
    private static final long FOREVER = 2_145_916_800_000L;

    private final transient SharedSessionManager shared;
    private final transient SessionChanges changes;
    private transient volatile List<Object> savedTomcats;
    /** The stored version that this copy has; null: it was never stored. */
    private transient volatile StoredSession known;
    /** What was stored by the id before, until it is stored by the new one; else null. */
    private transient StoredSession moved;

    SharedSession(SharedSessionManager manager) {
        super(manager);
        shared = manager;
        changes = new SessionChanges(this::value, manager.log);
    }

    SharedSession(SharedSessionManager manager, StoredSession stored) {
        this(manager);
        id = stored.id;
        creationTime = stored.creationTime;
        maxInactiveInterval = manager.getContext().getSessionTimeout() * 60; // unless the store says otherwise
        setValid(true);
        apply(stored);
        know(stored);
        savedTomcats = tomcats();
    }

    /** Applies what other replicas have changed since; false if it has ended there. */
    synchronized boolean refresh() {
        try {
            StoredSession stored = known == null ? null : shared.store().read(id, known);
            if (stored == null && known != null) {
                forget();
            } else if (stored != known) {
                apply(stored);
                know(stored);
            }
        } catch (IOException e) {
            shared.log.add(SharedSessionManager.NOT_READ, e);
        }
        return isValid;
    }

    /** Stores what has changed. {@code isLast}: the request does no more with it. */
    void save(boolean isLast) {
        noteTomcats();
        store(changes.collect(isLast));
    }

    /** Stores also all that may have changed in place since the answers were complete. */
    void saveInBackground() {
        changes.beginRequest();
        noteTomcats();
        store(changes.collectAll());
        end();
    }

    /** Stores what was set or removed. Changes in place can wait: the answer has a later end, or is complete already. */
    void saveRestLater() {
        if (!changes.isEmpty()) {
            save(false);
        }
        shared.saveLater(this);
    }

    private void end() {
        changes.endRequest();
        if (isValid && !changes.isEmpty()) { // another thread has set it since
            shared.saveLater(this);
        }
    }

    private void noteTomcats() {
        List<Object> tomcats = tomcats();
        if (!tomcats.equals(savedTomcats)) {
            savedTomcats = tomcats;
            changes.add(TOMCATS, null);
        }
    }

    private void store(Map<String, Part> parts) {
        StoredSession last = known; // a new id unsets it
        boolean isDue = last == null || thisAccessedTime - last.accessTime > accessStep();
        if (isValid && !expiring && (isDue || !parts.isEmpty())) {
            update(parts);
        }
    }

    private synchronized void update(Map<String, Part> parts) {
        if (!isValid || expiring) { // since another thread ended it
            return;
        }
        try {
            StoredSession stored = shared.store().update(id, current -> merge(current, parts));
            if (stored == null) {
                forget();
                return;
            }
            changes.remove(parts, stored);
            know(stored);
            moved = null;
        } catch (IOException | RuntimeException e) {
            shared.log.add(SharedSessionManager.NOT_STORED, e);
            shared.saveLater(this);
        }
    }

    /** The next version: what others have stored, and over it what was changed here. Null: it has ended elsewhere. */
    private StoredSession merge(StoredSession current, Map<String, Part> parts) {
        StoredSession before = moved == null ? current : moved;
        if (before == null && known != null) {
            return null;
        }
        StoredSession next = new StoredSession(id, before);
        if (before != null && (known == null || known.counter != before.counter)) {
            apply(before);
        }
        changes.write(parts, next);
        next.creationTime = creationTime;
        next.accessTime = Math.max(next.accessTime, thisAccessedTime);
        long expiry = next.accessTime + accessStep() + maxInactiveInterval * 1000L;
        next.expiryTime = maxInactiveInterval <= 0 ? FOREVER : Math.min(expiry, FOREVER);
        return next;
    }

    /** Takes over what another replica has stored, but for the attributes that are changed here. */
    private void apply(StoredSession stored) {
        changes.read(stored, (name, part) -> setValue(name, part == null ? null : read(name, part.bytes)));
        thisAccessedTime = Math.max(thisAccessedTime, stored.accessTime);
        lastAccessedTime = Math.max(lastAccessedTime, stored.accessTime);
    }

    private void know(StoredSession stored) {
        stored.parts = null;
        known = stored;
    }

    /** Null if nothing of it is to be stored. */
    private Object value(String name) {
        if (name.equals(TOMCATS)) {
            return tomcats();
        }
        Object value = attributes.get(name);
        return value == null || exclude(name, value) ? null : value;
    }

    @SuppressWarnings("unchecked")
    private void setValue(String name, Object value) {
        if (!name.equals(TOMCATS)) {
            attributes.compute(name, (key, before) -> changes.contains(name) ? before : value); // one that is set meanwhile
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

    @Override
    public Object getAttribute(String name) {
        Object value = super.getAttribute(name);
        if (changes.expose(name, value)) {
            saveOutsideOfRequests();
        }
        return value;
    }

    @Override
    public void setAttribute(String name, Object value, boolean notify) {
        if (name != null && value != null) { // else it removes it, or refuses it
            changes.add(name, value); // another replica's does not replace it while listeners run
        }
        super.setAttribute(name, value, notify);
        if (name != null && value != null) {
            changes.add(name, value);
            saveOutsideOfRequests();
        }
    }

    @Override
    protected void removeAttributeInternal(String name, boolean notify) {
        boolean isThere = name != null && (attributes.containsKey(name) || changes.isStored(name));
        if (isThere) {
            changes.add(name, null);
        }
        super.removeAttributeInternal(name, notify);
        if (isThere) {
            changes.add(name, null);
            saveOutsideOfRequests();
        }
    }

    private void saveOutsideOfRequests() {
        if (!changes.isInRequest()) {
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
        changes.beginRequest();
        shared.noteUse();
        if (!SessionValve.record(this)) {
            shared.saveLater(this);
        }
        StoredSession last = known;
        if (last != null && last.expiryTime - thisAccessedTime < maxInactiveInterval * 500L) {
            store(Collections.emptyMap()); // so that no other replica ends it while the request runs
        }
    }

    @Override
    public void endAccess() {
        super.endAccess();
        if (!changes.isEmpty() || !shared.isSavedLater(this)) {
            save(true);
        }
        end();
    }

    /** Its visitor may be with another replica, which has stored an access up to some seconds ago. */
    @Override
    public boolean isValid() {
        if (isValid && !expiring && maxInactiveInterval > 0 && getIdleTimeInternal() / 1000 >= maxInactiveInterval) {
            refresh();
            if (isValid && getIdleTimeInternal() < maxInactiveInterval * 1000L + accessStep()) {
                return true;
            }
        }
        return super.isValid();
    }

    /** Of all replicas only the one that removes it from the store calls the listeners. */
    @Override
    public synchronized void expire(boolean notify) {
        if (isValid && !expiring) {
            boolean isNew = known == null;
            boolean isFirst = shared.end(id) != null || isNew || shared.isEnded(id);
            super.expire(notify && isFirst);
        }
    }

    /** Moves it in the store too: from then on nobody finds it by the old id. */
    @Override
    public synchronized void setId(String newId, boolean notify) {
        String old = id;
        boolean isStored = known != null;
        super.setId(newId, notify);
        if (isStored) {
            known = null;
            try {
                moveFrom(old);
            } catch (IOException e) {
                changes.addStored();
                shared.log.add(SharedSessionManager.NOT_STORED, e);
                shared.end(old);
            }
        }
    }

    private void moveFrom(String old) throws IOException {
        moved = shared.store().read(old, null);
        if (moved == null) {
            forget();
        }
        while (moved != null) {
            long counter = moved.counter;
            update(Collections.emptyMap());
            StoredSession last = shared.end(old); // afterwards: a crash loses neither
            if (last == null || last.counter == counter) {
                return;
            }
            moved = last; // another replica has changed it meanwhile
            known = null; // two versions, of two ids, can have the same counter
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
