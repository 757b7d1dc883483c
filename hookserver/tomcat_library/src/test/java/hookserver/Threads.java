package hookserver;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Threads that a test runs at the same time. */
public final class Threads {

    /** What each of them does; they are numbered from 0. */
    public interface Work {
        void run(int thread) throws Exception;
    }

    private Threads() {
    }

    /** Fails when one of them fails, or still runs after 20 seconds. */
    public static void run(int count, Work work) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(count);
        List<Future<?>> results = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int thread = i;
            results.add(pool.submit(() -> {
                work.run(thread);
                return null;
            }));
        }
        pool.shutdown();
        for (Future<?> result : results) {
            result.get(20, TimeUnit.SECONDS);
        }
    }
}
