package hookserver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.catalina.tribes.Channel;
import org.apache.catalina.tribes.ChannelException;
import org.apache.catalina.tribes.ChannelMessage;
import org.apache.catalina.tribes.Member;
import org.apache.catalina.tribes.group.ChannelInterceptorBase;
import org.apache.catalina.tribes.group.InterceptorPayload;
import org.apache.catalina.tribes.membership.StaticMember;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Who is there, of the replicas that may be: each says so itself, once it wants to be told of changes, and answers others.
 *
 * <p>Every question goes over a connection of its own in a thread of its own, so a peer that is gone holds up nothing.
 */
final class Peers extends ChannelInterceptorBase {

    private static final byte[] HELLO = "hookserver: are you there?".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] HERE = "hookserver: I am here".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NOT_YET = "hookserver: not yet".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] MISSED = "hookserver: you have missed something".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] GOODBYE = "hookserver: I am leaving".getBytes(StandardCharsets.US_ASCII);
    /** Seconds between questions to those who are there; those who are not are asked in every TENTH round. */
    private static final int ROUND = 1;
    private static final int TENTH = 10;
    /** Bytes of a thread's stack: what a request's thread has written needs more of it to be read. */
    private static final long STACK = 16 << 20;
    private static final Log LOG = LogFactory.getLog(Peers.class);

    private final Member own;
    private final Calls calls;
    private final Receiver receiver;
    private final Member[] all;
    private final Consumer<Member> missed;
    private final Set<Member> lost = new HashSet<>();
    private final Set<Member> owed = ConcurrentHashMap.newKeySet();
    private final Set<Member> answered = ConcurrentHashMap.newKeySet();
    private final ExecutorService asking = Executors.newCachedThreadPool(Peers::thread);
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(Peers::thread);
    private volatile Member[] present = new Member[0];
    private volatile boolean announced;
    private int rounds;

    Peers(String own, String[] others, int port, Consumer<Member> missed) throws IOException {
        this.own = member(own, port);
        calls = new Calls(this.own);
        receiver = new Receiver(own, port);
        this.missed = missed;
        all = new Member[others.length];
        for (int i = 0; i < others.length; i++) {
            all[i] = member(others[i], port);
        }
    }

    Receiver receiver() {
        return receiver;
    }

    /** Tells all who are there that we want to know of changes, and learns who of them has what we need. */
    void announce() throws InterruptedException {
        announced = true;
        answered.clear();
        Set<Member> asked = ConcurrentHashMap.newKeySet();
        inParallel(all, peer -> {
            if (calls.say(peer, HELLO)) {
                asked.add(peer);
            }
        });
        long deadline = System.nanoTime() + Calls.ANSWER * 1_000_000L;
        while (!answered.containsAll(asked) && System.nanoTime() < deadline) {
            Thread.sleep(5);
        }
    }

    /** Does it beside what comes in, which is taken by one thread, in order. */
    void beside(Runnable work) {
        asking.execute(work);
    }

    /** Whether some of those who may be there hang. */
    boolean areSilent() {
        return !calls.silent().isEmpty();
    }

    String tellSilent() {
        List<String> names = new ArrayList<>();
        calls.silent().forEach(peer -> names.add(peer.getName()));
        return "no other replica has given them" + (names.isEmpty() ? "" : "; " + String.join(", ", names) + " hangs");
    }

    /** Something for it was left out, since too much waits to be sent: it is fetched later. */
    void owe(Member peer) {
        if (owed.add(peer)) {
            LOG.warn("A peer is slow, and too much waits to be sent: some changes are left out, and fetched later");
        }
    }

    boolean has(Member peer) {
        return Arrays.asList(present).contains(peer);
    }

    @Override
    public void start(int services) throws ChannelException {
        getNext().start(services);
        clock.scheduleWithFixedDelay(this::round, ROUND, ROUND, TimeUnit.SECONDS);
    }

    @Override
    public void stop(int services) throws ChannelException {
        announced = false;
        clock.shutdownNow();
        inParallel(present, peer -> calls.say(peer, GOODBYE));
        asking.shutdownNow();
        getNext().stop(services);
    }

    @Override
    public void sendMessage(Member[] to, ChannelMessage message, InterceptorPayload payload) throws ChannelException {
        List<Member> there = new ArrayList<>(Arrays.asList(to));
        there.retainAll(Arrays.asList(present));
        if (there.isEmpty()) {
            throw new ChannelException("They are gone");
        }
        try {
            super.sendMessage(there.toArray(new Member[0]), message, payload);
        } catch (ChannelException problem) {
            for (ChannelException.FaultyMember faulty : problem.getFaultyMembers()) {
                leave(faulty.getMember(), true);
            }
            throw problem;
        }
    }

    @Override
    public void messageReceived(ChannelMessage message) {
        byte[] said = message.getMessage().getBytes();
        Member peer = getMember(message.getAddress());
        if (peer == null) {
            return;
        }
        if (Arrays.equals(said, HELLO)) {
            join(peer);
            beside(() -> calls.say(peer, announced ? HERE : NOT_YET));
        } else if (Arrays.equals(said, HERE)) {
            join(peer);
            answered.add(peer);
        } else if (Arrays.equals(said, NOT_YET)) {
            answered.add(peer);
        } else if (Arrays.equals(said, MISSED)) {
            beside(() -> missed.accept(peer));
        } else if (Arrays.equals(said, GOODBYE)) {
            leave(peer, false);
        } else {
            super.messageReceived(message);
        }
    }

    @Override
    public Member[] getMembers() {
        return present.clone();
    }

    @Override
    public boolean hasMembers() {
        return present.length > 0;
    }

    @Override
    public Member getMember(Member like) {
        for (Member peer : all) {
            if (peer.equals(like)) {
                return peer;
            }
        }
        return null;
    }

    @Override
    public Member getLocalMember(boolean aliveTime) {
        return own;
    }

    private void round() {
        try {
            if (announced) {
                rounds++;
                boolean isTenth = rounds % TENTH == 0;
                ask(isTenth ? all : present);
                if (isTenth) {
                    payBack();
                }
                if (receiver.beganAnew(calls.say(own, HELLO))) {
                    Arrays.asList(present).forEach(this::catchUp);
                }
            }
        } catch (Exception | Error e) {
            LOG.error("The peers could not be asked", e);
        }
    }

    private void payBack() {
        for (Member peer : owed.toArray(new Member[0])) {
            owed.remove(peer);
            if (has(peer)) {
                catchUp(peer);
            }
        }
    }

    private void ask(Member[] whom) {
        inParallel(whom, peer -> {
            if (!calls.say(peer, HELLO)) {
                leave(peer, true);
            }
        });
    }

    private void inParallel(Member[] whom, Consumer<Member> action) {
        List<Callable<Object>> questions = new ArrayList<>();
        for (Member peer : whom) {
            questions.add(Executors.callable(() -> action.accept(peer)));
        }
        try {
            asking.invokeAll(questions);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void join(Member peer) {
        boolean wasLost;
        synchronized (lost) {
            if (has(peer)) {
                return;
            }
            Member[] more = Arrays.copyOf(present, present.length + 1);
            more[present.length] = peer;
            present = more;
            wasLost = lost.remove(peer);
        }
        super.memberAdded(peer);
        if (wasLost && announced) {
            catchUp(peer);
        }
    }

    /** Each may have missed something of the other's. */
    private void catchUp(Member peer) {
        beside(() -> calls.say(peer, MISSED));
        clock.schedule(() -> beside(() -> missed.accept(peer)), ROUND, TimeUnit.SECONDS);
    }

    private void leave(Member peer, boolean isLost) {
        synchronized (lost) {
            if (!has(peer)) {
                return;
            }
            List<Member> fewer = new ArrayList<>(Arrays.asList(present));
            fewer.remove(peer);
            present = fewer.toArray(new Member[0]);
            if (isLost) {
                lost.add(peer);
            }
        }
        super.memberDisappeared(peer);
    }

    /** Two members with the same address are the same one. */
    private static Member member(String address, int port) throws IOException {
        StaticMember member = new StaticMember(address, port, 0);
        member.setUniqueId(Arrays.copyOf(member.getHost(), 16));
        return member;
    }

    /** It outlives an application that starts it, and must not hold that one's classes. */
    static Thread thread(Runnable work) {
        Thread thread = new Thread(null, work, "hookserver-peers", STACK);
        thread.setContextClassLoader(Peers.class.getClassLoader());
        thread.setDaemon(true);
        return thread;
    }
}
