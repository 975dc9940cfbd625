// What the JDBC driver sees of the fixture. Arguments: port, database, and "proxied" where refusals are to be expected.
import java.io.ByteArrayOutputStream;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;

class JdbcClient {
    static boolean isProxied;

    interface Filled {
        void fill(PreparedStatement statement) throws SQLException;
    }

    public static void main(String[] arguments) throws Exception {
        isProxied = arguments.length > 2 && arguments[2].equals("proxied");
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        String url = "jdbc:postgresql://127.0.0.1:" + arguments[0] + "/" + arguments[1] + "?user=employee&password=sesame";
        // Text; the extended protocol with binary from the first execution; the simple protocol.
        for (String how : List.of("", "&prepareThreshold=-1&binaryTransfer=true", "&preferQueryMode=simple")) {
            System.out.println("== " + how);
            try (Connection db = DriverManager.getConnection(url + how)) {
                look(db);
                if (how.isEmpty()) describe(db.getMetaData());
            }
        }
    }

    static void look(Connection db) throws Exception {
        ask(db, "SELECT * FROM logins ORDER BY id", s -> {});
        ask(db, "SELECT * FROM people ORDER BY seat", s -> {});
        long number;
        String mail;
        try (ResultSet row = db.createStatement().executeQuery("SELECT number, mail FROM people WHERE seat = 3")) {
            row.next();
            number = row.getLong(1);
            mail = row.getString(2);
        }
        for (int again = 0; again < 2; again++) {
            ask(db, "SELECT id, person FROM logins WHERE number = ? AND mail = ? ORDER BY id", s -> {
                s.setLong(1, number);
                s.setString(2, mail);
            });
            ask(db, "SELECT id, ip FROM logins WHERE ip = ?::inet AND at >= ? AND amount = ? AND ratio < ? AND mood = ?::mood ORDER BY id", s -> {
                s.setString(1, "203.0.0.0/16");
                s.setTimestamp(2, Timestamp.valueOf("2026-03-14 18:00:00"));
                s.setInt(3, 77000);
                s.setBigDecimal(4, new java.math.BigDecimal("7.5"));
                s.setString(5, "good");
            });
        }
        db.setAutoCommit(false);
        try (PreparedStatement pages = db.prepareStatement("SELECT id, ip, at, person FROM logins WHERE id > ? ORDER BY id")) {
            pages.setFetchSize(7);
            pages.setInt(1, 3);
            print(pages.executeQuery());
        }
        Savepoint before = db.setSavepoint();
        fails(db, "SELECT 1 / 0");
        fails(db, "SELECT 1");
        db.rollback(before);
        ask(db, "SELECT count(*) FROM logins", s -> {});
        db.commit();
        db.setAutoCommit(true);
        fails(db, "SELECT nothing FROM logins");
        fails(db, "SELEC");
        refused(db, "SELECT 1 FROM people WHERE number > 5");
        refused(db, "SELECT 1 FROM people WHERE mail = 'canary1@example.com'");
        refused(db, "DELETE FROM people");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        db.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY (SELECT id, mail, ip, person FROM logins ORDER BY id) TO STDOUT (FORMAT csv)", out);
        System.out.println(out);
        db.setReadOnly(true);
        db.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        System.out.println(db.isValid(5) + " " + db.getSchema());
    }

    static void describe(DatabaseMetaData about) throws SQLException {
        System.out.println(about.getDatabaseProductName() + about.getDatabaseMajorVersion() + " " + about.getUserName() + about.getMaxColumnNameLength());
        print(about.getTables(null, "public", "%", new String[] {"TABLE", "VIEW"}));
        print(about.getColumns(null, "public", "logins", "%"));
        print(about.getPrimaryKeys(null, "public", "people"));
        print(about.getPrimaryKeys(null, null, "logins"));
        print(about.getImportedKeys(null, "public", "logins"));
        print(about.getCrossReference(null, "public", "people", null, "public", "logins"));
        print(about.getBestRowIdentifier(null, "public", "people", DatabaseMetaData.bestRowSession, false));
        print(about.getVersionColumns(null, "public", "people"));
        for (String table : List.of("people", "logins")) {
            // Without the estimates of rows and pages.
            try (ResultSet index = about.getIndexInfo(null, "public", table, false, true)) {
                while (index.next()) {
                    for (int i : new int[] {3, 4, 6, 7, 8, 9, 10, 13}) System.out.print(index.getString(i) + "|");
                    System.out.println();
                }
            }
        }
        print(about.getExportedKeys(null, "public", "people"));
        print(about.getUDTs(null, "public", "%", null));
        print(about.getTableTypes());
        count(about.getSchemas());
        count(about.getCatalogs());
        count(about.getTypeInfo());
        count(about.getFunctions(null, "public", "%"));
        count(about.getProcedures(null, "public", "%"));
        count(about.getTablePrivileges(null, "public", "logins"));
        count(about.getColumnPrivileges(null, "public", "logins", "%"));
        count(about.getClientInfoProperties());
        System.out.println(about.getSQLKeywords().length() > 0);
    }

    static void ask(Connection db, String text, Filled values) throws SQLException {
        System.out.println("-- " + text);
        try (PreparedStatement statement = db.prepareStatement(text)) {
            values.fill(statement);
            ResultSetMetaData about = statement.getMetaData();
            for (int i = 1; about != null && i <= about.getColumnCount(); i++) System.out.print(about.getColumnLabel(i) + ":" + about.getColumnTypeName(i) + " ");
            System.out.println();
            print(statement.executeQuery());
        }
    }

    static void print(ResultSet rows) throws SQLException {
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            StringBuilder line = new StringBuilder();
            for (int i = 1; i <= columns; i++) {
                Object value = rows.getObject(i);
                line.append(value instanceof byte[] bytes ? Arrays.toString(bytes) : value).append('|');
            }
            System.out.println(line);
        }
        rows.close();
    }

    /** What it lists has numbers of its own in each database: only that it can be read. */
    static void count(ResultSet rows) throws SQLException {
        int count = 0;
        while (rows.next()) count++;
        System.out.println(count);
        rows.close();
    }

    static void fails(Connection db, String text) throws SQLException {
        try (Statement statement = db.createStatement()) {
            statement.executeQuery(text);
            System.out.println("no error: " + text);
        } catch (SQLException error) {
            System.out.println("error " + error.getSQLState());
        }
    }

    static void refused(Connection db, String text) throws SQLException {
        if (!isProxied) return;
        try (Statement statement = db.createStatement()) {
            statement.execute(text);
        } catch (SQLException error) {
            if (List.of("42501", "0A000").contains(error.getSQLState())) return;
            throw error;
        }
        throw new AssertionError("not refused: " + text);
    }
}
