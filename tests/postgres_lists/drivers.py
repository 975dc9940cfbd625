"""What drivers and SQLAlchemy do when they connect, let go of a connection, and look at a database. Argument: port."""
import asyncio
import sys

import asyncpg
import psycopg
import psycopg2.extras
import sqlalchemy

PORT = sys.argv[1]
DSN = f"host=127.0.0.1 port={PORT} user=postgres dbname=postgres"


def reflect(driver):
    engine = sqlalchemy.create_engine(f"postgresql+{driver}://postgres@127.0.0.1:{PORT}/postgres", pool_pre_ping=True)
    found = sqlalchemy.MetaData()
    found.reflect(engine, schema="shop", views=True)
    assert {"shop.visits", "shop.orders"} <= set(found.tables), found.tables
    look = sqlalchemy.inspect(engine)
    assert "shop" in look.get_schema_names()
    look.get_sequence_names("shop")
    look.get_enums("shop")
    look.get_materialized_view_names("shop")
    for table in look.get_table_names("shop"):
        look.get_table_comment(table, "shop")
        look.get_check_constraints(table, "shop")
        look.get_unique_constraints(table, "shop")
        look.get_indexes(table, "shop")
    look.get_view_definition("recent", "shop")
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as db:
        db.execute(sqlalchemy.text("SET LOCAL statement_timeout = '5s'"))
        assert db.execute(sqlalchemy.text("SELECT count(*) FROM shop.visits")).scalar() == 0
    engine.dispose()


async def pooled():
    pool = await asyncpg.create_pool(host="127.0.0.1", port=int(PORT), user="postgres", database="postgres", min_size=1, max_size=1,
                                     server_settings={"jit": "off"})
    for _ in range(2):
        async with pool.acquire() as db:
            await db.execute("SET statement_timeout = '5s'")
            assert await db.fetch("SELECT spot, mood, label, net FROM shop.visits") == []
            assert await db.fetchval("SELECT $1::shop.mood", "good") == "good"
            await db.set_type_codec("jsonb", encoder=str, decoder=str, schema="pg_catalog")
    await pool.close()


with psycopg.connect(DSN, autocommit=True) as db:
    assert psycopg.types.TypeInfo.fetch(db, "shop.mood") is not None
    assert psycopg.types.composite.CompositeInfo.fetch(db, "shop.spot") is not None
    assert psycopg.types.enum.EnumInfo.fetch(db, "shop.mood") is not None
    assert psycopg.types.range.RangeInfo.fetch(db, "int4range") is not None
    db.execute("SET application_name TO 'x'")
with psycopg2.connect(DSN) as db:
    db.set_client_encoding("UTF8")
    db.set_session(isolation_level="serializable", readonly=True)
    psycopg2.extras.register_composite("shop.spot", db)
    db.reset()
reflect("psycopg")
reflect("psycopg2")
asyncio.run(pooled())
