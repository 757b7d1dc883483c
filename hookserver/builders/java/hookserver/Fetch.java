package hookserver;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.catalina.ha.session.SessionMessage;
import org.apache.catalina.tribes.Member;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** A question for all sessions to some peers at a time: who has answered, and what of it could not be taken. */
final class Fetch {

    /** Milliseconds of the peers' silence that are put up with. */
    private static final long SILENCE = 10_000;
    private static final Log LOG = LogFactory.getLog(Fetch.class);

    private final Receiver receiver;
    private final int errors;
    private final Member[] asked;
    private final Map<Member, Integer> answers = new ConcurrentHashMap<>();
    private final Map<String, String> unread = new ConcurrentHashMap<>();
    private volatile long heard = System.nanoTime();
    private volatile boolean isOverfull;

    Fetch(Receiver receiver, Member... asked) {
        this.receiver = receiver;
        errors = receiver.errors();
        this.asked = asked;
    }

    boolean isOver(Peers peers) {
        if (System.nanoTime() - heard > SILENCE * 1_000_000) {
            return true;
        }
        for (Member peer : asked) {
            if (!answers.containsKey(peer) && peers.has(peer)) {
                return false;
            }
        }
        return true;
    }

    void hear() {
        heard = System.nanoTime();
    }

    void answer(Member peer, int type) {
        answers.put(peer, type);
        hear();
    }

    /** Another peer may have a copy that can be read. */
    void couldNotRead(String id, String attribute, Throwable problem) {
        isOverfull |= problem instanceof OutOfMemoryError;
        unread.put(id, Dropped.kind(attribute, problem));
    }

    Map<String, String> unread() {
        return unread;
    }

    boolean isOverfull() {
        return isOverfull || receiver.errors() != errors;
    }

    /** Whether a peer has given all that it has. */
    boolean hasSome() {
        return answers.containsValue(SessionMessage.EVT_ALL_SESSION_TRANSFERCOMPLETE);
    }

    /** Whether everybody has answered, though it be that he has nothing to give. */
    boolean isAnswered() {
        return answers.keySet().containsAll(Arrays.asList(asked));
    }

    void tell(Peers peers, int sessions, long milliseconds) {
        List<String> given = new ArrayList<>();
        for (Member peer : asked) {
            if (!answers.containsKey(peer) && peers.has(peer)) {
                LOG.warn(Sessions.TOLD + peer.getName() + " has not given its sessions: no answer in " + milliseconds + " ms");
            } else if (answers.getOrDefault(peer, 0) == SessionMessage.EVT_ALL_SESSION_TRANSFERCOMPLETE) {
                given.add(peer.getName());
            }
        }
        if (!given.isEmpty()) {
            LOG.info(sessions + " sessions fetched from " + String.join(", ", given) + " in " + milliseconds + " ms");
        }
    }
}
