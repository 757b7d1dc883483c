package hookserver.sessions;

import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.util.zip.CRC32;

/** Serializes a value to nowhere, to find out whether it has changed: for less than half of what it costs to store it. */
final class Fingerprint extends ObjectOutputStream {

    private Fingerprint(OutputStream out) throws IOException {
        super(out);
    }

    /** The CRC-32 and the length of what is serialized; not 0. Throws whatever the classes' code throws. */
    static long of(Object value) throws IOException {
        Sink sink = new Sink();
        new Fingerprint(sink).writeObject(value); // it flushes what it has written
        return sink.length << Integer.SIZE | sink.checksum.getValue();
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
