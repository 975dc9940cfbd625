"""What psycopg sees of the fixture. Arguments: port, database, and "proxied" where refusals are to be expected."""
import sys

import psycopg
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum

PORT, DATABASE, IS_PROXIED = sys.argv[1], sys.argv[2], sys.argv[3:] == ["proxied"]
DSN = f"host=127.0.0.1 port={PORT} user=employee password=sesame dbname={DATABASE}"


def show(what, cursor):
    print("--", what)
    # Types that a database defines have other numbers in each.
    print([(column.name, column.type_code if column.type_code < 16384 else "own") for column in cursor.description])
    for row in cursor:
        print(row)


def refused(db, statement, parameters=()):
    """Only the proxy refuses it; the session goes on."""
    if not IS_PROXIED:
        return
    try:
        with db.transaction():
            db.execute(statement, parameters)
    except psycopg.Error as error:
        assert error.sqlstate in ("42501", "0A000"), (statement, error)
    else:
        raise AssertionError(f"not refused: {statement}")


with psycopg.connect(DSN) as db:
    register_composite(CompositeInfo.fetch(db, "fix"), db)
    register_enum(EnumInfo.fetch(db, "mood"), db)
    person, number, mail = db.execute("SELECT person, number, mail FROM people WHERE seat = 3").fetchone()
    for binary in (False, True):
        with db.cursor(binary=binary) as cursor:
            print("== binary" if binary else "== text")
            show("all", cursor.execute("SELECT * FROM logins ORDER BY id"))
            show("people", cursor.execute("SELECT * FROM people ORDER BY seat"))
            show("row", cursor.execute("SELECT l.place, (l.place).ip, l.payload -> 'deep' FROM logins l ORDER BY id LIMIT 3"))
            for prepare in (False, True, True):
                show("cell", cursor.execute("SELECT count(*), min(id) FROM logins WHERE ip = %s AND at >= %s AND amount = ANY(%s)",
                                            ("203.0.0.0/16", "2026-03-14 18:00:00+00", [77000, 1]), prepare=prepare))
                show("token", cursor.execute("SELECT id, person FROM logins WHERE number = %s AND mail = %s ORDER BY id",
                                             (number, mail), prepare=prepare))
                show("tokens", cursor.execute("SELECT count(*) FROM logins WHERE number = ANY(%s)", ([number],), prepare=prepare))
                show("parameters", cursor.execute("SELECT id FROM logins WHERE mood = %s AND day > %s AND tags @> %s AND ratio < %s ORDER BY id",
                                                  ("good", "2026-03-05", ["a\"b"], 7.5), prepare=prepare))
            show("joined", cursor.execute("SELECT p.person, count(*), min(l.ip::text) FROM logins l JOIN people p USING (person) "
                                          "GROUP BY p.seat, p.person ORDER BY p.seat"))
        with db.transaction(), db.cursor("pages", binary=binary, scrollable=True) as pages:
            pages.itersize = 7
            pages.execute("SELECT id, ip, person FROM logins WHERE id > %s ORDER BY id", (5,))
            print("-- cursor", pages.fetchmany(3), pages.fetchone())
            pages.scroll(2, mode="absolute")
            print(list(pages))
        form = "binary" if binary else "text"
        with db.cursor().copy(f"COPY (SELECT id, person, number, mail, ip, lat, at, note FROM logins ORDER BY id) TO STDOUT (FORMAT {form})") as copy:
            copy.set_types(["int4", "uuid", "int8", "text", "inet", "float8", "timestamptz", "text"])
            print("-- copy", list(copy.rows()))
    with db.cursor().copy("COPY (SELECT * FROM recent ORDER BY id) TO STDOUT (FORMAT csv, HEADER)") as copy:
        print("-- csv", b"".join(copy).decode())
    db.commit()
    with db.pipeline() as pipeline:
        cursors = [db.execute("SELECT ip FROM logins WHERE id = %s", (n,)) for n in range(1, 20)]
        pipeline.sync()
        print("-- pipeline", [cursor.fetchone() for cursor in cursors])
    try:
        with db.pipeline():
            db.execute("SELECT 1")
            db.execute("SELECT 1 / 0")
            db.execute("SELECT 2")
    except psycopg.Error as error:
        print("-- error in a pipeline", error.sqlstate)
    db.rollback()
    for statement in ("SELECT nothing FROM logins", "SELECT 1 / 0", "SELEC", "SELECT * FROM nowhere", "SELECT 'x'::int"):
        try:
            with db.transaction():
                db.execute(statement)
        except psycopg.Error as error:
            print("-- error", error.sqlstate, type(error).__name__)
    db.execute("SELECT 1")
    try:
        db.execute("SELECT 1 / 0")
    except psycopg.errors.DivisionByZero:
        print("-- state", db.info.transaction_status.name)
    db.rollback()
    refused(db, "SELECT 1 FROM logins WHERE person = %s", (person,))
    refused(db, "SELECT 1 FROM logins WHERE mail = %s", ("canary1@example.com",))
    refused(db, "SELECT 1 FROM people WHERE number > %s", (5,))
    refused(db, "COPY logins FROM STDIN")
    db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    db.read_only = True
    print("-- read only", db.execute("SELECT count(*) FROM logins").fetchone())
