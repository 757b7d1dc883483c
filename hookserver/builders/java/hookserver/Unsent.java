package hookserver;

import java.io.ByteArrayOutputStream;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** What of the sessions cannot be sent to the peers. Each class of it is told once. */
final class Unsent {

    private static final Log LOG = LogFactory.getLog(Unsent.class);
    private static final int TRIES = 3;
    /** Nanoseconds between two of them. */
    private static final long PAUSE = 1_000_000;

    private final Set<String> told = ConcurrentHashMap.newKeySet();

    /** Whether this is of it. Another request may be changing the value: then it is tried again. */
    boolean has(String name, Object value) {
        Throwable problem = null;
        for (int tries = 0; tries < TRIES; tries++) {
            try (ObjectOutputStream out = new ObjectOutputStream(new ByteArrayOutputStream())) {
                out.writeObject(value);
                return false;
            } catch (NotSerializableException e) {
                tell(name, e.getMessage());
                return true;
            } catch (Throwable e) {
                problem = e;
                LockSupport.parkNanos(PAUSE);
            }
        }
        tell(name, value.getClass().getName(), "cannot be serialised: " + problem, "mend that");
        return true;
    }

    /** An attribute whose value has this class, or leads to one that has. */
    void tell(String name, String type) {
        tell(name, type, "is not Serializable", "let it implement java.io.Serializable");
    }

    private void tell(String name, String type, String why, String remedy) {
        if (told.add(type)) {
            LOG.warn(Sessions.TOLD + "the session's attribute \"" + name + "\" is not replicated and is lost with its replica: "
                    + type + " " + why + "; " + remedy + ", or keep it out of the session");
        }
    }
}
