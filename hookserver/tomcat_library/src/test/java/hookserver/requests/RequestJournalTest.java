package hookserver.requests;

import static hookserver.Waiting.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hookserver.CapturedLog;
import hookserver.EmbeddedTomcat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequestJournalTest {

    private static final Pattern ID = Pattern.compile("[0-9]+");
    private static final long LONG = Long.MAX_VALUE / 4;

    @TempDir
    Path folder;
    private Path journal;
    private Path active;
    private CapturedLog log;

    @BeforeEach
    void createFolder() throws IOException {
        journal = Files.createDirectory(folder.resolve("journal"));
        active = journal.resolve("active");
        log = new CapturedLog(RequestJournalValve.class);
    }

    @AfterEach
    void closeLog() {
        log.close();
    }

    @Test
    void journalIsActiveFromItsStart() {
        open(0);
        assertTrue(Files.exists(active));
    }

    @Test
    void activeFileOfADeadReplicaIsReplaced() throws IOException {
        Files.writeString(active, "old");
        open(0);
        assertEquals(0, Files.size(active));
    }

    @Test
    void entriesOfADeadReplicaAreRemovedByTheFirstCleanUpAndNotBefore() throws IOException {
        Files.createFile(journal.resolve("41"));
        Files.createFile(journal.resolve("other"));
        RequestJournal opened = open(LONG);
        assertTrue(Files.exists(journal.resolve("41")));
        opened.cleanUp();
        assertFalse(Files.exists(journal.resolve("41")));
        assertTrue(Files.exists(journal.resolve("other")));
    }

    @Test
    void entryIsRemovedOnceItsRequestHasEndedAndTheRetentionIsOver() {
        RequestJournal opened = open(0);
        RequestJournal.Entry first = opened.record("1");
        opened.record("2");
        opened.end(first);
        opened.cleanUp();
        assertFalse(Files.exists(journal.resolve("1")));
        assertTrue(Files.exists(journal.resolve("2")));
    }

    @Test
    void entryStaysWithinItsRetention() {
        RequestJournal opened = open(LONG);
        opened.end(opened.record("1"));
        opened.cleanUp();
        assertTrue(Files.exists(journal.resolve("1")));
    }

    @Test
    void entriesAreRemovedWithoutABackgroundThreadToo() throws Exception {
        RequestJournal opened = open(50_000_000);
        opened.end(opened.record("1"));
        until(() -> {
            opened.end(opened.record("2"));
            return !Files.exists(journal.resolve("1"));
        });
    }

    @Test
    void entryIsALinkToTheActiveFileSoThatExt4NeedsNoNewInode() throws IOException {
        open(0).record("1");
        assertEquals(Files.getAttribute(active, "unix:ino"), Files.getAttribute(journal.resolve("1"), "unix:ino"));
    }

    @Test
    void requestIsRecordedWithoutAnActiveFileToo() throws IOException {
        RequestJournal opened = open(0);
        Files.delete(active);
        opened.record("1");
        assertTrue(Files.exists(journal.resolve("1")));
        assertEquals(0, log.messages().size());
    }

    @Test
    void requestWhoseEntryExistsIsRecorded() throws IOException {
        RequestJournal opened = open(0);
        Files.createFile(journal.resolve("1"));
        opened.record("1");
        assertTrue(Files.exists(active));
    }

    @Test
    void activeFileThatHookserverRemovedIsCreatedAgain() throws IOException {
        RequestJournal opened = open(0);
        Files.delete(active);
        opened.cleanUp();
        assertTrue(Files.exists(active));
    }

    @Test
    void journalIsInactiveUntilTheLastRequestWithoutAnEntryHasEnded() {
        RequestJournal opened = open(0);
        RequestJournal.Entry first = opened.record("missing/1");
        RequestJournal.Entry second = opened.record("missing/2");
        opened.end(first);
        opened.cleanUp();
        assertFalse(Files.exists(active));
        opened.end(second);
        opened.cleanUp();
        assertTrue(Files.exists(active));
    }

    @Test
    void failureIsLoggedOnceUntilTheJournalIsActiveAgain() {
        RequestJournal opened = open(0);
        for (int failures = 1; failures <= 2; failures++) {
            RequestJournal.Entry first = opened.record("missing/1");
            RequestJournal.Entry second = opened.record("missing/2");
            assertEquals(failures, log.messages().size());
            opened.end(first);
            opened.end(second);
            opened.cleanUp();
        }
        assertTrue(log.messages().get(0).startsWith("[hookserver] a POST that"), log.messages().get(0));
        assertTrue(log.messages().get(0).contains("will not be repeated"));
    }

    @Test
    void activeFileThatCannotBeRemovedIsLogged() throws IOException {
        Files.createFile(Files.createDirectory(active).resolve("file"));
        open(0);
        assertTrue(log.messages().get(0).contains("cannot be removed"), log.messages().get(0));
    }

    @Test
    void applicationServesWhileTheJournalsFolderIsGone() throws Exception {
        Path moved = folder.resolve("moved");
        try (EmbeddedTomcat tomcat = new EmbeddedTomcat()) {
            System.setProperty("hookserver.request_journal", active.toString());
            RequestJournalValve valve = new RequestJournalValve(0);
            tomcat.engine().getPipeline().addValve(valve);
            tomcat.page("/pay", (request, response) -> {
                Files.move(moved, journal);
                Files.deleteIfExists(active);
                valve.backgroundProcess();
                response.getWriter().print(Files.exists(active));
            }).start();
            Files.move(journal, moved);
            assertEquals("false", tomcat.ask("POST", "/pay", "X-Request-Id", "1.2-3-4").body());
            until(() -> Files.exists(active));
        } finally {
            System.clearProperty("hookserver.request_journal");
        }
        assertEquals(1, log.messages().size());
    }

    private RequestJournal open(long retention) {
        try {
            Files.createDirectories(journal);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new RequestJournal(active, ID, retention);
    }
}
