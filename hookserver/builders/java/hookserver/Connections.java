package hookserver;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.catalina.tribes.ChannelException;
import org.apache.catalina.tribes.ChannelMessage;
import org.apache.catalina.tribes.Member;
import org.apache.catalina.tribes.transport.AbstractSender;
import org.apache.catalina.tribes.transport.MultiPointSender;
import org.apache.catalina.tribes.transport.nio.ParallelNioSender;

/** One connection to each peer: they do not wait for each other, and what is sent to a peer first gets there first. */
public final class Connections extends AbstractSender implements MultiPointSender {

    private final Map<Member, ParallelNioSender> senders = new ConcurrentHashMap<>();

    @Override
    public void sendMessage(Member[] to, ChannelMessage message) throws ChannelException {
        for (Member peer : to) {
            sender(peer).sendMessage(new Member[] {peer}, message);
        }
    }

    private ParallelNioSender sender(Member peer) throws ChannelException {
        ParallelNioSender sender = senders.get(peer);
        if (sender == null) {
            try {
                sender = new ParallelNioSender();
            } catch (IOException e) {
                throw new ChannelException(e);
            }
            AbstractSender.transferProperties(this, sender);
            ParallelNioSender earlier = senders.putIfAbsent(peer, sender);
            sender = earlier == null ? sender : earlier;
        }
        return sender;
    }

    /** The connection is made with the first message, and again after one that failed. */
    @Override
    public void add(Member peer) {}

    @Override
    public void remove(Member peer) {}

    @Override
    public void connect() {
        setConnected(true);
    }

    @Override
    public void disconnect() {
        setConnected(false);
        senders.values().forEach(ParallelNioSender::disconnect);
    }

    @Override
    public boolean keepalive() {
        boolean hasClosed = false;
        for (ParallelNioSender sender : senders.values()) {
            hasClosed |= sender.keepalive();
        }
        return hasClosed;
    }
}
