"""What drivers do, printed, so that two servers can be compared. Arguments: host, port."""
import asyncio
import datetime
import ipaddress
import sys
import uuid

import asyncpg
import psycopg

HOST, PORT = sys.argv[1], int(sys.argv[2])
DSN = f"host={HOST} port={PORT} user=postgres dbname=postgres"
ID = uuid.UUID("550e8400-e29b-41d4-a716-446655440000")
VALUES = [7, -(2**62), 0.1, "ä'\\", b"\0\xff", True, None, ID, ipaddress.ip_address("203.0.113.7"),
          datetime.datetime(2024, 1, 2, 3, 4, 5, 6, datetime.timezone.utc), [1, None, 3], ["a,b", "{}"], {"a": [1]}]


def error(thing):
    try:
        thing()
    except psycopg.Error as problem:
        print("error", problem.sqlstate)


def broken_pipeline(db):
    # The error is raised by whichever call comes after its arrival.
    with db.pipeline() as pipeline:
        db.execute("SELECT 1 / 0")
        db.execute("SELECT 5")
        pipeline.sync()


def with_psycopg(binary):
    with psycopg.connect(DSN, autocommit=True) as db:
        for value in VALUES:
            if isinstance(value, dict):
                value = psycopg.types.json.Jsonb(value)
            cursor = db.execute("SELECT %s", [value], binary=binary)
            print(cursor.description[0].type_code, cursor.fetchone())
        for n in range(12):  # prepared by the driver from the sixth on
            print(db.execute("SELECT g, g * %s FROM generate_series(1, %s) g", [n, 3], binary=binary).fetchall())
        error(lambda: db.execute("SELECT 1 / %s", [0]))
        error(lambda: db.execute("SELECT 1; SELECT %s", [0]))
        with db.pipeline() as pipeline:
            first = db.execute("SELECT %s::int", [1], prepare=True)
            second = db.execute("SELECT %s::int", [2], prepare=True)
            pipeline.sync()
            print(first.fetchone(), second.fetchone())
        error(lambda: broken_pipeline(db))
        print(db.execute("SELECT 'after'").fetchone())
        with db.transaction():
            error(lambda: print(db.execute("SELECT nothing").fetchone()))
    with psycopg.connect(DSN) as db:
        with db.cursor("c", binary=binary) if not binary else db.cursor("c") as cursor:
            cursor.itersize = 10
            cursor.execute("SELECT g FROM generate_series(1, 35) g")
            print(sum(row[0] for row in cursor))
        with db.cursor().copy("COPY (SELECT 1, 'a\tb', NULL::int) TO STDOUT") as copy:
            print(list(copy.rows()))
        with db.cursor().copy("COPY (SELECT 1, 'x') TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            print(list(copy.rows()))
        with db.cursor().copy("COPY (SELECT repeat('x', 5000000)) TO STDOUT") as copy:
            print(sum(len(piece) for piece in copy))
        print(len(db.execute("SELECT repeat('x', 20000000)").fetchone()[0]))
        db.rollback()


async def with_asyncpg():
    db = await asyncpg.connect(host=HOST, port=PORT, user="postgres", database="postgres")
    for value, kind in zip(VALUES, "int int8 float8 text bytea bool int uuid inet timestamptz int[] text[]".split()):
        print(await db.fetchval(f"SELECT $1::{kind}", value))
    statement = await db.prepare("SELECT g, g::text, g::float8 FROM generate_series(1, $1::int) g")
    print(statement.get_parameters(), [column.type.name for column in statement.get_attributes()])
    print([tuple(row) for row in await statement.fetch(5)])
    async with db.transaction():
        print([row["g"] async for row in db.cursor("SELECT g FROM generate_series(1, 130) g", prefetch=50)][-3:])
        cursor = await db.cursor("SELECT g FROM generate_series(1, 30) g")
        print(await cursor.fetch(2), await cursor.forward(3), await cursor.fetchrow())
    try:
        async with db.transaction():
            await db.execute("SELECT 1/0")
    except asyncpg.DivisionByZeroError as problem:
        print(problem.sqlstate)
    pieces = []

    async def keep(piece):
        pieces.append(piece)

    await db.copy_from_query("SELECT g, NULL FROM generate_series(1, $1) g", 3, output=keep, format="csv", header=True)
    print(b"".join(pieces))
    try:
        await db.fetch("SELECT pg_sleep(30)", timeout=0.3)
    except asyncio.TimeoutError:
        print("timeout")
    print(await db.fetchval("SELECT 'after'"))
    await asyncio.gather(*[one(n) for n in range(20)])
    await db.close()


async def one(n):
    db = await asyncpg.connect(host=HOST, port=PORT, user="postgres", database="postgres")
    assert [row[0] for row in await db.fetch("SELECT g + $1 FROM generate_series(1, 1000) g", n)][-1] == 1000 + n
    await db.close()


with_psycopg(False)
with_psycopg(True)
asyncio.run(with_asyncpg())
