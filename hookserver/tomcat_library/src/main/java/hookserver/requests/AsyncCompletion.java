package hookserver.requests;

import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;

/** Acts when an asynchronous request is complete, which also follows each timeout and each error. */
public abstract class AsyncCompletion implements AsyncListener {

    @Override
    public void onTimeout(AsyncEvent event) {
        // The application or Tomcat completes the request afterwards.
    }

    @Override
    public void onError(AsyncEvent event) {
        // As after a timeout.
    }
}
