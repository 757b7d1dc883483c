package cornershop.web;

import cornershop.Order;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** {@code GET /thanks}: the last order of this visit. */
@WebServlet("/thanks")
public class ThanksServlet extends HttpServlet {

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws ServletException, IOException {
        Order order = Visit.order(request);
        if (order == null) {
            Answer.seeOther(request, response, "/");
            return;
        }
        request.setAttribute("order", order);
        Answer.page(request, response, "thanks");
    }
}
