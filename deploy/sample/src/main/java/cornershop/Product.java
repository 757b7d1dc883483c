package cornershop;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Something on the shelf. Its picture is SVG markup, to stand in the page as it is. */
public record Product(String id, String name, String unit, Price price, String picture, String blurb, String story) {

    Product(String id, String name, String unit, Price price, String blurb, String story) {
        this(id, name, unit, price, pictureOf(id), blurb, story);
    }

    private static String pictureOf(String id) {
        try (InputStream in = Product.class.getResourceAsStream("/pictures/" + id + ".svg")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
