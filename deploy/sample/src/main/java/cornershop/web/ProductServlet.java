package cornershop.web;

import cornershop.Catalogue;
import cornershop.Product;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;

/** {@code GET /product?id=…}. */
@WebServlet("/product")
public class ProductServlet extends HttpServlet {

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws ServletException, IOException {
        Optional<Product> product = Catalogue.find(request.getParameter("id"));
        if (product.isEmpty()) {
            response.sendError(HttpServletResponse.SC_NOT_FOUND);
            return;
        }
        request.setAttribute("product", product.get());
        request.setAttribute("others",
            Catalogue.products().stream().filter(other -> !other.equals(product.get())).limit(4).toList());
        Answer.page(request, response, "product");
    }
}
