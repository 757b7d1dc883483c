package hookserver;

import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;

/** For what is to be done when an asynchronous request is complete, which it is at last after a timeout or an error too. */
abstract class Completion implements AsyncListener {

    @Override
    public void onTimeout(AsyncEvent event) {
        // It ends by itself, or by the application: then it is complete.
    }

    @Override
    public void onError(AsyncEvent event) {
        // As with a timeout.
    }
}
