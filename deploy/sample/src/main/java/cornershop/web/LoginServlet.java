package cornershop.web;

import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** {@code GET /login}; {@code POST /login} with {@code name}. We know our customers, so the name is enough. */
@WebServlet("/login")
public class LoginServlet extends HttpServlet {

    private static final int LONGEST = 40;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws ServletException, IOException {
        Answer.page(request, response, "login");
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String name = request.getParameter("name");
        if (name == null || name.isBlank() || name.length() > LONGEST) {
            response.sendError(HttpServletResponse.SC_BAD_REQUEST);
            return;
        }
        request.getSession();
        request.changeSessionId();
        Visit.keepCustomer(request, name.strip());
        Answer.seeOther(request, response, "/");
    }
}
