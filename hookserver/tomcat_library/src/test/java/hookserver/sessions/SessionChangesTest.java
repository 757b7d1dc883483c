package hookserver.sessions;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hookserver.CapturedLog;
import hookserver.Shop;
import hookserver.Shop.Cart;
import hookserver.sessions.StoredSession.Part;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SessionChangesTest {

    private final Map<String, Object> values = new HashMap<>();
    private final SessionChanges changes = new SessionChanges(values::get, new SessionLog());
    private StoredSession stored;

    @Test
    void attributeThatIsSetIsCollectedUntilItIsStored() throws IOException {
        set("a", 1);
        collect();
        assertFalse(changes.isEmpty());
        Map<String, Part> parts = collect();
        assertArrayEquals(StoredSession.serialize(1), parts.get("a").bytes);
        store(parts);
        assertTrue(changes.isEmpty());
        assertTrue(collect().isEmpty());
    }

    @Test
    void attributeThatIsSetAgainWhileItIsStoredIsCollectedAgain() throws IOException {
        set("a", 1);
        Map<String, Part> parts = collect();
        set("a", 2);
        store(parts);
        assertArrayEquals(StoredSession.serialize(2), collect().get("a").bytes);
    }

    @Test
    void attributeWithoutAValueToStoreIsCollectedWithoutBytesAndRemovedFromTheStore() {
        set("a", 1);
        store(collect());
        values.remove("a");
        changes.add("a", null);
        Map<String, Part> parts = collect();
        assertNull(parts.get("a").bytes);
        assertTrue(store(parts).isEmpty());
    }

    @Test
    void valueThatIsExposedAndChangedInPlaceIsCollected() throws IOException {
        Cart cart = storedCart("cart");
        assertTrue(changes.expose("cart", cart));
        assertTrue(collect().isEmpty());
        changes.expose("cart", cart);
        cart.add("tea");
        assertArrayEquals(StoredSession.serialize(cart), collect().get("cart").bytes);
    }

    @Test
    void valueThatCannotChangeIsNotExposed() {
        for (Object value : Arrays.asList("text", 1, true, Shop.Delivery.POST, java.time.LocalDate.MIN)) {
            assertFalse(changes.expose("a", value), value.toString());
        }
        assertFalse(changes.expose("a", null));
        assertTrue(changes.expose("a", new StringBuilder()));
    }

    @Test
    void valueThatIsNotExposedIsNotSerializedUnlessAllAreCollected() {
        AtomicInteger calls = new AtomicInteger();
        Cart cart = storedCart("cart");
        set("probe", new Shop.Probe(calls::incrementAndGet));
        store(collect());
        calls.set(0);
        cart.add("tea");
        assertTrue(collect().isEmpty());
        assertEquals(0, calls.get());
        assertEquals(Collections.singleton("cart"), changes.collectAll().keySet());
        assertEquals(1, calls.get());
    }

    @Test
    void allAreComparedIfAnExposedOneHasChanged() {
        Cart cart = storedCart("cart");
        set("list", new ArrayList<>(Collections.singleton(cart)));
        store(collect());
        changes.expose("list", values.get("list"));
        cart.add("tea");
        assertEquals(names("cart", "list"), collect().keySet());
    }

    @Test
    void valueStaysExposedUntilTheLastRequestIsDone() {
        Cart cart = storedCart("cart");
        changes.beginRequest();
        changes.expose("cart", cart);
        changes.beginRequest();
        assertTrue(changes.collect(true).isEmpty());
        changes.endRequest();
        cart.add("tea");
        Map<String, Part> parts = changes.collect(true);
        assertEquals(names("cart"), parts.keySet());
        changes.endRequest();
        assertFalse(changes.isInRequest());
        store(parts);
        cart.add("milk");
        assertTrue(collect().isEmpty());
    }

    @Test
    void changeInPlaceThatCouldNotBeStoredIsCollectedAgain() {
        Cart cart = storedCart("cart");
        changes.expose("cart", cart);
        cart.add("tea");
        assertEquals(names("cart"), collect().keySet());
        assertEquals(names("cart"), collect().keySet());
    }

    @Test
    void valueThatIsNotSerializableIsReportedAndNotTriedAgain() {
        try (CapturedLog log = new CapturedLog(SharedSessionManager.class)) {
            set("odd", new Object());
            Map<String, Part> parts = collect();
            assertNull(parts.get("odd").bytes);
            store(parts);
            assertTrue(changes.isEmpty());
            assertTrue(log.messages().get(0).contains("\"odd\" of java.lang.Object is in this replica's memory only"));
        }
    }

    @Test
    void valueWhoseCodeFailsIsReportedAndTriedAgain() {
        boolean[] isBroken = {true};
        try (CapturedLog log = new CapturedLog(SharedSessionManager.class)) {
            set("probe", new Shop.Probe(() -> {
                if (isBroken[0]) {
                    throw new IllegalStateException("broken");
                }
            }));
            assertTrue(collect().isEmpty());
            assertTrue(log.messages().get(0).contains("broken"), log.messages().toString());
            isBroken[0] = false;
            assertNotNull(collect().get("probe").bytes);
        }
    }

    @Test
    void olderValueIsNotWrittenOverALaterOne() throws IOException {
        set("a", "old");
        Map<String, Part> old = collect();
        set("a", "new");
        store(collect());
        assertArrayEquals(StoredSession.serialize("new"), store(old).get("a"));
    }

    @Test
    void changesOfAnotherReplicaAreReadAndOnlyThese() {
        set("same", 1);
        set("removed", 1);
        set("other", 1);
        store(collect());
        StoredSession others = others("new", "other");
        others.parts.remove("removed");
        assertEquals(names("new", "other", "removed=null"), read(others));
        assertEquals(names(), read(others));
    }

    @Test
    void changesOfAnotherReplicaDoNotReplaceOnesOfThis() {
        storedCart("cart");
        set("collected", 1);
        set("set", 1);
        set("removed", 1);
        store(collect());
        changes.expose("cart", values.get("cart"));
        ((Cart) values.get("cart")).add("tea");
        set("collected", 2);
        collect();
        set("set", 2);
        changes.add("removed", null);
        StoredSession others = others("cart", "collected", "set");
        others.parts.remove("removed");
        assertEquals(names(), read(others));
    }

    @Test
    void valueOfAnotherReplicaIsNotTheOneThatWasExposed() {
        AtomicInteger calls = new AtomicInteger();
        set("probe", new Shop.Probe(calls::incrementAndGet));
        changes.expose("cart", storedCart("cart"));
        calls.set(0);
        read(others("cart"));
        values.put("cart", new Cart().add("tea"));
        assertTrue(collect().isEmpty());
        assertEquals(0, calls.get(), "it is taken for a change in place, and all are compared");
    }

    private void set(String name, Object value) {
        values.put(name, value);
        changes.add(name, value);
    }

    private Cart storedCart(String name) {
        Cart cart = new Cart();
        set(name, cart);
        store(collect());
        return cart;
    }

    /** As a request that has no other one beside it. */
    private Map<String, Part> collect() {
        changes.beginRequest();
        try {
            return changes.collect(true);
        } finally {
            changes.endRequest();
        }
    }

    /** The bytes of the next version. */
    private Map<String, byte[]> store(Map<String, Part> parts) {
        stored = new StoredSession("id", stored);
        changes.write(parts, stored);
        changes.remove(parts, stored);
        Map<String, byte[]> bytes = new HashMap<>();
        stored.parts.forEach((name, part) -> bytes.put(name, part.bytes));
        return bytes;
    }

    /** Another replica's version, in which it has changed these. */
    private StoredSession others(String... changed) {
        StoredSession others = new StoredSession("id", stored);
        for (String name : changed) {
            others.parts.put(name, new Part(others.counter, new byte[0], 0, 0));
        }
        return others;
    }

    private Set<String> read(StoredSession others) {
        List<String> set = new ArrayList<>();
        changes.read(others, (name, part) -> set.add(part == null ? name + "=null" : name));
        return new HashSet<>(set);
    }

    private static Set<String> names(String... names) {
        return new HashSet<>(Arrays.asList(names));
    }
}
