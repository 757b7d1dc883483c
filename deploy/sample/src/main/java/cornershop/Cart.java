package cornershop;

import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serial;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a visitor wants to buy. It lives in the HTTP session and may move to another Tomcat, also to one that runs another
 * version of the shop: it holds ids and numbers only, and leaves out what is no longer sold.
 */
public final class Cart implements Serializable {

    public static final int MOST = 100_000;

    @Serial
    private static final long serialVersionUID = 1;

    private final LinkedHashMap<String, Integer> quantities = new LinkedHashMap<>();

    /** One product in the cart. */
    public record Line(Product product, int quantity) {

        public Price price() {
            return product.price().times(quantity);
        }
    }

    public synchronized void add(Product product, int quantity) {
        set(product, quantities.getOrDefault(product.id(), 0) + bounded(quantity));
    }

    /** A quantity of nothing removes the product. */
    public synchronized void set(Product product, int quantity) {
        if (bounded(quantity) == 0) {
            quantities.remove(product.id());
        } else {
            quantities.put(product.id(), bounded(quantity));
        }
    }

    public synchronized void clear() {
        quantities.clear();
    }

    public synchronized List<Line> lines() {
        return quantities.entrySet().stream().flatMap(Cart::line).toList();
    }

    public int count() {
        return lines().stream().mapToInt(Line::quantity).sum();
    }

    public Price total() {
        return lines().stream().map(Line::price).reduce(Price.NOTHING, Price::plus);
    }

    private static Stream<Line> line(Map.Entry<String, Integer> entry) {
        return Catalogue.find(entry.getKey()).map(product -> new Line(product, entry.getValue())).stream();
    }

    private static int bounded(int quantity) {
        return Math.max(0, Math.min(quantity, MOST));
    }

    /** Another thread may be adding while the session is copied. */
    @Serial
    private synchronized void writeObject(ObjectOutputStream out) throws IOException {
        out.defaultWriteObject();
    }
}
