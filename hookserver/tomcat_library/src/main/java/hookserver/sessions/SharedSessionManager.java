package hookserver.sessions;

import java.io.File;
import java.io.IOException;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.LifecycleState;
import org.apache.catalina.Session;
import org.apache.catalina.session.ManagerBase;

/** Tomcat's session manager for a web application whose replicas share a store of sessions. */
public final class SharedSessionManager extends ManagerBase {

    static final String NOT_READ = "a stored session cannot be read";
    static final String NOT_STORED = "changes of a session are in this replica's memory only until they can be stored";
    /** Milliseconds by which a replica without visitors, such as one of the old release, leaves expiry to the others. */
    private static final long GRACE = TimeUnit.MINUTES.toMillis(5);

    final SessionLog log = new SessionLog();
    private final Set<SharedSession> unsaved = ConcurrentHashMap.newKeySet();
    /** The ids of sessions that ended here, and could not be removed from the store yet. */
    private final Set<String> ended = ConcurrentHashMap.newKeySet();
    private SessionStore store;
    private volatile long usedAt;

    @Override
    protected void startInternal() throws LifecycleException {
        super.startInternal();
        // A base name has no slash, and is none of "." and "..": https://tomcat.apache.org/tomcat-10.1-doc/config/context.html#Naming
        File host = new File(System.getProperty(SharedSessionListener.FOLDER), getContext().getParent().getName());
        File folder = new File(host, getContext().getBaseName());
        store = new FileSessionStore(folder, Long.getLong(SharedSessionListener.FOLDER + "_max", 256L << 20));
        SessionValve.addTo(getContext().getParent().getPipeline());
        setState(LifecycleState.STARTING);
    }

    /** The sessions do not end with the replica. */
    @Override
    protected void stopInternal() throws LifecycleException {
        setState(LifecycleState.STOPPING);
        saveUnsaved();
        sessions.clear();
        super.stopInternal();
    }

    @Override
    public void load() {
        // Each session is read when its visitor comes.
    }

    @Override
    public void unload() {
        // Each session is stored already.
    }

    @Override
    public Session createEmptySession() {
        return new SharedSession(this);
    }

    /** With another id if the client's is that of a session that is not removed yet. */
    @Override
    public Session createSession(String id) {
        return super.createSession(id != null && ended.contains(id) ? null : id);
    }

    /** As the store has it now. */
    @Override
    public Session findSession(String id) throws IOException {
        if (id == null || ended.contains(id)) {
            return null;
        }
        SharedSession session = (SharedSession) super.findSession(id);
        if (session != null) {
            return session.refresh() ? session : null;
        }
        try {
            StoredSession stored = store.read(id, null);
            return stored == null ? null : sessions.computeIfAbsent(id, key -> new SharedSession(this, stored));
        } catch (IOException e) {
            log.add(NOT_READ, e);
            return null;
        }
    }

    /** Every ten seconds: saves what could not be stored, or may have changed outside of a request or after its answer. */
    @Override
    public void backgroundProcess() {
        saveUnsaved();
        super.backgroundProcess();
    }

    /** Ends the sessions whose time is over, also those that no replica has in memory. */
    @Override
    public void processExpires() {
        long now = System.currentTimeMillis();
        boolean hasVisitors = now - usedAt < GRACE;
        if (hasVisitors) {
            super.processExpires();
        } else {
            Arrays.stream(findSessions()).forEach(session -> ((SharedSession) session).refresh()); // some ended elsewhere
        }
        try {
            for (String id : store.findExpired(hasVisitors ? now : now - GRACE)) {
                Session session = findSession(id);
                if (session != null) {
                    session.isValid();
                }
            }
        } catch (IOException e) {
            log.add(NOT_READ, e);
        }
    }

    void noteUse() {
        usedAt = System.currentTimeMillis();
    }

    void saveLater(SharedSession session) {
        unsaved.add(session);
    }

    boolean isSavedLater(SharedSession session) {
        return unsaved.contains(session);
    }

    SessionStore store() {
        return store;
    }

    /** Removes a session from the store, at once or as soon as that works; the removed version. Null: there was none, or it failed. */
    StoredSession end(String id) {
        StoredSession[] removed = {null};
        try {
            store.update(id, current -> {
                removed[0] = current;
                return null;
            });
            ended.remove(id);
        } catch (IOException e) {
            ended.add(id);
            log.add(NOT_STORED, e);
        }
        return removed[0];
    }

    boolean isEnded(String id) {
        return ended.contains(id);
    }

    private void saveUnsaved() {
        ended.forEach(this::end);
        for (SharedSession session : unsaved.toArray(new SharedSession[0])) { // one that fails again is for the next time
            unsaved.remove(session);
            session.saveInBackground();
        }
    }
}
