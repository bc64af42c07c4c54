// SPDX-License-Identifier: EUPL-1.2
// Hands one case with its scanned papers to the adapter. Java 8, no libraries, only the local door.
//     javac SendCase.java && LT_TOKEN=... java SendCase CASE_CODE PROCEDURE [FILE ...]
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.MessageDigest;

public final class SendCase {
    private static final String DOOR = System.getenv().getOrDefault("LT_URL", "http://127.0.0.1:8060");

    private static final class Answer {
        int status, retryAfter;
        String body;
    }

    private static byte[] readAll(InputStream in) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] piece = new byte[65536];
        for (int got = in == null ? -1 : in.read(piece); got > 0; got = in.read(piece)) {
            out.write(piece, 0, got);
        }
        return out.toByteArray();
    }

    private static Answer callOnce(String method, String path, byte[] body, String key)
        throws IOException {
        HttpURLConnection call = (HttpURLConnection) new URL(DOOR + path).openConnection();
        call.setRequestMethod(method);
        call.setConnectTimeout(5000);
        call.setReadTimeout(70000);
        call.setRequestProperty("Authorization", "Bearer " + System.getenv("LT_TOKEN"));
        if (key != null) {
            call.setRequestProperty("Idempotency-Key", key);
        }
        call.setDoOutput(true);
        call.getOutputStream().write(body);
        Answer answer = new Answer();
        answer.status = call.getResponseCode();
        InputStream in = answer.status < 400 ? call.getInputStream() : call.getErrorStream();
        answer.body = new String(readAll(in), StandardCharsets.UTF_8);
        answer.retryAfter = call.getHeaderFieldInt("Retry-After", 5);
        return answer;
    }

    /** The same key and content again is always safe, so every doubt is answered by repeating. */
    private static Answer call(String method, String path, byte[] body, String key)
        throws InterruptedException {
        while (true) {
            try {
                Answer answer = callOnce(method, path, body, key);
                if (answer.status != 503 && answer.status != 429) {
                    return answer;
                }
                Thread.sleep(answer.retryAfter * 1000L);
            } catch (IOException error) {
                System.err.println("bộ nối chưa trả lời: " + error.getMessage());
                Thread.sleep(5000);
            }
        }
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static String upload(Path file) throws Exception {
        byte[] data = Files.readAllBytes(file);
        StringBuilder hex = new StringBuilder();
        for (byte b : MessageDigest.getInstance("SHA-256").digest(data)) {
            hex.append(String.format("%02x", b));
        }
        Answer answer = call("PUT", "/v1/attachments/" + hex, data, null);
        if (answer.status != 200 && answer.status != 201) {
            throw new IOException(file + ": " + answer.body);
        }
        return "{\"sha256\":\"" + hex + "\",\"size\":" + data.length + ",\"name\":"
            + quoted(file.getFileName().toString()) + "}";
    }

    public static void main(String[] args) throws Exception {
        StringBuilder files = new StringBuilder();
        for (int i = 2; i < args.length; i++) {
            files.append(i > 2 ? "," : "").append(upload(Paths.get(args[i])));
        }
        String request = "{\"kind\":\"forward\",\"case_code\":" + quoted(args[0])
            + ",\"procedure\":" + quoted(args[1]) + ",\"body\":{\"note\":\"hồ sơ thử\"}"
            + ",\"business\":{\"status\":2,\"channel\":1},\"attachments\":[" + files + "]}";
        byte[] body = request.getBytes(StandardCharsets.UTF_8);
        Answer answer = call("POST", "/v1/transfers?wait=5", body, "forward:" + args[0]);
        System.out.println(answer.status + " " + answer.body);
        System.exit(answer.status < 300 ? 0 : 1);
    }
}
