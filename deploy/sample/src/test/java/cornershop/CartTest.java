package cornershop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class CartTest {

    private final Product bread = Catalogue.find("sourdough").orElseThrow();
    private final Product oil = Catalogue.find("oil").orElseThrow();
    private final Cart cart = new Cart();

    @Test
    void addsUp() {
        cart.add(bread, 1);
        cart.add(oil, 2);
        cart.add(bread, 2);
        assertEquals(List.of(new Cart.Line(bread, 3), new Cart.Line(oil, 2)), cart.lines());
        assertEquals(5, cart.count());
        assertEquals("€44.20", cart.total().toString());
    }

    @Test
    void aQuantityOfNothingRemoves() {
        cart.add(bread, 1);
        cart.set(bread, 0);
        assertEquals(0, cart.count());
        assertEquals("€0.00", cart.total().toString());
    }

    @Test
    void quantitiesAreBounded() {
        cart.add(bread, Integer.MAX_VALUE);
        cart.add(bread, Integer.MAX_VALUE);
        cart.add(oil, -3);
        assertEquals(List.of(new Cart.Line(bread, Cart.MOST)), cart.lines());
    }

    @Test
    void movesToAnotherServer() throws IOException, ClassNotFoundException {
        cart.add(bread, 2);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new ObjectOutputStream(bytes).writeObject(cart);
        Cart moved = (Cart) new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();
        moved.add(oil, 1);
        assertEquals(List.of(new Cart.Line(bread, 2), new Cart.Line(oil, 1)), moved.lines());
    }
}
