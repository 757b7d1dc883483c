package hookserver.sessions;

import static hookserver.sessions.Replicas.find;
import static hookserver.sessions.Replicas.forget;
import static hookserver.sessions.Replicas.get;
import static hookserver.sessions.Replicas.manager;
import static hookserver.sessions.Replicas.request;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hookserver.CapturedLog;
import hookserver.EmbeddedTomcat;
import hookserver.Shop;
import hookserver.Shop.Cart;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.ConcurrentModificationException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.catalina.core.StandardContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedSessionTest {

    private static final long HOUR = 3_600_000;

    @TempDir
    Path root;
    private Replicas replicas;
    private EmbeddedTomcat first;
    private EmbeddedTomcat second;
    private CapturedLog log;

    @BeforeEach
    void startReplicas() throws Exception {
        log = new CapturedLog(SharedSessionManager.class);
        replicas = new Replicas(root).start();
        first = replicas.first;
        second = replicas.second;
    }

    @AfterEach
    void stopReplicas() throws Exception {
        replicas.close();
        log.close();
        Shop.Coupon.IS_KNOWN.set(true);
    }

    @Test
    void changesOfOneReplicaAreSeenByTheOther() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", 1));
        assertEquals(1, get(second, id, "a"));
        request(second, id, session -> session.setAttribute("a", 2));
        assertEquals(2, get(first, id, "a"));
        request(first, id, session -> session.removeAttribute("a"));
        request(second, id, session -> assertFalse(session.getAttributeNames().hasMoreElements()));
        request(second, id, session -> assertFalse(session.isNew()));
        assertEquals(find(first, id).getCreationTime(), find(second, id).getCreationTime());
        assertEquals(Collections.singletonList("created"), replicas.events);
    }

    @Test
    void changesAtTheSameTimeAreMergedByAttribute() throws IOException {
        String id = replicas.create(session -> {
            session.setAttribute("removed", 1);
            session.setAttribute("both", 0);
        });
        request(first, id, here -> request(second, id, there -> {
            here.setAttribute("here", 1);
            here.removeAttribute("removed");
            here.setAttribute("both", 1);
            there.setAttribute("there", 1);
            there.setAttribute("both", 2);
        }));
        for (EmbeddedTomcat replica : Arrays.asList(first, second)) {
            assertEquals(1, get(replica, id, "here"));
            assertEquals(1, get(replica, id, "there"));
            assertEquals(1, get(replica, id, "both")); // the first replica stored it last
            assertNull(get(replica, id, "removed"));
        }
        assertTrue(replicas.stored(id).parts.keySet().containsAll(Arrays.asList("here", "there", "both")));
    }

    @Test
    void whatIsNotStoredYetIsNotReplacedByAnOlderValueOfAnotherReplica() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", 0));
        request(first, id, here -> {
            here.setAttribute("a", 1);
            request(second, id, there -> there.setAttribute("a", 2));
            assertEquals(1, get(first, id, "a"));
        });
        assertEquals(1, get(second, id, "a"));
    }

    @Test
    void changeInPlaceIsStoredByTheReplicaThatMadeItAndByTheOther() throws IOException {
        String id = replicas.create(session -> session.setAttribute("cart", new Cart().add("tea")));
        request(first, id, session -> ((Cart) session.getAttribute("cart")).add("milk"));
        assertEquals("[tea, milk]", get(second, id, "cart").toString());
        request(second, id, session -> ((Cart) session.getAttribute("cart")).add("honey"));
        assertEquals("[tea, milk, honey]", get(first, id, "cart").toString());
    }

    @Test
    void changeInPlaceIsSeenWhileAnotherRequestOfTheSessionRuns() throws IOException {
        String id = replicas.create(session -> session.setAttribute("cart", new Cart()));
        request(first, id, slow -> {
            Cart cart = (Cart) slow.getAttribute("cart");
            request(first, id, quick -> { });
            cart.add("tea");
        });
        assertEquals("[tea]", get(second, id, "cart").toString());
    }

    @Test
    void changeInPlaceIsSeenThoughTheSessionIsSavedInTheBackgroundMeanwhile() throws IOException {
        String id = replicas.create(session -> session.setAttribute("cart", new Cart().add("tea")));
        request(second, id, session -> {
            manager(second).saveLater(find(second, id));
            manager(second).backgroundProcess();
            ((Cart) session.getAttribute("cart")).add("milk");
        });
        assertEquals("[tea, milk]", get(first, id, "cart").toString());
    }

    @Test
    void valueThatIsSetAndChangedAfterItWasStoredIsStoredAgain() throws IOException {
        String id = replicas.create(session -> { });
        request(first, id, session -> {
            Cart cart = new Cart();
            session.setAttribute("cart", cart);
            find(first, id).save(false);
            cart.add("tea");
        });
        assertEquals("[tea]", get(second, id, "cart").toString());
    }

    @Test
    void pageThatOnlyReadsStoresNothing() throws IOException {
        Map<Object, Object> map = new HashMap<>();
        for (int i = 0; i < 50; i++) {
            map.put("key" + i, new Cart());
        }
        String id = replicas.create(session -> session.setAttribute("map", map));
        for (int i = 0; i < 3; i++) {
            assertEquals(50, ((Map<?, ?>) get(first, id, "map")).size());
            assertEquals(50, ((Map<?, ?>) get(second, id, "map")).size());
        }
        assertEquals(1, replicas.stored(id).counter);
    }

    @Test
    void removalOfAnAttributeThatIsNotThereStoresNothing() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", 1));
        request(first, id, session -> session.removeAttribute("message"));
        assertEquals(1, replicas.stored(id).counter);
        request(first, id, session -> session.removeAttribute("a"));
        request(first, id, session -> session.removeAttribute("a"));
        assertEquals(2, replicas.stored(id).counter);
    }

    @Test
    void changesInPlaceAreSoughtOnlyWhereAPageReadTheSession() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        String id = replicas.create(session -> session.setAttribute("probe", new Shop.Probe(calls::incrementAndGet)));
        calls.set(0);
        request(first, id, session -> session.getAttribute("probe"));
        assertEquals(1, calls.get());
        request(first, id, session -> { });
        assertEquals(1, calls.get());
    }

    @Test
    void onlyThatWhichChangedIsSerialized() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        String id = replicas.create(session -> session.setAttribute("probe", new Shop.Probe(calls::incrementAndGet)));
        calls.set(0);
        request(first, id, session -> session.setAttribute("a", 1));
        assertEquals(0, calls.get());
        assertEquals("probe", get(second, id, "probe"));
    }

    @Test
    void attributeThatIsNotSerializableStaysInMemoryAndTheOthersAreStored() throws IOException {
        first.context().setDistributable(true);
        String id = replicas.create(session -> {
            session.setAttribute("odd", new Object());
            session.setAttribute("nested", new Object[] {new Thread()});
            session.setAttribute("a", 1);
        });
        assertNotNull(get(first, id, "odd"));
        assertNotNull(get(first, id, "nested"));
        assertNull(get(second, id, "odd"));
        assertNull(get(second, id, "nested"));
        request(second, id, session -> session.setAttribute("a", 2));
        assertEquals(2, get(first, id, "a"));
        assertNotNull(get(first, id, "odd"), "another replica's change removes it");
        assertEquals(2, log.messages().size());
        assertTrue(log.messages().toString().contains("\"odd\" of java.lang.Object is in this replica's memory only"));
    }

    @Test
    void storedValueIsRemovedWhenOneThatIsNotSerializableReplacesIt() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", 1));
        request(first, id, session -> session.setAttribute("a", new Object()));
        assertNull(get(second, id, "a"));
        request(first, id, session -> session.setAttribute("a", 2));
        assertEquals(2, get(second, id, "a"));
    }

    @Test
    void attributeThatAnotherThreadChangesIsSerializedAgain() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        String id = replicas.create(session -> session.setAttribute("probe", failing(calls, 1)));
        assertEquals("probe", get(second, id, "probe"));
        assertEquals(Collections.emptyList(), log.messages());
    }

    @Test
    void attributeThatFailedIsStoredByTheNextRequest() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        String id = replicas.create(session -> session.setAttribute("probe", failing(calls, 4)));
        assertNull(get(second, id, "probe"));
        request(first, id, session -> { });
        assertEquals("probe", get(second, id, "probe"));
    }

    private static Shop.Probe failing(AtomicInteger calls, int times) {
        return new Shop.Probe(() -> {
            if (calls.incrementAndGet() <= times) {
                throw new ConcurrentModificationException();
            }
        });
    }

    @Test
    void valueThatIsSetWhileAnOlderOneIsSerializedIsStored() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", new Shop.Probe(once(() -> session.setAttribute("a", "new")))));
        request(first, id, session -> { });
        assertEquals("new", get(second, id, "a"));
    }

    @Test
    void olderValueIsNotStoredOverALaterOne() throws IOException {
        String id = replicas.create(session -> session.setAttribute("b", 1));
        SharedSession own = find(first, id);
        request(own, session -> session.setAttribute("a", new Shop.Probe(once(() -> {
            session.setAttribute("a", "new");
            own.save(false);
        }))));
        assertEquals("new", get(second, id, "a"));
        assertEquals("new", get(first, id, "a"));
    }

    @Test
    void valueThatIsBeingStoredIsNotReplacedByThatOfAnotherReplica() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", "old"));
        request(first, id, here -> here.setAttribute("a", new Shop.Probe(once(() -> storeElsewhereAndRefresh(id)))));
        assertEquals("probe", get(second, id, "a"));
        assertEquals(Shop.Probe.class, get(first, id, "a").getClass());
    }

    @Test
    void valueWhoseListenersRunIsNotReplacedByThatOfAnotherReplica() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", "old"));
        ((StandardContext) first.context()).addApplicationEventListener(new HttpSessionAttributeListener() {
            @Override
            public void attributeReplaced(HttpSessionBindingEvent event) {
                storeElsewhereAndRefresh(id);
            }

            @Override
            public void attributeAdded(HttpSessionBindingEvent event) {
                // Tomcat 8.5 has no default method.
            }

            @Override
            public void attributeRemoved(HttpSessionBindingEvent event) {
                storeElsewhereAndRefresh(id);
            }
        });
        request(first, id, here -> here.setAttribute("a", "new"));
        assertEquals("new", get(second, id, "a"));
        request(first, id, here -> here.removeAttribute("a"));
        assertNull(get(second, id, "a"));
    }

    private void storeElsewhereAndRefresh(String id) {
        try {
            request(second, id, there -> there.setAttribute("a", "other"));
            find(first, id);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Runnable once(Runnable action) {
        AtomicInteger calls = new AtomicInteger();
        return () -> {
            if (calls.getAndIncrement() == 0) {
                action.run();
            }
        };
    }

    @Test
    void attributeThatThisReleaseCannotReadIsHiddenAndItsBytesKept() throws IOException {
        String id = replicas.create(session -> session.setAttribute("coupon", new Shop.Coupon()));
        Shop.Coupon.IS_KNOWN.set(false);
        request(second, id, session -> {
            assertNull(session.getAttribute("coupon"));
            assertFalse(session.getAttributeNames().hasMoreElements());
            session.setAttribute("a", 1);
        });
        assertTrue(log.messages().get(0).contains("\"coupon\" is hidden"), log.messages().toString());
        Shop.Coupon.IS_KNOWN.set(true);
        forget(first, id);
        assertEquals("coupon", get(first, id, "coupon").toString());
        assertEquals(1, get(first, id, "a"));
    }

    @Test
    void hiddenAttributeIsReplacedByOneThatThisReleaseSets() throws IOException {
        String id = replicas.create(session -> session.setAttribute("coupon", new Shop.Coupon()));
        Shop.Coupon.IS_KNOWN.set(false);
        request(second, id, session -> session.setAttribute("coupon", "new"));
        assertEquals("new", get(first, id, "coupon"));
    }

    @Test
    void requestIsServedFromMemoryAndStoredLaterWhileTheStoreFails() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", 1));
        replicas.breakStore();
        request(first, id, session -> session.setAttribute("a", 2));
        assertEquals(2, get(first, id, "a"));
        assertTrue(log.messages().toString().contains("in this replica's memory only until they can be stored"));
        manager(first).backgroundProcess();
        replicas.repairStore();
        assertEquals(1, get(second, id, "a"));
        manager(first).backgroundProcess();
        assertEquals(2, get(second, id, "a"));
    }

    @Test
    void changeOutsideOfARequestIsStoredInTheBackground() throws IOException {
        String id = replicas.create(session -> session.setAttribute("cart", new Cart()));
        find(first, id).getSession().setAttribute("a", 1);
        ((Cart) find(first, id).getSession().getAttribute("cart")).add("tea");
        manager(first).backgroundProcess();
        assertEquals(1, get(second, id, "a"));
        assertEquals("[tea]", get(second, id, "cart").toString());
        find(first, id).getSession().removeAttribute("a");
        manager(first).backgroundProcess();
        assertNull(get(second, id, "a"));
    }

    @Test
    void attributeThatTheFilterExcludesIsNotStored() throws IOException {
        manager(first).setSessionAttributeNameFilter("cart|user");
        String id = replicas.create(session -> {
            session.setAttribute("cart", 1);
            session.setAttribute("cache", 2);
        });
        assertEquals(1, get(second, id, "cart"));
        assertNull(get(second, id, "cache"));
        assertEquals(2, get(first, id, "cache"));
    }

    @Test
    void loginAndIntervalAreShared() throws Exception {
        String id = replicas.create(session -> session.setMaxInactiveInterval(77));
        SharedSession here = find(first, id);
        here.setPrincipal(AttributeInputTest.principal());
        here.setAuthType("FORM");
        here.setNote("org.apache.catalina.authenticator.REQUEST", "/pay");
        here.setNote("other", "x");
        request(here, session -> { });
        SharedSession there = find(second, id);
        assertEquals(Arrays.asList("anna", "FORM", "/pay", 77), Arrays.asList(there.getPrincipal().getName(), there.getAuthType(),
                there.getNote("org.apache.catalina.authenticator.REQUEST"), there.getMaxInactiveInterval()));
        assertNull(there.getNote("other"));
        there.removeNote("org.apache.catalina.authenticator.REQUEST");
        request(there, session -> { });
        assertNull(find(first, id).getNote("org.apache.catalina.authenticator.REQUEST"));
        request(first, id, session -> { });
        assertEquals(3, replicas.stored(id).counter, "what another replica changed is stored again");
    }

    @Test
    void timeOfTheLastAccessIsStoredInSteps() throws IOException {
        String id = replicas.create(session -> { });
        request(first, id, session -> { });
        StoredSession stored = replicas.stored(id);
        assertEquals(1, stored.counter);
        assertEquals(stored.accessTime + 5_000 + 1_800_000, stored.expiryTime);
    }

    @Test
    void accessAfterSomeSecondsIsStoredAtTheEndOfItsRequest() throws IOException {
        SharedSession session = lastUsedBefore(6_000);
        request(session, facade -> assertEquals(1, replicas.stored(session.getIdInternal()).counter));
        assertEquals(2, replicas.stored(session.getIdInternal()).counter);
    }

    @Test
    void accessAfterHalfOfTheTimeoutIsStoredWhenItsRequestBegins() throws IOException {
        SharedSession session = lastUsedBefore(HOUR / 3);
        request(session, facade -> assertEquals(2, replicas.stored(session.getIdInternal()).counter));
        assertEquals(2, replicas.stored(session.getIdInternal()).counter);
    }

    private SharedSession lastUsedBefore(long milliseconds) throws IOException {
        SharedSession session = (SharedSession) manager(first).createSession(null);
        session.setAttribute("cart", 1);
        session.setCreationTime(System.currentTimeMillis() - milliseconds);
        session.save(true);
        return session;
    }

    @Test
    void sessionThatNeverExpiresIsKept() throws IOException {
        String id = replicas.create(session -> session.setMaxInactiveInterval(0));
        assertTrue(replicas.stored(id).expiryTime > System.currentTimeMillis() + 10_000 * HOUR);
    }

    @Test
    void invalidationReachesAllReplicasAndTheListenersOnce() throws IOException {
        String id = replicas.create(session -> session.setAttribute("cart", 1));
        request(second, id, there -> {
            request(first, id, here -> here.invalidate());
            assertNull(find(first, id));
            there.setAttribute("late", 1);
        });
        assertNull(find(second, id));
        assertNull(find(first, id));
        assertNull(replicas.stored(id));
        assertEquals(Arrays.asList("created", "destroyed with 1"), replicas.events);
    }

    @Test
    void invalidationAtBothReplicasAtOnceCallsTheListenersOnce() throws IOException {
        String id = replicas.create(session -> session.setAttribute("cart", 1));
        request(first, id, here -> request(second, id, there -> {
            here.invalidate();
            there.invalidate();
        }));
        assertEquals(Arrays.asList("created", "destroyed with 1"), replicas.events);
    }

    @Test
    void invalidatedSessionIsNotFoundAgainThoughTheStoreFailed() throws IOException {
        String id = replicas.create(session -> session.setAttribute("cart", 1));
        replicas.invalidateUnstored(id);
        assertNull(find(first, id));
        manager(first).backgroundProcess();
        assertNull(replicas.stored(id));
        assertEquals(Arrays.asList("created", "destroyed with 1"), replicas.events);
    }

    @Test
    void sessionThatWasNeverStoredCallsItsListenersToo() throws IOException {
        replicas.create(session -> session.invalidate());
        assertEquals(Arrays.asList("created", "destroyed with null"), replicas.events);
    }

    @Test
    void visitorOfAnotherReplicaKeepsTheSessionAlive() throws IOException {
        String id = expired();
        SharedSession here = find(first, id);
        request(second, id, session -> { });
        assertTrue(here.isValid());
        assertEquals(1, get(first, id, "cart"));
    }

    @Test
    void sessionWhoseLastAccessMayNotBeStoredYetIsNotEnded() throws IOException {
        assertTrue(lastUsedBefore(HOUR / 2 + 1_000).isValid());
    }

    @Test
    void expiredSessionEndsOnceForAll() throws IOException {
        String id = expired();
        assertFalse(find(first, id).isValid());
        manager(second).processExpires();
        assertNull(replicas.stored(id));
        assertNull(find(second, id));
        assertEquals(Arrays.asList("created", "destroyed with 1"), replicas.events);
    }

    private String expired() throws IOException {
        return lastUsedBefore(HOUR).getIdInternal();
    }

    @Test
    void newIdKeepsTheSessionAndLeavesNoWayBack() throws IOException {
        String id = replicas.create(session -> session.setAttribute("cart", 1));
        String newId = id + "2";
        request(second, id, late -> {
            request(first, id, session -> {
                session.setAttribute("a", 1);
                manager(first).changeSessionId(find(first, id), newId);
                session.setAttribute("b", 1);
            });
            late.setAttribute("late", 1);
        });
        assertNull(find(first, id));
        assertNull(find(second, id));
        for (String name : Arrays.asList("cart", "a", "b")) {
            assertEquals(1, get(second, newId, name), name);
        }
        try (Stream<Path> files = Files.list(replicas.folder())) {
            assertEquals(2, files.count()); // with that of the locks
        }
        assertEquals(Collections.singletonList("created"), replicas.events);
    }

    @Test
    void newIdBringsWhatAnotherReplicaChangedMeanwhile() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", 1));
        SharedSession here = find(first, id);
        request(second, id, there -> there.setAttribute("a", 2));
        request(here, session -> {
            manager(first).changeSessionId(here, "new");
            assertEquals(2, session.getAttribute("a"));
        });
    }

    /** Had the replica died in between, the visitor would still find the session by the old id. */
    @Test
    void newIdBringsWhatAnotherReplicaStoresWhileTheSessionIsCopied() throws IOException {
        String id = replicas.create(session -> session.setAttribute("cart", 1));
        String newId = id.hashCode() % 2 == 0 ? "a" : "b"; // one with another lock: their parities differ
        SharedSession here = find(first, id);
        request(second, id, there -> there.setAttribute("trap", new Shop.Trap()));
        Shop.Trap.CALLBACK.set(() -> storeElsewhereAndRefresh(id));
        request(here, session -> manager(first).changeSessionId(here, newId));
        assertNull(Shop.Trap.CALLBACK.get());
        for (EmbeddedTomcat replica : Arrays.asList(first, second)) {
            assertEquals("other", get(replica, newId, "a"));
            assertEquals(1, get(replica, newId, "cart"));
        }
        assertNull(replicas.stored(id));
    }

    @Test
    void newIdOfASessionThatWasNeverStoredIsStored() throws IOException {
        SharedSession created = (SharedSession) manager(first).createSession(null);
        request(created, session -> {
            session.setAttribute("cart", 1);
            manager(first).changeSessionId(created, "new");
        });
        assertEquals(1, get(second, "new", "cart"));
    }

    @Test
    void newIdDoesNotBringBackASessionThatEndedElsewhere() throws IOException {
        String id = replicas.create(session -> session.setAttribute("cart", 1));
        SharedSession here = find(first, id);
        request(second, id, there -> there.invalidate());
        request(here, session -> {
            manager(first).changeSessionId(here, "new");
            assertThrows(IllegalStateException.class, () -> session.setAttribute("a", 1));
        });
        assertNull(replicas.stored("new"));
    }

    @Test
    void newIdIsStoredLaterWhileTheStoreFails() throws IOException {
        String id = replicas.create(session -> session.setAttribute("cart", 1));
        replicas.breakStore();
        request(first, id, session -> manager(first).changeSessionId(find(first, id), "new"));
        replicas.repairStore();
        assertNull(find(first, id));
        manager(first).backgroundProcess();
        assertEquals(1, get(second, "new", "cart"));
        assertNull(replicas.stored(id));
    }

    @Test
    void activationListenerIsCalledWhenItsValueIsRead() throws IOException {
        String id = replicas.create(session -> session.setAttribute("a", new Shop.Activated()));
        assertEquals("active", get(second, id, "a").toString());
    }
}
