package hookserver;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.catalina.tribes.Channel;
import org.apache.catalina.tribes.Member;
import org.apache.catalina.tribes.io.ChannelData;
import org.apache.catalina.tribes.io.XByteBuffer;
import org.apache.catalina.tribes.transport.Constants;

/** Says a word to a peer, over a connection of its own. */
final class Calls {

    /** Milliseconds until a peer has taken a word. */
    static final int ANSWER = 2_000;
    private static final int CONNECT = 300;

    private final Member own;
    private final Set<Member> silent = ConcurrentHashMap.newKeySet();

    Calls(Member own) {
        this.own = own;
    }

    /** Whether the peer took it: it acknowledges what it has acted upon. An answer comes by itself. */
    boolean say(Member peer, byte[] what) {
        ChannelData data = new ChannelData(true);
        data.setAddress(own);
        data.setTimestamp(System.currentTimeMillis());
        data.setMessage(new XByteBuffer(what, false));
        data.setOptions(Channel.SEND_OPTIONS_USE_ACK | Channel.SEND_OPTIONS_SYNCHRONIZED_ACK);
        boolean isConnected = false;
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getByAddress(peer.getHost()), peer.getPort()), CONNECT);
            isConnected = true;
            socket.setSoTimeout(ANSWER);
            socket.getOutputStream().write(XByteBuffer.createDataPackage(data));
            new DataInputStream(socket.getInputStream()).readFully(new byte[Constants.ACK_COMMAND.length]);
            silent.remove(peer);
            return true;
        } catch (IOException e) {
            if (isConnected && e instanceof SocketTimeoutException) {
                silent.add(peer);
            } else {
                silent.remove(peer);
            }
            return false;
        }
    }

    /** The peers that have taken the connection, but not the word: they hang. */
    Set<Member> silent() {
        return silent;
    }
}
