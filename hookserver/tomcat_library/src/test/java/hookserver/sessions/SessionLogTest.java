package hookserver.sessions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hookserver.CapturedLog;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SessionLogTest {

    private final SessionLog log = new SessionLog();
    private final CapturedLog captured = new CapturedLog(SharedSessionManager.class);

    @AfterEach
    void closeLog() {
        captured.close();
    }

    @Test
    void problemIsLoggedWithItsCause() {
        log.add("it is not stored", new IOException("the disk is full"));
        assertEquals(Collections.singletonList("[hookserver] it is not stored: java.io.IOException: the disk is full (once)"),
                captured.messages());
    }

    @Test
    void kindIsLoggedAtItsFirstTenthAndHundredthTime() {
        for (int i = 0; i < 999; i++) {
            log.add("problem", null);
        }
        assertEquals(Arrays.asList("[hookserver] problem: null (once)", "[hookserver] problem: null (10 times)",
                "[hookserver] problem: null (100 times)"), captured.messages());
    }

    @Test
    void kindsAreCountedApart() {
        log.add("one", null);
        log.add("other", null);
        log.add("other", new IOException());
        assertEquals(3, captured.messages().size());
    }

    @Test
    void messageIsOneLineOfLimitedLength() {
        log.add("problem", new IOException(String.join("\n", Collections.nCopies(1000, "text"))));
        assertFalse(captured.messages().get(0).contains("\n"));
        assertTrue(captured.messages().get(0).length() < 350);
    }

    @Test
    void kindsAreLimitedAndTheKnownOnesStillCounted() {
        for (int i = 0; i < 10_000; i++) {
            log.add("problem " + i, null);
            log.add("problem 0", null);
        }
        assertTrue(captured.messages().size() < 120, captured.messages().size() + " messages");
        assertTrue(captured.messages().contains("[hookserver] other problems with sessions (1000 times)"));
        assertTrue(captured.messages().contains("[hookserver] problem 0: null (10000 times)"));
    }
}
