package cornershop.web;

import cornershop.Cart;
import cornershop.Release;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** {@code GET /api/cart}: the visit as machines see it. Without a session, {@code session} is null and the cart empty. */
@WebServlet("/api/cart")
public class CartApiServlet extends HttpServlet {

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        HttpSession session = request.getSession(false);
        Cart cart = Visit.cart(request);
        Release release = Release.CURRENT;
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("session", session == null ? null : session.getId());
        values.put("customer", Visit.customer(request));
        values.put("items", cart.lines().stream().map(CartApiServlet::item).toList());
        values.put("count", cart.count());
        values.put("total_cents", cart.total().cents());
        values.put("version", release.version());
        values.put("commit", release.commit());
        values.put("slot", release.slot());
        values.put("replica", release.replica());
        Answer.json(response, values);
    }

    private static Map<String, Object> item(Cart.Line line) {
        Map<String, Object> item = new LinkedHashMap<>();
        item.put("id", line.product().id());
        item.put("quantity", line.quantity());
        item.put("cents", line.price().cents());
        return item;
    }
}
