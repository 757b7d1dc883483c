package hookserver;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.catalina.tribes.Channel;
import org.apache.catalina.tribes.ChannelException;
import org.apache.catalina.tribes.ChannelMessage;
import org.apache.catalina.tribes.ErrorHandler;
import org.apache.catalina.tribes.Member;
import org.apache.catalina.tribes.UniqueId;
import org.apache.catalina.tribes.group.ChannelInterceptorBase;
import org.apache.catalina.tribes.group.InterceptorPayload;

/**
 * What waits to be sent, in order: each peer has a queue and a thread of its own, so one that is gone or frozen keeps nothing
 * from the others. When it is too much no request waits: the peer is told later that it missed some.
 */
final class Queues extends ChannelInterceptorBase {

    /** Bytes that may wait for one peer. */
    private static final long LIMIT = Math.min(64 << 20, Runtime.getRuntime().maxMemory() / 8);
    /** Milliseconds for which the stop waits for what is still to be sent. */
    private static final long LAST = 1_000;

    private final Peers peers;
    private final Map<Member, Line> lines = new ConcurrentHashMap<>();

    Queues(Peers peers) {
        this.peers = peers;
    }

    @Override
    public void sendMessage(Member[] to, ChannelMessage message, InterceptorPayload payload) throws ChannelException {
        if ((message.getOptions() & Channel.SEND_OPTIONS_ASYNCHRONOUS) == 0) {
            super.sendMessage(to, message, payload);
            return;
        }
        // Its caller takes the message's buffer back when this returns.
        ChannelMessage kept = (ChannelMessage) message.deepclone();
        Outcome outcome = new Outcome(payload, message, to.length);
        for (Member peer : to) {
            if (!lines.computeIfAbsent(peer, Line::new).take(kept, outcome)) {
                peers.owe(peer);
                outcome.of(new ChannelException("Too much waits for " + peer.getName()));
            }
        }
    }

    /** What waits is sent first, to those who take it soon. */
    @Override
    public void stop(int services) throws ChannelException {
        lines.values().forEach(line -> line.thread.shutdown());
        long deadline = System.nanoTime() + LAST * 1_000_000;
        try {
            for (Line line : lines.values()) {
                line.thread.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        lines.values().forEach(line -> line.thread.shutdownNow());
        lines.clear();
        super.stop(services);
    }

    private void sendNow(Member peer, ChannelMessage message) throws ChannelException {
        super.sendMessage(new Member[] {peer}, message, null);
    }

    /** One peer's. */
    private final class Line {

        final ExecutorService thread = Executors.newSingleThreadExecutor(Peers::thread);
        private final Member peer;
        private final AtomicLong waiting = new AtomicLong();

        Line(Member peer) {
            this.peer = peer;
        }

        /** False: there is no room for it. */
        boolean take(ChannelMessage message, Outcome outcome) {
            int size = message.getMessage().getLength();
            if (waiting.addAndGet(size) > LIMIT && waiting.get() > size) {
                waiting.addAndGet(-size);
                return false;
            }
            try {
                thread.execute(() -> {
                    outcome.of(send(message));
                    waiting.addAndGet(-size);
                });
                return true;
            } catch (RejectedExecutionException e) {
                return false;
            }
        }

        private ChannelException send(ChannelMessage message) {
            try {
                sendNow(peer, message);
                return null;
            } catch (ChannelException e) {
                return e;
            } catch (RuntimeException | Error e) {
                return new ChannelException(e);
            }
        }
    }

    /** Whoever sent it hears once it has gone to all peers, or could not go to some. */
    private static final class Outcome {

        private final ErrorHandler handler;
        private final UniqueId id;
        private final AtomicInteger left;
        private volatile ChannelException problem;

        Outcome(InterceptorPayload payload, ChannelMessage message, int peers) {
            handler = payload == null ? null : payload.getErrorHandler();
            id = new UniqueId(message.getUniqueId());
            left = new AtomicInteger(peers);
        }

        /** Null: it was sent to one more. */
        void of(ChannelException what) {
            if (what != null) {
                problem = what;
            }
            if (left.decrementAndGet() == 0 && handler != null) {
                if (problem == null) {
                    handler.handleCompletion(id);
                } else {
                    handler.handleError(problem, id);
                }
            }
        }
    }
}
