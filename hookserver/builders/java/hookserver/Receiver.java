package hookserver;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.util.concurrent.Executors;
import org.apache.catalina.tribes.Channel;
import org.apache.catalina.tribes.io.ObjectReader;
import org.apache.catalina.tribes.transport.AbstractRxTask;
import org.apache.catalina.tribes.transport.nio.NioReceiver;
import org.apache.catalina.tribes.transport.nio.NioReplicationTask;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** Takes what comes in, in one thread, which outlives whatever happens in it: Tomcat's gets lost with an Error. */
final class Receiver extends NioReceiver {

    /** How often we do not hear ourselves until we begin anew. */
    private static final int DEAF = 5;
    private static final Log LOG = LogFactory.getLog(Receiver.class);

    private int unheard;
    private volatile int errors;

    Receiver(String address, int port) {
        setAddress(address);
        setPort(port);
        setAutoBind(1);
        setMinThreads(1);
        setMaxThreads(1);
    }

    @Override
    public void start() throws IOException {
        setExecutor(Executors.newSingleThreadExecutor(Peers::thread));
        super.start();
    }

    /** Who does not hear does not know it: the thread that listens ends when there is no memory for it. */
    boolean beganAnew(boolean isHeard) throws IOException {
        unheard = isHeard ? 0 : unheard + 1;
        if (unheard < DEAF) {
            return false;
        }
        unheard = 0;
        LOG.error("This replica does not hear its peers: it begins to listen anew");
        Channel channel = getChannel();
        stop();
        setChannel(channel);
        start();
        return true;
    }

    /** How often something was not taken because of an error such as a want of memory. */
    int errors() {
        return errors;
    }

    @Override
    public AbstractRxTask createRxTask() {
        NioReplicationTask task = new Task(this);
        task.setUseBufferPool(getUseBufferPool());
        task.setRxBufSize(getRxBufSize());
        task.setOptions(getWorkerThreadOptions());
        return task;
    }

    private final class Task extends NioReplicationTask {

        Task(Receiver receiver) {
            super(receiver, receiver);
        }

        /** The connection ends with it; who sent the message makes another, and knows that it may have been missed. */
        @Override
        protected void drainChannel(SelectionKey key, ObjectReader reader) throws Exception {
            try {
                super.drainChannel(key, reader);
            } catch (Error e) {
                errors++;
                throw new IOException(e.toString(), e);
            }
        }
    }
}
