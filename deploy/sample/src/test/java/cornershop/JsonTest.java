package cornershop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {

    @Test
    void writesWhatItIsGiven() {
        assertEquals("{\"list\":[1,\"two\",{}]}", Json.write(Map.of("list", List.of(1, "two", Map.of()))));
        assertEquals("{\"none\":null}", Json.write(Collections.singletonMap("none", null)));
    }

    @Test
    void escapesStrings() {
        assertEquals("\"a\\\"b\\\\c\\u000ad é\"", Json.write("a\"b\\c\nd é"));
    }
}
