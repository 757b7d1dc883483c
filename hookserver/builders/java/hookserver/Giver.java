package hookserver;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.util.concurrent.locks.LockSupport;
import org.apache.catalina.Session;
import org.apache.catalina.ha.session.SessionMessage;
import org.apache.catalina.ha.session.SessionMessageImpl;
import org.apache.catalina.tribes.Member;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** Gives a peer that asks all sessions. */
final class Giver {

    /** What is given with this is at least as new as the message's time. */
    static final String AS_OF = "AS-OF";
    /** Bytes of sessions after which they are sent: a live replica has no room for all at once. */
    private static final int AT_ONCE = 1 << 20;
    private static final int TRIES = 8;
    /** Milliseconds between two of them. */
    private static final long PAUSE = 250;
    /** Milliseconds of the peer's silence that are put up with. */
    private static final long SILENCE = 10_000;
    private static final Log LOG = LogFactory.getLog(Giver.class);

    private final Sessions sessions;

    Giver(Sessions sessions) {
        this.sessions = sessions;
    }

    /** When some of it does not get there, whoever asked does not hear that this was all. Null: there is nothing yet. */
    void giveAll(Member to, Session[] all) {
        if (all == null) {
            give(SessionMessage.EVT_ALL_SESSION_NOCONTEXTMANAGER, null, System.currentTimeMillis(), to);
            return;
        }
        ByteArrayOutputStream some = new ByteArrayOutputStream();
        long asOf = System.currentTimeMillis();
        for (Session session : all) {
            write((Visit) session, some);
            if (some.size() >= AT_ONCE) {
                if (!give(SessionMessage.EVT_ALL_SESSION_DATA, some.toByteArray(), asOf, to)) {
                    return;
                }
                some.reset();
                asOf = System.currentTimeMillis();
            }
        }
        if (give(SessionMessage.EVT_ALL_SESSION_DATA, some.toByteArray(), asOf, to)) {
            give(SessionMessage.EVT_ALL_SESSION_TRANSFERCOMPLETE, null, asOf, to);
        }
    }

    private boolean give(int type, byte[] data, long asOf, Member to) {
        String name = sessions.getName();
        SessionMessage message = new SessionMessageImpl(name, type, data, AS_OF, AS_OF + "-" + type + "-" + name);
        message.setTimestamp(asOf);
        for (int tries = 0; tries < TRIES; tries++) {
            if (((Replication) sessions.getCluster()).sendAndWait(message, new Member[] {to}, 0, SILENCE)) {
                return true;
            }
            LockSupport.parkNanos(PAUSE * 1_000_000);
        }
        return false;
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
        } catch (Throwable e) {
            LOG.warn(Sessions.TOLD + "a session cannot be given to a peer: " + e);
        }
    }
}
