import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.Executors;
import javax.sql.DataSource;

/**
 * Notes over HTTP: GET /notes lists one's own, one a line; POST /notes adds one, the body.
 * Whose they are, the bearer token of each request says; the database decides.
 */
public final class Notes {
    private static DataSource pool;

    public static void main(String[] args) throws IOException {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(System.getenv("DATABASE_URL"));
        config.setMaximumPoolSize(Integer.parseInt(env("POOL_SIZE", "10")));
        config.setConnectionTimeout(5000); // how long a request waits for a connection
        config.setInitializationFailTimeout(-1); // start, even while there is no database
        pool = new HikariDataSource(config);

        // Seconds.  Else who sends half a request would hold a thread for ever.
        System.setProperty("sun.net.httpserver.maxReqTime", "10");
        System.setProperty("sun.net.httpserver.maxRspTime", "20");
        HttpServer server = HttpServer.create(
                new InetSocketAddress("127.0.0.1", Integer.parseInt(env("PORT", "8000"))), 0);
        server.createContext("/", Notes::serve);
        server.setExecutor(Executors.newCachedThreadPool()); // 16 of those would hold 16 threads
        server.start();
        System.out.println("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private static String env(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null ? otherwise : value;
    }

    private static String list(Connection connection) throws Exception {
        // The statement stays prepared on the connection, for whoever comes next as well.
        try (PreparedStatement query =
                connection.prepareStatement("SELECT id, owner, body FROM notes ORDER BY id");
                ResultSet notes = query.executeQuery()) {
            StringBuilder lines = new StringBuilder();
            while (notes.next()) {
                lines.append(notes.getInt(1)).append('\t').append(notes.getString(2))
                        .append('\t').append(notes.getString(3)).append('\n');
            }
            return lines.toString();
        }
    }

    private static String add(Connection connection, String owner, String body) throws Exception {
        try (PreparedStatement insert = connection.prepareStatement(
                "INSERT INTO notes (owner, body) VALUES (coalesce(?, authz.subject()), ?)"
                        + " RETURNING id")) {
            insert.setString(1, owner);
            insert.setString(2, body.isEmpty() ? null : body);
            try (ResultSet added = insert.executeQuery()) {
                added.next();
                return added.getString(1) + "\n";
            }
        }
    }

    /** Nobody is logged in on a connection that lies idle in the pool. */
    private static boolean somebodyIsThere() throws Exception {
        try (Connection connection = AsUser.connect(pool);
                ResultSet answer = connection.createStatement()
                        .executeQuery("SELECT authz.is_authenticated()")) {
            answer.next();
            return answer.getBoolean(1);
        }
    }

    private static String answer(HttpExchange exchange) throws Exception {
        String token = exchange.getRequestHeaders().getFirst("Authorization");
        // All of the body first: who sends it slowly must not hold a connection meanwhile.
        byte[] sent = exchange.getRequestBody().readNBytes(100_001);
        if (sent.length > 100_000) {
            throw new SQLException("too long", "22001");
        }
        String body = new String(sent, StandardCharsets.UTF_8);
        String query = exchange.getRequestURI().getQuery();
        String owner = query != null && query.startsWith("owner=") ? query.substring(6) : null;
        switch (exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath()) {
            case "GET /notes": return AsUser.run(pool, token, Notes::list);
            case "POST /notes": return AsUser.run(pool, token, c -> add(c, owner, body));
            case "GET /health": return somebodyIsThere() ? null : "ok\n";
            default: throw new IllegalArgumentException("no such page");
        }
    }

    private static void serve(HttpExchange exchange) throws IOException {
        int status = exchange.getRequestMethod().equals("POST") ? 201 : 200;
        String text;
        try {
            text = answer(exchange);
            if (text == null) {
                status = 500;
                text = "somebody is logged in on an idle connection\n";
            }
        } catch (IllegalArgumentException error) {
            status = 404;
            text = "not found\n";
        } catch (Exception error) {
            status = AsUser.statusOf(error);
            text = AsUser.stateOf(error) + "\n";
            if (status == 401) {
                exchange.getResponseHeaders().set("WWW-Authenticate", AsUser.challengeOf(error));
            }
            // The SQLSTATE, and never the error as a whole or the headers.
            System.err.println(status + " " + AsUser.stateOf(error));
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }
}
