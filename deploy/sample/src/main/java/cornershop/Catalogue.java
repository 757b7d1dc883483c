package cornershop;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the shop sells. */
public final class Catalogue {

    private static final List<Product> PRODUCTS = List.of(
        new Product("sourdough", "Sourdough loaf", "800 g", new Price(480),
            "Baked at five, still crackling at six.",
            "Two kinds of wheat, a little rye, and a starter that has been fed every evening for eleven years. "
                + "Keeps for four days, and makes the best toast on the third."),
        new Product("tomatoes", "Vine tomatoes", "500 g", new Price(390),
            "Sun-warm, and heavier than they look.",
            "Picked ripe instead of red. Never put them in the fridge: a bowl on the table, a pinch of salt, done."),
        new Product("espresso", "House espresso", "250 g", new Price(1150),
            "Roasted on Tuesdays, gone by Friday.",
            "Chocolate, hazelnut, and a little smoke. Ground for your pot if you ask, whole beans if you don't."),
        new Product("marmalade", "Orange marmalade", "340 g", new Price(620),
            "Bitter peel, slow sugar, one copper pot.",
            "Cut by hand in January, cooked for a day, and left alone until spring. There is a spoon in the lid's shadow."),
        new Product("cheese", "Mountain cheese", "300 g", new Price(890),
            "Nine months in a cool, dark cellar.",
            "Firm, nutty, with the small crystals that mean somebody was patient. Ask for the rind: it belongs in soup."),
        new Product("oil", "Olive oil", "500 ml", new Price(1490),
            "First pressing, green and peppery.",
            "From one slope and one week of October. It makes you cough once, which is how you know."),
        new Product("chocolate", "Dark chocolate", "100 g", new Price(450),
            "Seventy-two per cent, and sea salt.",
            "Snaps like a twig and melts like an apology. The salt is on one side only: choose yours."),
        new Product("tulips", "A bunch of tulips", "10 stems", new Price(750),
            "For the table, or for somebody.",
            "They go on growing in the vase, and lean to the window. Cut them a finger shorter every other day."));

    private static final Map<String, Product> BY_ID = new LinkedHashMap<>();

    static {
        PRODUCTS.forEach(product -> BY_ID.put(product.id(), product));
    }

    private Catalogue() {
    }

    public static List<Product> products() {
        return PRODUCTS;
    }

    public static Optional<Product> find(String id) {
        return Optional.ofNullable(BY_ID.get(id));
    }
}
