package cornershop;

/** Something on the shelf. Its picture is found by its id, in {@code WEB-INF/tags/picture.tag}. */
public record Product(String id, String name, String unit, Price price, String blurb, String story) {
}
