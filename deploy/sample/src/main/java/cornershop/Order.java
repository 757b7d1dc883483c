package cornershop;

import java.io.Serializable;
import java.security.SecureRandom;

/** What was paid last, for the page that says thank you. */
public record Order(String number, int count, long cents) implements Serializable {

    private static final String LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    private static final SecureRandom RANDOM = new SecureRandom();

    public static Order of(Cart cart) {
        StringBuilder number = new StringBuilder("CS-");
        for (int i = 0; i < 6; i++) {
            number.append(LETTERS.charAt(RANDOM.nextInt(LETTERS.length())));
        }
        return new Order(number.toString(), cart.count(), cart.total().cents());
    }

    public Price total() {
        return new Price(cents);
    }
}
