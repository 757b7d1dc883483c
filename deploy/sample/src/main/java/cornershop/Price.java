package cornershop;

/** An amount of money, in euro cents. */
public record Price(long cents) {

    public static final Price NOTHING = new Price(0);

    public Price times(int quantity) {
        return new Price(cents * quantity);
    }

    public Price plus(Price other) {
        return new Price(cents + other.cents);
    }

    @Override
    public String toString() {
        long rest = cents % 100;
        return "€" + cents / 100 + (rest < 10 ? ".0" : ".") + rest;
    }
}
