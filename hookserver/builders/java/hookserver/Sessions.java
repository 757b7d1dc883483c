package hookserver;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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
    /** A release whose replica tells this does not go live. */
    private static final String LACKING = "the sessions are not all here: ";
    private static final Log LOG = LogFactory.getLog(Sessions.class);
    /** Milliseconds after which changes that were under way elsewhere when we came have arrived. */
    private static final long SETTLED = 250;
    /** Milliseconds for which peers that hang are asked again when nobody else gives the sessions. */
    private static final long AGAIN = 10_000;

    private final Peers peers;
    private final Object turn = new Object();
    private final Dropped dropped = new Dropped();
    final Unsent unsent = new Unsent();
    private final Giver giver = new Giver(this);
    private final Set<String> ended = Ids.empty();
    private List<SessionMessage> waiting;
    private volatile boolean ready;
    private volatile Fetch fetch;

    Sessions(Peers peers) {
        this.peers = peers;
        fetch = new Fetch(peers.receiver());
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
        dropped.tell();
        super.stopInternal();
    }

    @Override
    public void backgroundProcess() {
        super.backgroundProcess();
        dropped.tell();
    }

    /** Called at the start: every peer sends its changes from now on, and gives all that it has. */
    @Override
    public synchronized void getAllClusterSessions() {
        boolean hasAll = false;
        hold();
        try {
            hasAll = fetchFromAll();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            release();
            ready = true;
            if (!hasAll) {
                LOG.warn(TOLD + LACKING + (fetch.isOverfull() ? "there is no memory for them" : peers.tellSilent()));
            }
        }
    }

    /** The replica that a visitor was on last has the latest of his session; another may have dropped it: all are asked. */
    private boolean fetchFromAll() throws InterruptedException {
        long deadline = System.nanoTime() + AGAIN * 1_000_000;
        while (true) {
            peers.announce();
            Member[] there = cluster.getMembers();
            if (there.length > 0) {
                Thread.sleep(SETTLED);
            }
            Fetch done = fetch(there);
            if (done.isOverfull() || done.hasSome()) {
                return !done.isOverfull();
            }
            if (done.isAnswered() && !peers.areSilent()) {
                return true;
            }
            if (System.nanoTime() > deadline) {
                return false;
            }
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

    private Fetch fetch(Member... whom) throws InterruptedException {
        Fetch now = new Fetch(peers.receiver(), whom);
        fetch = now;
        int before = sessions.size();
        long began = System.nanoTime();
        for (Member peer : whom) {
            SessionMessage question = new SessionMessageImpl(
                    getName(), SessionMessage.EVT_GET_ALL_SESSIONS, null, "GET-ALL", "GET-ALL-" + getName());
            question.setTimestamp(System.currentTimeMillis());
            cluster.send(question, peer);
        }
        while (!now.isOver(peers)) {
            Thread.sleep(5);
        }
        now.unread().forEach((id, kind) -> {
            if (!sessions.containsKey(id)) {
                dropped.add(id, kind);
            }
        });
        dropped.tell();
        now.tell(peers, sessions.size() - before, (System.nanoTime() - began) / 1_000_000);
        return now;
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
                giver.giveAll(to, ready ? findSessions() : null);
            } finally {
                Thread.currentThread().setContextClassLoader(Sessions.class.getClassLoader());
            }
        });
    }

    @Override
    protected void handleALL_SESSION_TRANSFERCOMPLETE(SessionMessage message, Member from) {
        fetch.answer(from, message.getEventType());
    }

    @Override
    protected void handleALL_SESSION_NOCONTEXTMANAGER(SessionMessage message, Member from) {
        fetch.answer(from, message.getEventType());
    }

    @Override
    protected void handleALL_SESSION_DATA(SessionMessage message, Member from) throws IOException {
        long given = Giver.AS_OF.equals(message.getSessionID()) ? message.getTimestamp() : 0;
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(message.getSession()));
        while (in.available() > 0) {
            byte[] one = new byte[in.readInt()];
            in.readFully(one);
            take(one, given);
        }
        fetch.hear();
    }

    private void take(byte[] bytes, long given) throws IOException {
        Visit visit = new Visit(this);
        Incoming in = incoming(bytes);
        try {
            visit.readHead(in, given);
            Visit here = (Visit) sessions.get(visit.getIdInternal());
            if (ended.contains(visit.getIdInternal())) {
                super.sessionExpired(visit.getIdInternal());
            } else if (here == null || visit.isBetterThan(here)) {
                visit.read(in);
                add(visit);
                visit.activate();
            }
        } catch (Throwable e) {
            fetch.couldNotRead(String.valueOf(visit.getIdInternal()), in.attribute, e);
        }
    }

    /**
     * A change that cannot be read: its session is forgotten here, where the application would fail on it. One from before a
     * replica was lost for a time may arrive after what was fetched since.
     */
    @Override
    protected void handleSESSION_DELTA(SessionMessage message, Member from) throws IOException {
        Visit visit = (Visit) sessions.get(message.getSessionID());
        if (visit == null || visit.has(message.getTimestamp())) {
            return;
        }
        Incoming in = incoming(message.getSession());
        try {
            visit.change(in);
        } catch (Throwable e) {
            sessions.remove(message.getSessionID());
            dropped.add(message.getSessionID(), Dropped.kind(in.attribute, e));
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
            ((Visit) sessions.get(message.getSessionID())).isChanged(false);
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
}
