package hookserver;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.security.Principal;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.catalina.ha.session.DeltaRequest;
import org.apache.catalina.ha.session.DeltaSession;

/** A replicated session that is sent without the attributes that cannot be; these stay where they are. */
final class Visit extends DeltaSession {

    private static final long serialVersionUID = 1;
    private static final String SESSION_NOTE = "org.apache.catalina.authenticator.SESSION_ID";
    private static final String REQUEST_NOTE = "org.apache.catalina.authenticator.REQUEST";
    private static final int TRIES = 3;

    private final transient Sessions sessions;
    /** Whether the last change that is known here was made here, or was when this copy was taken from there. */
    private transient boolean isOwn = true;
    private transient boolean isAuthors;
    private transient long asOf;

    Visit(Sessions sessions) {
        super(sessions);
        this.sessions = sessions;
    }

    /** Tomcat calls this while the session is being made, and keeps what it gets for other sessions of the manager. */
    @Override
    protected DeltaRequest createRequest(String id, boolean recordsAll) {
        return new Changes(((Sessions) manager).unsent, id, recordsAll);
    }

    /** What is not Serializable stays in this replica's session, instead of failing the request that sets it. */
    @Override
    public boolean isAttributeDistributable(String name, Object value) {
        return true;
    }

    /** The whole session. A request may be changing it: then it is read again. */
    byte[] bytes() throws IOException {
        for (int tries = 1; ; tries++) {
            try {
                return written(tries == 1 ? shared() : serialisable(shared()));
            } catch (Throwable e) {
                if (tries == TRIES) {
                    throw new IOException(e);
                }
            }
        }
    }

    /**
     * Whether it shall take the place of another copy: it comes from the replica that changed it last. One that was only
     * looked at is no better for that: it may have been looked at where the last change has not arrived.
     */
    boolean isBetterThan(Visit other) {
        boolean isOther = other.isOwn || other.isAuthors;
        return isAuthors && (!isOther || other.thisAccessedTime < thisAccessedTime);
    }

    void isChanged(boolean isHere) {
        isOwn = isHere;
        isAuthors = false;
    }

    @Override
    public void setAttribute(String name, Object value, boolean notify, boolean isHere) {
        isChanged(isHere);
        super.setAttribute(name, value, notify, isHere);
    }

    @Override
    protected void removeAttributeInternal(String name, boolean notify, boolean isHere) {
        isChanged(isHere);
        super.removeAttributeInternal(name, notify, isHere);
    }

    @Override
    public void setPrincipal(Principal principal, boolean isHere) {
        isChanged(isHere);
        super.setPrincipal(principal, isHere);
    }

    /** Whether it was taken from a peer after a change that was made then (milliseconds), and has it. */
    boolean has(long change) {
        return change < asOf;
    }

    /** So much of it that it can be compared with another copy; it was given at that time. */
    void readHead(Incoming in, long given) throws IOException {
        asOf = given;
        setPrimarySession(false);
        isOwn = false;
        id = in.readUTF();
        isAuthors = in.readBoolean();
        creationTime = in.readLong();
        lastAccessedTime = in.readLong();
        thisAccessedTime = in.readLong();
        maxInactiveInterval = in.readInt();
        isNew = in.readBoolean();
    }

    void read(Incoming in) throws ClassNotFoundException, IOException {
        in.attribute = DeltaRequest.NAME_PRINCIPAL;
        principal = (Principal) in.readObject();
        authType = (String) in.readObject();
        readNote(SESSION_NOTE, in.readObject());
        readNote(REQUEST_NOTE, in.readObject());
        for (int left = in.readInt(); left > 0; left--) {
            String name = in.readUTF();
            attributes.put(name, in.readObject());
        }
        setValid(true);
        resetDeltaRequest();
    }

    /** Changes that were made elsewhere. */
    void change(ObjectInputStream in) throws ClassNotFoundException, IOException {
        DeltaRequest changes = createRequest(getIdInternal(), false);
        changes.readExternal(in);
        changes.execute(this, sessions.isNotifyListenersOnReplication());
        setPrimarySession(false);
    }

    private byte[] written(Map<String, Object> values) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeUTF(id);
            out.writeBoolean(isOwn);
            out.writeLong(creationTime);
            out.writeLong(lastAccessedTime);
            out.writeLong(thisAccessedTime);
            out.writeInt(maxInactiveInterval);
            out.writeBoolean(isNew);
            out.writeObject(orNull(getPrincipal()));
            out.writeObject(authType);
            out.writeObject(orNull(notes.get(SESSION_NOTE)));
            out.writeObject(orNull(notes.get(REQUEST_NOTE)));
            out.writeInt(values.size());
            for (Map.Entry<String, Object> value : values.entrySet()) {
                out.writeUTF(value.getKey());
                out.writeObject(value.getValue());
            }
        }
        return bytes.toByteArray();
    }

    private Map<String, Object> shared() {
        Map<String, Object> shared = new LinkedHashMap<>();
        for (Map.Entry<String, Object> entry : attributes.entrySet()) {
            if (entry.getValue() instanceof Serializable && !exclude(entry.getKey(), entry.getValue())) {
                shared.put(entry.getKey(), entry.getValue());
            }
        }
        return shared;
    }

    private Map<String, Object> serialisable(Map<String, Object> values) {
        Map<String, Object> kept = new LinkedHashMap<>(values);
        kept.entrySet().removeIf(entry -> sessions.unsent.has(entry.getKey(), entry.getValue()));
        return kept;
    }

    private void readNote(String name, Object value) {
        if (value != null) {
            notes.put(name, value);
        }
    }

    private static Object orNull(Object value) {
        return value instanceof Serializable ? value : null;
    }
}
