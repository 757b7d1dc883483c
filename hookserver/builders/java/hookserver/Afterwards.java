package hookserver;

import jakarta.servlet.AsyncEvent;
import jakarta.servlet.ServletException;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.ha.ClusterManager;
import org.apache.catalina.ha.tcp.ReplicationValve;

/** Sends a session's changes when its request is done, which an asynchronous one is only when it says so. */
final class Afterwards extends ReplicationValve {

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        super.invoke(request, response);
        if (request.isAsync() && request.getContext().getManager() instanceof Sessions) {
            request.getAsyncContextInternal().addListener(new Sender(request));
        }
    }

    private final class Sender extends Completion {

        private final Request request;

        Sender(Request request) {
            this.request = request;
        }

        @Override
        public void onComplete(AsyncEvent event) {
            sendSessionReplicationMessage(request, (ClusterManager) request.getContext().getManager());
        }

        @Override
        public void onStartAsync(AsyncEvent event) {
            // It began anew, in a request that comes through the valve again.
        }
    }
}
