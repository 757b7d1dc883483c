package hookserver.sessions;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.regex.Pattern;

/**
 * Reads what is stored: classes of the application and its shared libraries, and plain ones of the JDK, since to read an object
 * of any other can run code (https://openjdk.org/jeps/290). Limits how deep, how many and how large the objects are.
 */
final class AttributeInput extends ObjectInputStream {

    private static final String LIMITS = "maxdepth=1000;maxrefs=1000000;maxarray=16777216;maxbytes=16777216";
    private static final Pattern PLAIN = Pattern.compile("java[.](?:lang[.](?:[A-Z][^.]*|invoke[.]SerializedLambda|reflect[.]Proxy)"
            + "|(?:math|text|time|util)[.].+|net[.](?:URI|URL|Inet[^.]*)|sql[.](?:Date|Time|Timestamp)|io[.]File"
            + "|beans[.]PropertyChange[^.]*)|sun[.]util[.]calendar[.]ZoneInfo"
            + "|com[.]sun[.]org[.]apache[.]xerces[.]internal[.]jaxp[.]datatype[.][^.]+");
    private static final Pattern TOMCATS = Pattern.compile(
            "(?:org[.]apache[.](?:catalina|coyote|el|jasper|juli|naming|tomcat)|hookserver[.](?:requests|sessions))[.].+");
    /** What Tomcat keeps in a session for a login. */
    private static final Pattern LOGIN = Pattern.compile("org[.]apache[.]catalina[.](?:realm|authenticator)[.].+");
    /** The parent of the loader of the class path has the JDK's classes that the boot loader, which is null, has not. */
    private static final ClassLoader PLATFORM = ClassLoader.getSystemClassLoader().getParent();

    private static final boolean IS_JAVA_8 = System.getProperty("java.specification.version").startsWith("1.");
    /** By reflection: Java 8 has the filter in another package, and none before 8u121. */
    private static final Method SET_FILTER = findSetter();
    private static Object filter;

    private final ClassLoader loader;
    private final boolean isOwn;

    private AttributeInput(byte[] bytes, ClassLoader loader, boolean isOwn) throws IOException {
        super(new ByteArrayInputStream(bytes));
        this.loader = loader;
        this.isOwn = isOwn;
        try {
            if (SET_FILTER != null) {
                SET_FILTER.invoke(IS_JAVA_8 ? null : this, IS_JAVA_8 ? new Object[] {this, filter} : new Object[] {filter});
            }
        } catch (ReflectiveOperationException e) {
            throw new IOException(e);
        }
    }

    /** {@code isOwn}: Tomcat has stored it, not the application. Throws whatever the classes' code throws. */
    static Object read(byte[] bytes, ClassLoader loader, boolean isOwn) throws IOException, ClassNotFoundException {
        try (AttributeInput in = new AttributeInput(bytes, loader, isOwn)) {
            return in.readObject();
        }
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description) throws ClassNotFoundException, IOException {
        try {
            return checked(Class.forName(description.getName(), false, loader));
        } catch (ClassNotFoundException e) {
            return checked(super.resolveClass(description)); // a primitive type
        }
    }

    @Override
    @SuppressWarnings("deprecation") // newer: a proxy, of which this takes the class
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
        boolean isApplications = !isJdks && (from == loader && !isOwn || !TOMCATS.matcher(name).matches());
        if (isApplications || element.isPrimitive() || isJdks && PLAIN.matcher(name).matches()
                || isOwn && LOGIN.matcher(name).matches()) {
            return type;
        }
        throw new InvalidClassException(name, "refused: it is neither the application's nor a plain class of the JDK");
    }

    private static Method findSetter() {
        try {
            String name = (IS_JAVA_8 ? "sun.misc" : "java.io") + ".ObjectInputFilter";
            Class<?> type = Class.forName(name);
            Class<?> config = Class.forName(name + "$Config");
            filter = config.getMethod("createFilter", String.class).invoke(null, LIMITS);
            return IS_JAVA_8 ? config.getMethod("setObjectInputFilter", ObjectInputStream.class, type)
                    : ObjectInputStream.class.getMethod("setObjectInputFilter", type);
        } catch (ClassNotFoundException e) {
            return null;
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}
