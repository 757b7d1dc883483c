package hookserver.sessions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import hookserver.Shop;
import hookserver.Shop.Cart;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FingerprintTest {

    @Test
    void equalValuesHaveTheSame() throws Exception {
        assertEquals(Fingerprint.of(new Cart().add("tea")), Fingerprint.of(new Cart().add("tea")));
    }

    @Test
    void eachChangeGivesAnother() throws Exception {
        Set<Long> seen = new HashSet<>();
        BitSet bits = new BitSet();
        for (int bit = 0; bit < 5000; bit++) {
            bits.flip(bit);
            seen.add(Fingerprint.of(bits));
        }
        assertEquals(5000, seen.size());
    }

    @Test
    void changeDeepInALargeValueGivesAnother() throws Exception {
        List<List<String>> value = IntStream.range(0, 1000).mapToObj(i -> new ArrayList<>(Arrays.asList("a" + i))).collect(Collectors.toList());
        long before = Fingerprint.of(value);
        value.get(999).set(0, "b999");
        assertNotEquals(before, Fingerprint.of(value));
    }

    @Test
    void valueOfAnotherClassHasAnother() throws Exception {
        assertNotEquals(Fingerprint.of(new ArrayList<>()), Fingerprint.of(new HashSet<>()));
        assertNotEquals(Fingerprint.of(new One()), Fingerprint.of(new Two()));
    }

    @Test
    void valueThatIsNotSerializableIsReportedAndLeavesTheNextOnesAsTheyWere() throws Exception {
        long before = Fingerprint.of(new Cart().add("tea"));
        assertThrows(NotSerializableException.class, () -> Fingerprint.of(new Object[] {"a", new Object()}));
        assertEquals(before, Fingerprint.of(new Cart().add("tea")));
    }

    @Test
    void valueWhoseCodeNeedsAnotherFingerprintHasItsOwn() throws Exception {
        long before = Fingerprint.of(new Shop.Probe(() -> { }));
        assertEquals(before, Fingerprint.of(new Shop.Probe(() -> {
            try {
                Fingerprint.of("another");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        })));
    }

    @Test
    void largeValueLeavesTheNextOnesAsTheyWere() throws Exception {
        long before = Fingerprint.of("tea");
        Fingerprint.of(String.join("", Collections.nCopies(100_000, "x")));
        assertEquals(before, Fingerprint.of("tea"));
    }

    private static final class One implements Serializable {
        private static final long serialVersionUID = 1;
    }

    private static final class Two implements Serializable {
        private static final long serialVersionUID = 1;
    }
}
