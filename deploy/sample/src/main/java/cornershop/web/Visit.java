package cornershop.web;

import cornershop.Cart;
import cornershop.Order;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;

/** What a visitor's session holds. Reading never makes a session: who only looks around costs no memory. */
final class Visit {

    private static final String CART = "cart";
    private static final String CUSTOMER = "customer";
    private static final String ORDER = "order";

    private Visit() {
    }

    static Cart cart(HttpServletRequest request) {
        Cart cart = (Cart) read(request, CART);
        return cart == null ? new Cart() : cart;
    }

    static String customer(HttpServletRequest request) {
        return (String) read(request, CUSTOMER);
    }

    static Order order(HttpServletRequest request) {
        return (Order) read(request, ORDER);
    }

    /** The session's own cart, to be changed; {@link #keep} it afterwards. */
    static Cart ownCart(HttpServletRequest request) {
        HttpSession session = request.getSession();
        synchronized (Visit.class) {
            Cart cart = (Cart) session.getAttribute(CART);
            if (cart == null) {
                cart = new Cart();
                session.setAttribute(CART, cart);
            }
            return cart;
        }
    }

    /** Setting an attribute again is what tells a session manager that it has changed: the Servlet API has no other way. */
    static void keep(HttpServletRequest request, Cart cart) {
        request.getSession().setAttribute(CART, cart);
    }

    static void keep(HttpServletRequest request, Order order) {
        request.getSession().setAttribute(ORDER, order);
    }

    static void keepCustomer(HttpServletRequest request, String name) {
        request.getSession().setAttribute(CUSTOMER, name);
    }

    private static Object read(HttpServletRequest request, String name) {
        HttpSession session = request.getSession(false);
        return session == null ? null : session.getAttribute(name);
    }
}
