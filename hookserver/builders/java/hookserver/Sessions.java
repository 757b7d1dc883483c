package hookserver;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.Session;
import org.apache.catalina.ha.ClusterMessage;
import org.apache.catalina.ha.session.DeltaManager;
import org.apache.catalina.ha.session.SessionMessage;
import org.apache.catalina.ha.session.SessionMessageImpl;
import org.apache.catalina.tribes.Member;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Tomcat's replicating session manager, made tolerant: a session that the other release's classes do not fit is dropped
 * alone, and an attribute that cannot be sent stays where it is. Both are told.
 */
final class Sessions extends DeltaManager {

    /** What a person should know begins with this; hookserver looks for it in the container's log. */
    static final String TOLD = "[hookserver] ";
    private static final Log LOG = LogFactory.getLog(Sessions.class);
    /** Bytes of sessions after which they are sent: a live replica has no room for all at once. */
    private static final int AT_ONCE = 1 << 20;
    private static final int TRIES = 8;
    /** Milliseconds after which changes that were under way elsewhere when we came have arrived. */
    private static final long SETTLED = 250;
    /** Milliseconds of a peer's silence that are put up with. */
    private static final long SILENCE = 10_000;
    /** How many sessions that ended are known for such, the last ones. */
    private static final int ENDED = 10_000;

    private final Peers peers;
    private final Object turn = new Object();
    private final Map<String, Integer> dropped = new TreeMap<>();
    private final Map<String, Boolean> unsent = new ConcurrentHashMap<>();
    private final Set<String> ended = Collections.newSetFromMap(Collections.synchronizedMap(new Last()));
    private List<SessionMessage> waiting;
    private volatile boolean ready;
    private volatile Member asked;
    private volatile int answer;
    private volatile long heard;

    Sessions(Peers peers) {
        this.peers = peers;
        setNotifySessionListenersOnReplication(false);
        setNotifyListenersOnReplication(false);
    }

    @Override
    public Session createEmptySession() {
        return new Visit(this);
    }

    /** A session that a peer has too does not end with this replica: the application is not told that it does. */
    @Override
    protected void stopInternal() throws LifecycleException {
        if (cluster.getMembers().length > 0) {
            sessions.clear();
        }
        super.stopInternal();
    }

