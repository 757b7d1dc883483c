package cornershop.web;

import cornershop.Release;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebFilter;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** Says on every answer which version of the shop gave it, and prepares what every page shows. */
@WebFilter("/*")
public class ShopFilter extends HttpFilter {

    @Override
    public void init(FilterConfig config) {
        config.getServletContext().setAttribute("release", Release.CURRENT);
    }

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        boolean file = request.getServletPath().startsWith("/static/");
        request.setCharacterEncoding("UTF-8");
        response.setHeader("X-Shop-Version", Release.CURRENT.version());
        response.setHeader("Cache-Control", file ? "public, max-age=86400" : "no-store");
        if (!file) {
            request.setAttribute("cart", Visit.cart(request));
            request.setAttribute("customer", Visit.customer(request));
        }
        chain.doFilter(request, response);
    }
}
