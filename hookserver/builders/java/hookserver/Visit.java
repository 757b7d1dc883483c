package hookserver;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.security.Principal;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.catalina.ha.session.DeltaRequest;
import org.apache.catalina.ha.session.DeltaSession;

/** A replicated session that is sent without the attributes that cannot be. */
final class Visit extends DeltaSession {

    private static final long serialVersionUID = 1;
    private static final String SESSION_NOTE = "org.apache.catalina.authenticator.SESSION_ID";
    private static final String REQUEST_NOTE = "org.apache.catalina.authenticator.REQUEST";
    private static final int TRIES = 3;

    private final transient Sessions sessions;
    private final transient Set<String> removed = ConcurrentHashMap.newKeySet();
    private transient boolean comesFromOwner;

    Visit(Sessions sessions) {
        super(sessions);
        this.sessions = sessions;
    }

    /** The whole session. A request may be changing it: then it is read again. */
    byte[] bytes() throws IOException {
        for (int tries = 1; ; tries++) {
            try {
                return written(shared());
            } catch (NotSerializableException e) {
                return written(serialisable(shared()));
            } catch (RuntimeException e) {
                if (tries == TRIES) {
                    throw e;
                }
            }
        }
    }

    /** Whether it shall take the place of another copy: it comes from the replica that served its visitor last. */
    boolean isBetterThan(Visit other) {
        return comesFromOwner && (!other.isPrimarySession() || other.thisAccessedTime < thisAccessedTime);
    }

    void read(Incoming in) throws ClassNotFoundException, IOException {
        id = in.readUTF();
        comesFromOwner = in.readBoolean();
        creationTime = in.readLong();
        lastAccessedTime = in.readLong();
        thisAccessedTime = in.readLong();
        maxInactiveInterval = in.readInt();
        isNew = in.readBoolean();
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
        setPrimarySession(false);
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
            out.writeBoolean(isPrimarySession());
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

    /** What changed; when some of it cannot be sent, all that can be, and that the rest is gone. */
    @Override
    public byte[] getDiff() throws IOException {
        try {
            return super.getDiff();
        } catch (NotSerializableException e) {
            Map<String, Object> kept = serialisable(shared());
            Set<String> names = new HashSet<>(removed);
            names.addAll(attributes.keySet());
            DeltaRequest whole = createRequest(getIdInternal(), false);
            names.forEach(name -> whole.setAttribute(name, kept.get(name)));
            whole.setPrincipal((Principal) orNull(getPrincipal()));
            whole.setAuthType(getAuthType());
            whole.setMaxInactiveInterval(maxInactiveInterval);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
                whole.writeExternal(out);
            }
            return bytes.toByteArray();
        }
    }

    @Override
    protected void removeAttributeInternal(String name, boolean notify, boolean addDeltaRequest) {
        removed.add(name);
        super.removeAttributeInternal(name, notify, addDeltaRequest);
    }

    private Map<String, Object> shared() {
        Map<String, Object> shared = new LinkedHashMap<>();
        for (Map.Entry<String, Object> entry : attributes.entrySet()) {
            if (!exclude(entry.getKey(), entry.getValue())) {
                shared.put(entry.getKey(), entry.getValue());
            }
        }
        return shared;
    }

    private Map<String, Object> serialisable(Map<String, Object> values) throws IOException {
        Map<String, Object> kept = new LinkedHashMap<>();
        for (Map.Entry<String, Object> entry : values.entrySet()) {
            try (ObjectOutputStream out = new ObjectOutputStream(new ByteArrayOutputStream())) {
                out.writeObject(entry.getValue());
                kept.put(entry.getKey(), entry.getValue());
            } catch (NotSerializableException e) {
                sessions.tellUnsent(entry.getKey(), e.getMessage());
            }
        }
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
