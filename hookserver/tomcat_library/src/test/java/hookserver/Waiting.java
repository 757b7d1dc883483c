package hookserver;

import java.util.concurrent.Callable;

/** The way in which tests wait. */
public final class Waiting {

    private static final long DEADLINE_NANOS = 20_000_000_000L;

    private Waiting() {
    }

    /** Waits until the condition is true; fails when it still is not after 20 seconds. */
    public static void until(Callable<Boolean> condition) throws Exception {
        long began = System.nanoTime();
        while (!condition.call()) {
            if (System.nanoTime() - began > DEADLINE_NANOS) {
                throw new AssertionError("the condition is still false");
            }
            Thread.sleep(20);
        }
    }
}
