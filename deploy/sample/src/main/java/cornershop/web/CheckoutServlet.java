package cornershop.web;

import cornershop.Cart;
import cornershop.Order;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** {@code GET /checkout}; {@code POST /checkout} pays. */
@WebServlet("/checkout")
public class CheckoutServlet extends HttpServlet {

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws ServletException, IOException {
        if (Visit.cart(request).count() == 0) {
            Answer.seeOther(request, response, "/cart");
        } else {
            Answer.page(request, response, "checkout");
        }
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) {
        if (Visit.cart(request).count() == 0) {
            Answer.seeOther(request, response, "/cart");
            return;
        }
        Cart cart = Visit.ownCart(request);
        Visit.keep(request, Order.of(cart));
        cart.clear();
        Visit.keep(request, cart);
        Answer.seeOther(request, response, "/thanks");
    }
}
