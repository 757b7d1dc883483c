package hookserver;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Proxy;

/** A session, or changes of one, as they come in; knows the attribute that is being read: its name goes before its value. */
final class Incoming extends ObjectInputStream {

    String attribute = "";
    private final ClassLoader loader;

    Incoming(byte[] bytes, ClassLoader loader) throws IOException {
        super(new ByteArrayInputStream(bytes));
        this.loader = loader;
    }

    @Override
    public String readUTF() throws IOException {
        attribute = super.readUTF();
        return attribute;
    }

    /** A class's description has names too, of its fields. */
    @Override
    protected ObjectStreamClass readClassDescriptor() throws ClassNotFoundException, IOException {
        String before = attribute;
        ObjectStreamClass description = super.readClassDescriptor();
        attribute = before;
        return description;
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description) throws ClassNotFoundException, IOException {
        try {
            return Class.forName(description.getName(), false, loader);
        } catch (ClassNotFoundException e) {
            return super.resolveClass(description);
        }
    }

    @Override
    @SuppressWarnings("deprecation")
    protected Class<?> resolveProxyClass(String[] names) throws ClassNotFoundException {
        Class<?>[] interfaces = new Class<?>[names.length];
        for (int i = 0; i < names.length; i++) {
            interfaces[i] = Class.forName(names[i], false, loader);
        }
        return Proxy.getProxyClass(loader, interfaces);
    }
}
