import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.postgresql.util.PSQLException;

/** One transaction of one user, on a connection that all users share. */
public final class AsUser {
    private static final Pattern MEMBER = Pattern.compile(
            "\"(error|error_description)\":\\s*(\"(?:[^\"\\\\]|\\\\.)*\")");

    private AsUser() {}

    /** What the user wants done.  The connection is theirs until it returns. */
    public interface Work<T> {
        T with(Connection connection) throws Exception;
    }

    /** The service could not log in, or found no free connection: nothing about the user. */
    public static final class NoConnection extends Exception {
        private static final long serialVersionUID = 1;

        NoConnection(SQLException cause) {
            super("no connection to the database", cause);
        }
    }

    public static <T> T run(DataSource pool, String token, Work<T> work) throws Exception {
        try (Connection connection = connect(pool)) {
            try {
                // With autocommit on, the token would be gone before the next statement.
                connection.setAutoCommit(false);
                handOver(connection, token);
                T result = work.with(connection);
                connection.commit();
                return result;
            } catch (Throwable failure) {
                rollBack(connection, failure);
                throw failure;
            }
        }
    }

    // The role's own login may fail with 28000 as well.  That must not become a 401.
    static Connection connect(DataSource pool) throws NoConnection {
        try {
            return pool.getConnection();
        } catch (SQLException failure) {
            throw new NoConnection(failure);
        }
    }

    private static void handOver(Connection connection, String token) throws SQLException {
        try (PreparedStatement login =
                connection.prepareStatement("SELECT authz.set_token(?, is_local => true)")) {
            login.setString(1, token);
            login.execute();
        }
    }

    private static void rollBack(Connection connection, Throwable failure) throws SQLException {
        try {
            connection.rollback();
        } catch (SQLException broken) {
            failure.addSuppressed(broken);
            connection.abort(Runnable::run); // closed, whatever the pool thinks of it
        }
    }

    /** The HTTP status that an error of run() means. */
    public static int statusOf(Throwable error) {
        if (error instanceof NoConnection) {
            return 503;
        }
        String state = stateOf(error);
        switch (state) {
            case "28000": return 401;
            case "42501": return 403;
            default: // by the class, its first two characters
        }
        switch (state.substring(0, 2)) {
            case "22": case "23": return 400;
            case "08": case "40": case "53": case "57": return 503; // timeouts, restarts, deadlocks
            default: return 500;
        }
    }

    public static String stateOf(Throwable error) {
        String state = error instanceof SQLException ? ((SQLException) error).getSQLState() : null;
        return state == null || state.length() != 5 ? "-----" : state;
    }

    /** The challenge that goes with 401.  DETAIL holds the body of RFC 6750, section 3. */
    public static String challengeOf(Throwable error) {
        StringBuilder challenge = new StringBuilder("Bearer realm=\"notes\"");
        String detail = error instanceof PSQLException
                && ((PSQLException) error).getServerErrorMessage() != null
                ? ((PSQLException) error).getServerErrorMessage().getDetail() : null;
        // The value is a JSON string without control characters: fit for a quoted-string.
        if (detail == null || !detail.contains("\"error\":")) {
            return challenge.toString(); // there was no token
        }
        Matcher member = MEMBER.matcher(detail);
        while (member.find()) {
            challenge.append(", ").append(member.group(1)).append("=")
                    .append(member.group(2).replaceAll("[^\\x20-\\x7e]", "?"));
        }
        return challenge.toString();
    }
}
