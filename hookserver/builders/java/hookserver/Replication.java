package hookserver;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.LifecycleState;
import org.apache.catalina.Manager;
import org.apache.catalina.ha.ClusterMessage;
import org.apache.catalina.ha.session.SessionMessage;
import org.apache.catalina.ha.tcp.SimpleTcpCluster;
import org.apache.catalina.session.StandardManager;
import org.apache.catalina.tribes.Channel;
import org.apache.catalina.tribes.ChannelException;
import org.apache.catalina.tribes.ErrorHandler;
import org.apache.catalina.tribes.Member;
import org.apache.catalina.tribes.UniqueId;
import org.apache.catalina.tribes.group.GroupChannel;
import org.apache.catalina.tribes.transport.ReplicationTransmitter;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Tomcat's cluster between the replicas of an app. A container that was not told its address among them shares no sessions.
 *
 * <p>One thread sends to each peer, over one connection, and one takes what comes in: what is sent first counts first.
 */
public final class Replication extends SimpleTcpCluster {

    /** Milliseconds that a request waits until its peers have its changes. */
    private static final long PATIENCE = 100;
    private static final long SEND_TIMEOUT = 2_000;
    private static final int ACKNOWLEDGED = Channel.SEND_OPTIONS_USE_ACK | Channel.SEND_OPTIONS_SYNCHRONIZED_ACK;
    private static final int PORT = 4000;
    private static final Log LOG = LogFactory.getLog(Replication.class);

    private final Peers peers;

    /** Called by Tomcat for the element in server.xml. */
    public Replication() throws IOException {
        String own = System.getProperty("hookserver.cluster", "");
        if (own.isEmpty()) {
            peers = null;
            return;
        }
        peers = new Peers(own, System.getProperty("hookserver.peers", "").split(","), PORT, this::missed);
        setChannel(channel());
        setChannelStartOptions(Channel.SND_RX_SEQ | Channel.SND_TX_SEQ);
        setChannelSendOptions(Channel.SEND_OPTIONS_ASYNCHRONOUS);
        addValve(new Afterwards());
    }

    static boolean isWanted() {
        return !System.getProperty("hookserver.cluster", "").isEmpty();
    }

    private GroupChannel channel() {
        Connections sender = new Connections();
        sender.setTimeout(SEND_TIMEOUT);
        sender.setMaxRetryAttempts(1);
        ReplicationTransmitter transmitter = new ReplicationTransmitter();
        transmitter.setTransport(sender);
        GroupChannel channel = new GroupChannel();
        channel.setChannelReceiver(peers.receiver());
        channel.setChannelSender(transmitter);
        channel.addInterceptor(new Queues(peers));
        channel.addInterceptor(peers);
        return channel;
    }

    @Override
    public synchronized Manager createManager(String name) {
        if (peers == null) {
            return new StandardManager();
        }
        Sessions sessions = new Sessions(peers);
        sessions.setName(name);
        sessions.setCluster(this);
        return sessions;
    }

    @Override
    public void registerManager(Manager manager) {
        if (peers != null) {
            super.registerManager(manager);
        }
    }

    @Override
    protected void startInternal() throws LifecycleException {
        if (peers == null) {
            setState(LifecycleState.STARTING);
        } else {
            super.startInternal();
        }
    }

    @Override
    protected void stopInternal() throws LifecycleException {
        if (peers == null) {
            setState(LifecycleState.STOPPING);
        } else {
            super.stopInternal();
        }
    }

    /** The peers have a session's changes before the visitor has the whole answer, if that takes no longer than PATIENCE. */
    @Override
    public void send(ClusterMessage message, Member to) {
        boolean isChange = message instanceof SessionMessage
                && ((SessionMessage) message).getEventType() == SessionMessage.EVT_SESSION_DELTA;
        Member[] all = to == null ? getMembers() : new Member[] {to};
        sendAndWait(message, all, isChange ? ACKNOWLEDGED : 0, isChange ? PATIENCE : 0);
    }

    /** Whether it was sent, or with these options acknowledged, within so many milliseconds. */
    boolean sendAndWait(ClusterMessage message, Member[] to, int options, long patience) {
        if (to.length == 0) {
            return false;
        }
        Sent sent = new Sent();
        message.setAddress(getLocalMember());
        try {
            channel.send(to, message, Channel.SEND_OPTIONS_ASYNCHRONOUS | options, sent);
            return sent.done.await(patience, TimeUnit.MILLISECONDS) && sent.well;
        } catch (ChannelException e) {
            LOG.debug("A message about sessions was not sent", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    /** A peer is back that was lost for a time: what changed there meanwhile is fetched. */
    private void missed(Member peer) {
        for (Manager manager : managers.values().toArray(new Manager[0])) {
            if (manager instanceof Sessions) {
                ((Sessions) manager).catchUp(peer);
            }
        }
    }

    private static final class Sent implements ErrorHandler {

        final CountDownLatch done = new CountDownLatch(1);
        volatile boolean well;

        @Override
        public void handleError(ChannelException problem, UniqueId id) {
            done.countDown();
        }

        @Override
        public void handleCompletion(UniqueId id) {
            well = true;
            done.countDown();
        }
    }
}
