package hookserver;

import org.apache.catalina.tribes.ChannelException;
import org.apache.catalina.tribes.ChannelMessage;
import org.apache.catalina.tribes.Member;
import org.apache.catalina.tribes.group.InterceptorPayload;
import org.apache.catalina.tribes.group.interceptors.MessageDispatchInterceptor;

/** What waits to be sent, in order. When it is too much no request waits: the peers are told later that they missed some. */
final class Queue extends MessageDispatchInterceptor {

    /** Bytes; its buffers are up to twice as large. */
    private static final long LIMIT = 64 << 20;

    private final Peers peers;

    Queue(Peers peers) {
        this.peers = peers;
        setMaxThreads(1);
        setMaxSpareThreads(1);
        setMaxQueueSize(Math.min(LIMIT, Runtime.getRuntime().maxMemory() / 8));
        setAlwaysSend(false);
    }

    @Override
    public void sendMessage(Member[] to, ChannelMessage message, InterceptorPayload payload) throws ChannelException {
        try {
            super.sendMessage(to, message, payload);
        } catch (ChannelException full) {
            peers.owe(to);
            throw full;
        }
    }
}
