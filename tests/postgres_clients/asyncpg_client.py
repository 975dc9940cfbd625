"""What asyncpg, which asks for binary, sees of the fixture. Arguments: port, database, and "proxied" where refusals are to be expected."""
import asyncio
import io
import sys

import asyncpg

PORT, DATABASE, IS_PROXIED = int(sys.argv[1]), sys.argv[2], sys.argv[3:] == ["proxied"]


async def refused(db, statement, *parameters):
    if not IS_PROXIED:
        return
    try:
        await db.fetch(statement, *parameters)
    except asyncpg.PostgresError as error:
        assert error.sqlstate in ("42501", "0A000"), (statement, error)
    else:
        raise AssertionError(f"not refused: {statement}")


async def look(db):
    for row in await db.fetch("SELECT * FROM logins ORDER BY id"):
        print(tuple(row.items()))
    for row in await db.fetch("SELECT * FROM people ORDER BY seat"):
        print(tuple(row.items()))
    statement = await db.prepare("SELECT id, ip, person, place, mood FROM logins WHERE ip = $1 AND id = ANY($2) ORDER BY id")
    print([(column.name, column.type.name) for column in statement.get_attributes()], [kind.name for kind in statement.get_parameters()])
    for ids in ([1, 2], [3], []):
        print(await statement.fetch("203.0.0.0/16", ids))
    number, mail = await db.fetchrow("SELECT number, mail FROM people WHERE seat = 3")
    print(await db.fetch("SELECT id, person FROM logins WHERE number = $1 AND mail = $2 ORDER BY id", number, mail))
    print(await db.fetchval("SELECT count(*) FROM logins WHERE mail = ANY($1::text[])", [mail]))
    async with db.transaction():
        pages = []
        async for row in db.cursor("SELECT id, at, ip FROM logins ORDER BY id", prefetch=7):
            pages.append(tuple(row))
        print(pages)
        cursor = await db.cursor("SELECT id, mail FROM logins ORDER BY id")
        await cursor.forward(5)
        print(await cursor.fetch(3), await cursor.fetchrow())
        try:
            async with db.transaction():
                await db.fetch("SELECT 1 / 0")
        except asyncpg.DivisionByZeroError as error:
            print("error", error.sqlstate)
        print(await db.fetchval("SELECT 'still here'"))
    for form in ("text", "csv", "binary"):
        out = io.BytesIO()
        print(await db.copy_from_query("SELECT id, person, mail, ip, hops, at FROM logins WHERE id > $1 ORDER BY id", 30, output=out, format=form))
        print(out.getvalue())
    print(await db.copy_from_table("people", columns=["seat", "number"], output=io.BytesIO()))
    await refused(db, "SELECT 1 FROM people WHERE number > $1", 5)
    await refused(db, "SELECT 1 FROM people WHERE mail = $1", "canary1@example.com")
    await refused(db, "SELECT pg_read_file('PG_VERSION')")
    print(await db.fetchval("SELECT count(*) FROM logins"))


async def main():
    async with asyncpg.create_pool(host="127.0.0.1", port=PORT, user="employee", password="sesame", database=DATABASE,
                                   min_size=1, max_size=3) as pool:
        for _ in range(2):
            async with pool.acquire() as db:
                await look(db)
        print(await asyncio.gather(*(pool.fetchval("SELECT ip FROM logins WHERE id = $1", n) for n in range(1, 13))))


asyncio.run(main())
