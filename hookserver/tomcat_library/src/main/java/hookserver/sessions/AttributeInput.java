package hookserver.sessions;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Proxy;
import java.util.regex.Pattern;

/**
 * Reads one attribute: classes of the application and its shared libraries, and plain ones of the JDK; no others, since reading
 * a class can run its code. JEP 290 limits how deep, how many and how large the objects are.
 */
final class AttributeInput extends ObjectInputStream {

    private static final String LIMITS = "maxdepth=1000;maxrefs=1000000;maxarray=10000000;maxbytes=67108864";
    private static final Pattern PLAIN = Pattern.compile("java[.](?:lang[.][A-Z][^.]*|lang[.]invoke[.]SerializedLambda"
            + "|(?:math|text|time|util)[.].+|net[.](?:URI|URL|Inet[^.]*)|sql[.](?:Date|Time|Timestamp)|io[.]File"
            + "|beans[.]PropertyChange[^.]*)|sun[.]util[.]calendar[.]ZoneInfo"
            + "|com[.]sun[.]org[.]apache[.]xerces[.]internal[.]jaxp[.]datatype[.][^.]+");
    private static final Pattern TOMCAT = Pattern.compile("(?:org[.]apache[.](?:catalina|coyote|el|jasper|juli|naming|tomcat)"
            + "|hookserver[.]requests|hookserver[.]sessions)[.].+");
    private static final Pattern LOGIN = Pattern.compile("org[.]apache[.]catalina[.](?:realm|authenticator)[.].+");
    /** The loader of the JDK's own classes beside the boot loader, which is null: the platform's, before Java 9 the extensions'. */
    private static final ClassLoader PLATFORM = ClassLoader.getSystemClassLoader().getParent();

    private final ClassLoader loader;
    private final boolean isTomcats;

    /** {@code isTomcats}: Tomcat itself has stored it, with a login. */
    private AttributeInput(byte[] bytes, ClassLoader loader, boolean isTomcats) throws IOException {
        super(new ByteArrayInputStream(bytes));
        this.loader = loader;
        this.isTomcats = isTomcats;
        setLimits();
    }

    static Object read(byte[] bytes, ClassLoader loader, boolean isTomcats) throws IOException, ClassNotFoundException {
        try (AttributeInput in = new AttributeInput(bytes, loader, isTomcats)) {
            return in.readObject();
        }
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description) throws ClassNotFoundException, IOException {
        Class<?> type;
        try {
            type = Class.forName(description.getName(), false, loader);
        } catch (ClassNotFoundException e) {
            type = super.resolveClass(description); // a primitive type
        }
        return checked(type);
    }

    @Override
    @SuppressWarnings("deprecation") // Java 8 has nothing else that makes the class without an object of it
    protected Class<?> resolveProxyClass(String[] names) throws ClassNotFoundException, IOException {
        Class<?>[] interfaces = new Class<?>[names.length];
        for (int i = 0; i < names.length; i++) {
            interfaces[i] = checked(Class.forName(names[i], false, loader));
        }
        return Proxy.getProxyClass(loader, interfaces);
    }

    private Class<?> checked(Class<?> type) throws InvalidClassException {
        Class<?> element = type;
        while (element.isArray()) {
            element = element.getComponentType();
        }
        String name = element.getName();
        ClassLoader from = element.getClassLoader();
        boolean isJdks = from == null || from == PLATFORM;
        boolean isAllowed = element.isPrimitive() || (isJdks
                ? PLAIN.matcher(name).matches()
                : from == loader || !TOMCAT.matcher(name).matches() || isTomcats && LOGIN.matcher(name).matches());
        if (!isAllowed) {
            throw new InvalidClassException(name, "refused: neither of the application nor a plain class of the JDK");
        }
        return type;
    }

    /** By reflection: Java 8 has the filter elsewhere, and before 8u121 none. */
    private void setLimits() throws IOException {
        try {
            boolean isJava8 = System.getProperty("java.specification.version").startsWith("1.");
            String filter = (isJava8 ? "sun.misc" : "java.io") + ".ObjectInputFilter";
            Class<?> config = Class.forName(filter + "$Config");
            Object limits = config.getMethod("createFilter", String.class).invoke(null, LIMITS);
            if (isJava8) {
                config.getMethod("setObjectInputFilter", ObjectInputStream.class, Class.forName(filter))
                        .invoke(null, this, limits);
            } else {
                ObjectInputStream.class.getMethod("setObjectInputFilter", Class.forName(filter)).invoke(this, limits);
            }
        } catch (ClassNotFoundException e) {
            // A Java 8 before 8u121.
        } catch (ReflectiveOperationException e) {
            throw new IOException("the limits for stored attributes cannot be set", e);
        }
    }
}
