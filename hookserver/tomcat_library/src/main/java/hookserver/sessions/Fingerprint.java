package hookserver.sessions;

import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.util.zip.CRC32;

/** Serializes a value to nowhere, to find out whether it has changed: for less than half of what it costs to store it. */
final class Fingerprint extends ObjectOutputStream {

    /** The thread's own between two uses: to create one is nearly a third of what a use costs. */
    private static final ThreadLocal<Fingerprint> IDLE = new ThreadLocal<>();
    /** Bytes; one that has serialized more keeps large tables, and is not used again. */
    private static final int LIMIT = 16 << 10;

    private final Sink sink;

    private Fingerprint(Sink sink) throws IOException {
        super(sink);
        this.sink = sink;
        clear();
    }

    /** The CRC-32 and the length of what is serialized; not 0. Throws whatever the classes' code throws. */
    static long of(Object value) throws IOException {
        Fingerprint out = IDLE.get() == null ? new Fingerprint(new Sink()) : IDLE.get();
        IDLE.remove(); // the value's code may need another one meanwhile, and one that fails is of no use
        out.writeObject(value); // it flushes what it has written
        long fingerprint = out.sink.length << Integer.SIZE | out.sink.checksum.getValue();
        if (out.sink.length < LIMIT) {
            out.clear();
            IDLE.set(out);
        }
        return fingerprint;
    }

    /** Forgets all objects that it has seen. */
    private void clear() throws IOException {
        reset();
        flush();
        sink.checksum.reset();
        sink.length = 0;
    }

    /** The name alone: the fields of a class do not change. */
    @Override
    protected void writeClassDescriptor(ObjectStreamClass description) throws IOException {
        writeInt(description.getName().hashCode());
    }

    private static final class Sink extends OutputStream {

        private final CRC32 checksum = new CRC32();
        private long length;

        @Override
        public void write(int value) {
            checksum.update(value);
            length++;
        }

        @Override
        public void write(byte[] bytes, int offset, int count) {
            checksum.update(bytes, offset, count);
            length += count;
        }
    }
}
