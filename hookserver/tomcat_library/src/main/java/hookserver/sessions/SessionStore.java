package hookserver.sessions;

import java.io.IOException;
import java.util.Collection;
import java.util.function.UnaryOperator;

/** Keeps the sessions of one web application for all its replicas. */
interface SessionStore {

    /** The stored session; {@code known} itself if that is still stored, which costs a look-up; null if there is none. */
    StoredSession read(String id, StoredSession known) throws IOException;

    /** Stores what {@code change} makes of the stored session (null: none), while no other replica can; returns it. */
    StoredSession update(String id, UnaryOperator<StoredSession> change) throws IOException;

    /** The ids of the sessions that expired before this time (Unix milliseconds). Removes what nobody can read. */
    Collection<String> findExpired(long before) throws IOException;
}
