package hookserver;

import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.InvalidObjectException;
import java.io.Serializable;
import java.lang.reflect.InvocationHandler;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/** Classes of an application: those of the tests' own packages are hookserver's. */
public final class Shop {

    private Shop() {
    }

    /** A cart that changes in place. */
    public static final class Cart implements Serializable {

        private static final long serialVersionUID = 1;
        private final ArrayList<String> items = new ArrayList<>();

        public Cart add(String item) {
            items.add(item);
            return this;
        }

        public List<String> items() {
            return items;
        }

        @Override
        public String toString() {
            return items.toString();
        }
    }

    /** What only one release can read. */
    public static final class Coupon implements Serializable {

        private static final long serialVersionUID = 1;
        /** Whether the release that reads next is this one. */
        public static final AtomicBoolean IS_KNOWN = new AtomicBoolean(true);

        private Object readResolve() throws InvalidObjectException {
            if (!IS_KNOWN.get()) {
                throw new InvalidObjectException("a coupon is not known");
            }
            return this;
        }

        @Override
        public String toString() {
            return "coupon";
        }
    }

    /** Calls back whoever reads it first. */
    public static final class Trap implements Serializable {

        private static final long serialVersionUID = 1;
        public static final AtomicReference<Runnable> CALLBACK = new AtomicReference<>();

        private Object readResolve() {
            Runnable callback = CALLBACK.getAndSet(null);
            if (callback != null) {
                callback.run();
            }
            return this;
        }
    }

    /** What must know that it is in use. */
    public static final class Activated implements HttpSessionActivationListener, Serializable {

        private static final long serialVersionUID = 1;
        private transient boolean isActive;

        @Override
        public void sessionDidActivate(HttpSessionEvent event) {
            isActive = true;
        }

        @Override
        public void sessionWillPassivate(HttpSessionEvent event) {
            // Tomcat 8.5 has no default method.
        }

        @Override
        public String toString() {
            return isActive ? "active" : "passive";
        }
    }

    /** A kind of delivery. */
    public enum Delivery { POST, COURIER }

    /** Calls back whoever serializes it. */
    public static final class Probe implements Serializable {

        private static final long serialVersionUID = 1;
        private final transient Runnable callback;

        public Probe(Runnable callback) {
            this.callback = callback;
        }

        private Object writeReplace() {
            callback.run();
            return "probe";
        }
    }

    public static Comparator<String> byLength() {
        return (Comparator<String> & Serializable) (one, other) -> Integer.compare(one.length(), other.length());
    }

    public static InvocationHandler handler(String answer) {
        return (InvocationHandler & Serializable) (proxy, method, arguments) -> answer;
    }
}