    /** Called at the start: every peer sends its changes from now on; then one of them gives all that it has. */
    @Override
    public synchronized void getAllClusterSessions() {
        hold();
        try {
            peers.announce();
            Member[] there = cluster.getMembers();
            if (there.length > 0) {
                Thread.sleep(SETTLED);
            }
            for (Member peer : there) {
                if (fetch(peer)) {
                    break;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            release();
            ready = true;
        }
    }

    synchronized void catchUp(Member peer) {
        hold();
        try {
            fetch(peer);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            release();
        }
    }

    private boolean fetch(Member peer) throws InterruptedException {
        SessionMessage question = new SessionMessageImpl(
                getName(), SessionMessage.EVT_GET_ALL_SESSIONS, null, "GET-ALL", "GET-ALL-" + getName());
        question.setTimestamp(System.currentTimeMillis());
        int before = sessions.size();
        long began = System.nanoTime();
        asked = peer;
        answer = 0;
        heard = began;
        cluster.send(question, peer);
        while (answer == 0 && peers.has(peer) && System.nanoTime() - heard < SILENCE * 1_000_000) {
            Thread.sleep(5);
        }
        tellDropped();
        long took = (System.nanoTime() - began) / 1_000_000;
        if (answer == SessionMessage.EVT_ALL_SESSION_TRANSFERCOMPLETE) {
            LOG.info((sessions.size() - before) + " sessions fetched from " + peer.getName() + " in " + took + " ms");
            return true;
        }
        if (answer == 0) {
            LOG.warn(TOLD + peer.getName() + " has not given its sessions: no answer in " + took + " ms");
        }
        return false;
    }

    /** Changes wait while all sessions are being fetched, which would overwrite them. */
    private void hold() {
        synchronized (turn) {
            waiting = new ArrayList<>();
        }
    }

    private void release() {
        while (true) {
            List<SessionMessage> batch;
            synchronized (turn) {
                batch = waiting;
                waiting = batch.isEmpty() ? null : new ArrayList<>();
            }
            if (batch.isEmpty()) {
                return;
            }
            for (SessionMessage message : batch) {
                messageReceived(message, message.getAddress());
            }
        }
    }

    @Override
    public void messageDataReceived(ClusterMessage received) {
        if (!(received instanceof SessionMessage)) {
            return;
        }
        SessionMessage message = (SessionMessage) received;
        switch (message.getEventType()) {
            case SessionMessage.EVT_GET_ALL_SESSIONS:
            case SessionMessage.EVT_ALL_SESSION_DATA:
            case SessionMessage.EVT_ALL_SESSION_TRANSFERCOMPLETE:
            case SessionMessage.EVT_ALL_SESSION_NOCONTEXTMANAGER:
                break;
            default:
                synchronized (turn) {
                    if (waiting != null) {
                        waiting.add(message);
                        return;
                    }
                }
        }
        messageReceived(message, message.getAddress());
    }

    /** Who is fetching himself has nothing to give: two that start together do not wait for each other. */
    @Override
    protected void handleGET_ALL_SESSIONS(SessionMessage question, Member to) {
        peers.beside(() -> {
            Thread.currentThread().setContextClassLoader(getClassLoaders()[0]);
            try {
                giveAll(to);
            } finally {
                Thread.currentThread().setContextClassLoader(Sessions.class.getClassLoader());
            }
        });
    }

    /** When some of it does not get there, whoever asked does not hear that this was all, and asks another. */
    private void giveAll(Member to) {
        if (!ready) {
            give(SessionMessage.EVT_ALL_SESSION_NOCONTEXTMANAGER, null, to);
            return;
        }
        ByteArrayOutputStream some = new ByteArrayOutputStream();
        for (Session session : findSessions()) {
            write((Visit) session, some);
            if (some.size() >= AT_ONCE) {
                if (!give(SessionMessage.EVT_ALL_SESSION_DATA, some.toByteArray(), to)) {
                    return;
                }
                some.reset();
            }
        }
        if (give(SessionMessage.EVT_ALL_SESSION_DATA, some.toByteArray(), to)) {
            give(SessionMessage.EVT_ALL_SESSION_TRANSFERCOMPLETE, null, to);
        }
    }

    private boolean give(int type, byte[] data, Member to) {
        SessionMessage message = new SessionMessageImpl(getName(), type, data, "STATE", "STATE-" + type + "-" + getName());
        message.setTimestamp(System.currentTimeMillis());
        for (int tries = 0; tries < TRIES; tries++) {
            if (((Replication) cluster).sendAndWait(message, new Member[] {to}, 0, SILENCE)) {
                return true;
            }
            LockSupport.parkNanos(SETTLED * 1_000_000);
        }
        return false;
    }

    @Override
    protected void handleALL_SESSION_TRANSFERCOMPLETE(SessionMessage message, Member from) {
        answered(message, from);
    }

    @Override
    protected void handleALL_SESSION_NOCONTEXTMANAGER(SessionMessage message, Member from) {
        answered(message, from);
    }

    /** What comes late, from one that was given up, says nothing of the one that is being asked. */
    private void answered(SessionMessage message, Member from) {
        if (from.equals(asked)) {
            answer = message.getEventType();
        }
    }

    /** Each session in bytes of its own, so that one that cannot be read does not spoil the others. */
    private static void write(Visit visit, ByteArrayOutputStream to) {
        try {
            if (visit.isValid()) {
                byte[] one = visit.bytes();
                DataOutputStream out = new DataOutputStream(to);
                out.writeInt(one.length);
                out.write(one);
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn(TOLD + "a session cannot be given to a peer: " + e);
        }
    }

    @Override
    protected void deserializeSessions(byte[] data) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(data));
        while (in.available() > 0) {
            byte[] one = new byte[in.readInt()];
            in.readFully(one);
            take(one);
        }
        heard = System.nanoTime();
    }

    private void take(byte[] bytes) throws IOException {
        Visit visit = new Visit(this);
        Incoming in = incoming(bytes);
        try {
            visit.read(in);
        } catch (Exception | LinkageError e) {
            count(in.attribute, e);
            return;
        }
        if (ended.contains(visit.getIdInternal())) {
            super.sessionExpired(visit.getIdInternal());
            return;
        }
        Visit here = (Visit) sessions.get(visit.getIdInternal());
        if (here == null || visit.isBetterThan(here)) {
            add(visit);
            visit.activate();
        }
    }

    /** A change that cannot be read: its session is forgotten here, where the application would fail on it. */
    @Override
    protected void handleSESSION_DELTA(SessionMessage message, Member from) throws IOException {
        Visit visit = (Visit) sessions.get(message.getSessionID());
        if (visit == null) {
            return;
        }
        Incoming in = incoming(message.getSession());
        try {
            visit.change(in);
        } catch (Exception | LinkageError e) {
            sessions.remove(message.getSessionID());
            int count = count(in.attribute, e);
            if (Integer.toString(count).matches("10*")) {
                tellDropped();
            }
        }
    }

    private Incoming incoming(byte[] bytes) throws IOException {
        return new Incoming(bytes, getClassLoaders()[0]);
    }

    /** It may have come with all the others already. */
    @Override
    protected void handleSESSION_CREATED(SessionMessage message, Member from) {
        if (!sessions.containsKey(message.getSessionID())) {
            super.handleSESSION_CREATED(message, from);
        }
    }

    @Override
    protected void handleCHANGE_SESSION_ID(SessionMessage message, Member from) throws IOException {
        if (sessions.containsKey(deserializeSessionId(message.getSession()))) {
            sessions.remove(message.getSessionID());
        } else {
            super.handleCHANGE_SESSION_ID(message, from);
        }
    }

    /** Who was away meanwhile still has it, and would bring it back: a visitor who logged out would be logged in again. */
    @Override
    protected void sessionExpired(String id) {
        ended.add(id);
        super.sessionExpired(id);
    }

    @Override
    protected void handleSESSION_EXPIRED(SessionMessage message, Member from) throws IOException {
        ended.add(message.getSessionID());
        super.handleSESSION_EXPIRED(message, from);
    }

    /** An id may begin again: Tomcat takes one over from another application of the same replica. */
    @Override
    public void add(Session session) {
        ended.remove(session.getIdInternal());
        super.add(session);
    }

    private int count(String attribute, Throwable problem) {
        synchronized (dropped) {
            return dropped.merge(attribute + "\" (" + problem + ")", 1, Integer::sum);
        }
    }

    private void tellDropped() {
        synchronized (dropped) {
            dropped.forEach((what, count) -> LOG.warn(TOLD + count + (count == 1 ? " session" : " sessions")
                    + " dropped on this replica: the classes of this release do not fit the attribute \"" + what
                    + "; the visitors begin anew here"));
        }
    }

    /** What cannot be serialised stays in this replica's session, instead of failing the request that sets it. */
    @Override
    public boolean willAttributeDistribute(String name, Object value) {
        if (value != null && !(value instanceof Serializable)) {
            tellUnsent(name, value.getClass().getName());
            return false;
        }
        return super.willAttributeDistribute(name, value);
    }

    void tellUnsent(String name, String type) {
        if (unsent.putIfAbsent(name + type, true) == null) {
            LOG.warn(TOLD + "the session's attribute \"" + name + "\" is not replicated and is lost with its replica: " + type
                    + " is not Serializable; let it implement java.io.Serializable, or keep it out of the session");
        }
    }

    private static final class Last extends LinkedHashMap<String, Boolean> {

        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > ENDED;
        }
    }
}
