package cornershop;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Which shop this is: its version from the build, its place from the environment. What is not known is empty. */
public record Release(String version, String commit, String slot, String replica) {

    public static final Release CURRENT = read();

    private static final int COMMIT_SHOWN = 12;

    public String shortCommit() {
        return commit.substring(0, Math.min(COMMIT_SHOWN, commit.length()));
    }

    private static Release read() {
        Properties properties = new Properties();
        try (InputStream in = Release.class.getResourceAsStream("/shop.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Release(properties.getProperty("version"),
            env("HOOKSERVER_COMMIT"), env("HOOKSERVER_SLOT"), env("HOOKSERVER_REPLICA"));
    }

    private static String env(String name) {
        return System.getenv().getOrDefault(name, "");
    }
}
