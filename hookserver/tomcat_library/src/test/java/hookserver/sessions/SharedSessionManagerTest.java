package hookserver.sessions;

import static hookserver.sessions.Replicas.find;
import static hookserver.sessions.Replicas.forget;
import static hookserver.sessions.Replicas.get;
import static hookserver.sessions.Replicas.manager;
import static hookserver.sessions.Replicas.request;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hookserver.CapturedLog;
import hookserver.EmbeddedTomcat;
import hookserver.Shop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedSessionManagerTest {

    @TempDir
    Path root;
    private Replicas replicas;
    private EmbeddedTomcat first;
    private EmbeddedTomcat second;
    private CapturedLog log;

    @BeforeEach
    void startReplicas() throws Exception {
        log = new CapturedLog(SharedSessionManager.class);
        System.setProperty("hookserver.sessions_max", "100000");
        replicas = new Replicas(root).start();
        first = replicas.first;
        second = replicas.second;
    }

    @AfterEach
    void stopReplicas() throws Exception {
        replicas.close();
        System.clearProperty("hookserver.sessions_max");
        log.close();
    }

    @Test
    void sessionIsFoundByItsIdAlone() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", 1));
        assertSame(find(first, id), find(first, id));
        assertSame(find(second, id), find(second, id));
        assertNull(find(first, null));
        assertNull(find(first, "other"));
    }

    @Test
    void sessionOfADeadReplicaIsFoundAfterARestart() throws Exception {
        String id = replicas.create(session -> session.setAttribute("a", 1));
        restart(first);
        assertNotNull(find(first, id));
        restart(second);
        assertEquals(1, get(second, id, "a"));
        assertEquals(Collections.singletonList("created"), replicas.events);
    }

    @Test
    void applicationsFolderIsItsOwnAndNotOfOthers() throws IOException {
        replicas.create(session -> session.setAttribute("a", 1));
        try (Stream<Path> files = Files.list(root)) {
            assertEquals(1, files.count());
        }
        assertTrue(Files.isDirectory(root.resolve("localhost/ROOT")));
    }

    @Test
    void sessionThatCannotBeReadIsReportedAndTheVisitorGetsANewOne() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", 1));
        truncate();
        assertNull(find(second, id));
        assertTrue(log.messages().get(0).startsWith("[hookserver] a stored session cannot be read: "), log.messages().toString());
        assertEquals(1, get(first, id, "a"), "the replica that has it in memory");
    }

    private void truncate() throws IOException {
        try (Stream<Path> files = Files.list(replicas.folder())) {
            for (Path file : files.filter(path -> !path.endsWith("lock")).toArray(Path[]::new)) {
                Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 100));
            }
        }
    }

    @Test
    void sessionsMaxOfTheSystemPropertyIsObserved() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", new byte[200_000]));
        assertNull(find(second, id));
        assertEquals(200_000, ((byte[]) get(first, id, "a")).length);
        assertTrue(log.messages().get(0).contains("release.sessions_max"), log.messages().toString());
    }

    @Test
    void newIdForWhichTheStoreHasNoRoomKeepsWhatThisReleaseCannotRead() throws IOException {
        String id = replicas.create(session -> session.setAttribute("coupon", new Shop.Coupon()));
        forget(first, id);
        for (int i = 1; i < 12; i++) { // 100,000 bytes have room for twelve sessions
            replicas.create(session -> session.setAttribute("a", 1));
        }
        Shop.Coupon.IS_KNOWN.set(false);
        request(first, id, session -> {
            manager(first).changeSessionId(find(first, id), "new");
            session.setAttribute("a", 1);
        });
        assertTrue(log.messages().toString().contains("release.sessions_max"), log.messages().toString());
        manager(first).backgroundProcess();
        Shop.Coupon.IS_KNOWN.set(true);
        assertEquals("coupon", get(second, "new", "coupon").toString());
        assertEquals(1, get(second, "new", "a"));
    }

    @Test
    void sessionThatIsNotRemovedYetGivesItsIdToNoOther() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", 1));
        replicas.invalidateUnstored(id);
        assertNotEquals(id, manager(first).createSession(id).getId());
    }

    @Test
    void replicaWithoutVisitorsForgetsWhatEndedElsewhere() throws Exception {
        String id = replicas.create(session -> session.setAttribute("a", 1));
        find(second, id);
        request(first, id, session -> session.invalidate());
        manager(second).processExpires();
        assertEquals(0, manager(second).findSessions().length);
    }

    @Test
    void unsavedChangesAreStoredWhenTheReplicaStops() throws Exception {
        String id = replicas.create(session -> session.setAttribute("a", 1));
        find(first, id).getSession().setAttribute("a", 2);
        assertEquals(1, get(second, id, "a"));
        restart(first);
        assertEquals(2, get(second, id, "a"));
    }

    @Test
    void changesThatFailEachTimeAreTriedOnceInTheBackground() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        for (int i = 0; i < 50; i++) {
            replicas.create(session -> session.setAttribute("probe", new Shop.Probe(() -> {
                calls.incrementAndGet();
                throw new IllegalStateException();
            })));
        }
        calls.set(0);
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> manager(first).backgroundProcess());
        assertTrue(calls.get() >= 50 && calls.get() <= 200, calls + " calls");
    }

    @Test
    void sessionThatNoReplicaHasInMemoryExpiresOnceForAll() throws Exception {
        String id = expired();
        forget(first, id);
        request(second, replicas.create(session -> { }), session -> { });
        manager(second).processExpires();
        manager(first).processExpires();
        assertNull(replicas.stored(id));
        assertEquals(Arrays.asList("created", "created", "destroyed with 1"), replicas.events);
    }

    @Test
    void replicaWithoutVisitorsLeavesExpiryToTheOthers() throws Exception {
        String id = expired();
        find(second, id);
        manager(second).processExpires();
        assertNotNull(replicas.stored(id));
    }

    @Test
    void replicaWithoutVisitorsExpiresWhatNoOtherOneDid() throws Exception {
        SharedSession session = (SharedSession) manager(first).createSession(null);
        session.setCreationTime(System.currentTimeMillis() - TimeUnit.DAYS.toMillis(1));
        session.save(true);
        manager(second).processExpires();
        assertNull(replicas.stored(session.getIdInternal()));
    }

    /** It expired a minute ago. */
    private String expired() throws IOException {
        SharedSession session = (SharedSession) manager(first).createSession(null);
        session.setAttribute("cart", 1);
        session.setCreationTime(System.currentTimeMillis() - TimeUnit.MINUTES.toMillis(31));
        session.save(true);
        return session.getIdInternal();
    }

    @Test
    void hostGetsOneValveForAllApplications() throws Exception {
        restart(first);
        long valves = Arrays.stream(first.context().getParent().getPipeline().getValves()).filter(SessionValve.class::isInstance).count();
        assertEquals(1, valves);
    }

    private static void restart(EmbeddedTomcat replica) throws Exception {
        replica.context().stop();
        replica.context().start();
    }
}
