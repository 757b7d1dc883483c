package cornershop.web;

import cornershop.Cart;
import cornershop.Catalogue;
import cornershop.Product;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;

/** {@code GET /cart}; {@code POST /cart/add} and {@code /cart/update} with {@code id} and {@code quantity}. */
@WebServlet({"/cart", "/cart/add", "/cart/update"})
public class CartServlet extends HttpServlet {

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws ServletException, IOException {
        if (request.getServletPath().equals("/cart")) {
            Answer.page(request, response, "cart");
        } else {
            response.sendError(HttpServletResponse.SC_METHOD_NOT_ALLOWED);
        }
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        boolean adding = request.getServletPath().equals("/cart/add");
        Optional<Product> product = Catalogue.find(request.getParameter("id"));
        int quantity = quantity(request.getParameter("quantity"));
        if (product.isEmpty() || quantity < (adding ? 1 : 0)) {
            response.sendError(HttpServletResponse.SC_BAD_REQUEST);
            return;
        }
        Cart cart = Visit.ownCart(request);
        if (adding) {
            cart.add(product.get(), quantity);
        } else {
            cart.set(product.get(), quantity);
        }
        Visit.keep(request, cart);
        Answer.seeOther(request, response, "/cart");
    }

    /** One, if none is said; -1 if it is no number. */
    private static int quantity(String said) {
        try {
            return said == null ? 1 : Integer.parseInt(said.strip());
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
