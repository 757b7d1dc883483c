package hookserver.sessions;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hookserver.Shop;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InvalidClassException;
import java.io.ObjectStreamClass;
import java.io.Serializable;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.GregorianCalendar;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.UUID;
import javax.management.BadAttributeValueExpException;
import org.apache.catalina.realm.GenericPrincipal;
import org.apache.catalina.util.ParameterMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AttributeInputTest {

    private static final ClassLoader TOMCATS = AttributeInputTest.class.getClassLoader();
    /** Of an application that brings no class of its own: the tests' are as in a shared library. */
    private static final ClassLoader LOADER = new ClassLoader(TOMCATS) { };

    static List<Object> plainValues() {
        EnumMap<Shop.Delivery, Integer> prices = new EnumMap<>(Shop.Delivery.class);
        prices.put(Shop.Delivery.COURIER, 5);
        return Arrays.asList("text", 1, 2.5, 'c', true, new ArrayList<>(Arrays.asList("a", 1L)),
                new HashMap<>(Collections.singletonMap("key", new TreeMap<>(Collections.singletonMap(1, "b")))),
                Arrays.asList("a", "b"), Collections.unmodifiableList(new ArrayList<>()), new BigDecimal("1.10"),
                LocalDate.of(2024, 2, 29), ZonedDateTime.parse("2024-02-29T10:00:00+01:00[Europe/Berlin]"),
                new GregorianCalendar(TimeZone.getTimeZone("Europe/Berlin"), Locale.GERMANY), Locale.FRANCE, new UUID(1, 2),
                URI.create("https://example.com/"), new java.sql.Timestamp(1), Shop.Delivery.POST, prices, int.class, Shop.Cart.class);
    }

    @ParameterizedTest
    @MethodSource("plainValues")
    void plainValueIsRead(Object value) throws Exception {
        assertEquals(value, copy(value));
    }

    @Test
    void arraysAreRead() throws Exception {
        assertArrayEquals(new int[][] {{1}, {2}}, (int[][]) copy(new int[][] {{1}, {2}}));
        assertArrayEquals(new Object[] {"a", 1}, (Object[]) copy(new Object[] {"a", 1}));
        assertEquals(1, ((Shop.Cart[]) copy(new Shop.Cart[] {new Shop.Cart()})).length);
    }

    @Test
    void immutableCollectionsOfNewerJavaAreRead() throws Exception {
        Method of = Arrays.stream(List.class.getMethods()).filter(method -> method.getName().equals("of") && method.isVarArgs())
                .findFirst().orElseThrow(AssertionError::new);
        Object list = of.invoke(null, (Object) new Object[] {"a", "b", "c"});
        assertEquals(list, copy(list));
    }

    @Test
    void objectsOfTheApplicationAreRead() throws Exception {
        assertEquals("[tea]", copy(new Shop.Cart().add("tea")).toString());
        @SuppressWarnings("unchecked")
        Comparator<String> order = (Comparator<String>) copy(Shop.byLength());
        assertTrue(order.compare("a", "bb") < 0);
    }

    @Test
    void proxyOfAnApplicationsHandlerIsRead() throws Exception {
        assertEquals("handled", ((Comparable<?>) copy(proxy(Comparable.class))).toString());
    }

    @Test
    void othersClassesOfTheJdkAreRefused() {
        assertRefused(new BadAttributeValueExpException("x"));
        assertRefused(new ArrayList<>(Arrays.asList(new Object[] {new BadAttributeValueExpException[0]})));
        assertRefused(proxy(javax.management.DynamicMBean.class));
        assertRefused(new java.rmi.server.UID());
        assertRefused(javax.management.ObjectName.WILDCARD);
    }

    @Test
    void tomcatsClassesAreRefusedInAnAttribute() throws Exception {
        assertRefused(new ParameterMap<>());
        assertRefused(principal());
    }

    @Test
    void loginIsReadAsTomcatsOwnAndNothingElseOfTomcat() throws Exception {
        assertEquals("anna", ((GenericPrincipal) AttributeInput.read(StoredSession.serialize(principal()), LOADER, true)).getName());
        byte[] other = StoredSession.serialize(new ParameterMap<>());
        assertThrows(InvalidClassException.class, () -> AttributeInput.read(other, LOADER, true));
        assertThrows(InvalidClassException.class, () -> AttributeInput.read(other, TOMCATS, true));
    }

    /** Applications bring parts of Tomcat in WEB-INF/lib, such as a pool of database connections. */
    @Test
    void classOfTomcatsPackagesThatTheApplicationBringsIsRead() throws Exception {
        ClassLoader own = new ClassLoader(LOADER) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                return name.equals(Own.class.getName()) && findLoadedClass(name) == null ? define(name) : super.loadClass(name, resolve);
            }

            private Class<?> define(String name) {
                byte[] code = content(name);
                return defineClass(name, code, 0, code.length);
            }
        };
        byte[] bytes = StoredSession.serialize(new Own());
        assertSame(own, AttributeInput.read(bytes, own, false).getClass().getClassLoader());
        assertThrows(InvalidClassException.class, () -> AttributeInput.read(bytes, LOADER, false));
    }

    @Test
    void classThatIsGoneIsReported() throws Exception {
        String gone = new String(StoredSession.serialize(new Shop.Coupon()), StandardCharsets.ISO_8859_1).replace("Coupon", "Cupons");
        byte[] bytes = gone.getBytes(StandardCharsets.ISO_8859_1);
        assertThrows(ClassNotFoundException.class, () -> AttributeInput.read(bytes, LOADER, false));
    }

    @Test
    void deepNestingIsRefused() {
        Object nested = "core";
        for (int depth = 0; depth < 1100; depth++) {
            nested = new Object[] {nested};
        }
        assertRefused(nested);
    }

    @Test
    void tooManyObjectsAreRefused() {
        Object[] many = new Object[1_000_001];
        many[1_000_000] = new int[0];
        assertRefused(many);
    }

    @Test
    void hugeArrayIsRefusedBeforeItIsAllocated() throws Exception {
        byte[] bytes = StoredSession.serialize(new long[0]);
        ByteBuffer.wrap(bytes).putInt(bytes.length - Integer.BYTES, 1 << 30);
        assertThrows(InvalidClassException.class, () -> AttributeInput.read(bytes, LOADER, false));
    }

    @Test
    void hugeStreamIsRefused() {
        assertRefused(new byte[3][8 << 20]);
    }

    private static Object copy(Object value) throws Exception {
        return AttributeInput.read(StoredSession.serialize(value), LOADER, false);
    }

    private static void assertRefused(Object value) {
        assertThrows(InvalidClassException.class, () -> copy(value), () -> String.valueOf(ObjectStreamClass.lookup(value.getClass())));
    }

    /** Its constructors differ between Tomcat's lines. */
    static GenericPrincipal principal() throws Exception {
        for (Constructor<?> constructor : GenericPrincipal.class.getConstructors()) {
            Class<?>[] types = constructor.getParameterTypes();
            if (types.length == 2) {
                return (GenericPrincipal) constructor.newInstance("anna", Collections.singletonList("user"));
            }
            if (types.length == 3 && types[2] == List.class) {
                return (GenericPrincipal) constructor.newInstance("anna", null, Collections.singletonList("user"));
            }
        }
        throw new AssertionError("no such constructor");
    }

    private static Object proxy(Class<?> type) {
        return Proxy.newProxyInstance(LOADER, new Class<?>[] {type}, Shop.handler("handled"));
    }

    private static byte[] content(String name) {
        try (InputStream in = LOADER.getResourceAsStream(name.replace('.', '/') + ".class")) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            for (int value = in.read(); value >= 0; value = in.read()) {
                out.write(value);
            }
            return out.toByteArray();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static final class Own implements Serializable {
        private static final long serialVersionUID = 1;
    }
}
