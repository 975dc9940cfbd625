"""What SQLAlchemy (with both drivers) and pandas see of the fixture. Arguments: port, database."""
import datetime
import sys
import warnings

import pandas
import sqlalchemy
from sqlalchemy import func, select
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.orm import Session

PORT, DATABASE = sys.argv[1], sys.argv[2]
# Types that only this database knows are reflected as nothing in particular.
warnings.simplefilter("ignore", sqlalchemy.exc.SAWarning)


def reflect(engine):
    found = sqlalchemy.MetaData()
    found.reflect(engine, views=True)
    for table in found.sorted_tables:
        print(table.name, table.comment)
        for column in table.columns:
            print(column.name, repr(column.type), column.nullable, column.primary_key, column.comment, column.server_default and column.server_default.arg)
            print([key.target_fullname for key in column.foreign_keys])
        print(sorted(str(index.name) for index in table.indexes), sorted(str(constraint.name) for constraint in table.constraints))
    look = sqlalchemy.inspect(engine)
    print(look.get_view_definition("recent"), look.get_enums(), look.default_schema_name)


def ask(engine):
    base = automap_base()
    base.prepare(autoload_with=engine)
    people, logins = base.classes.people, base.classes.logins
    with Session(engine) as session:
        print(session.get(logins, 7).ip, session.get(people, 3).person)
        print(session.execute(select(logins.ip, func.count()).group_by(logins.ip).order_by(logins.ip)).all())
        print([len(one.logins_collection) for one in session.scalars(select(people).order_by(people.seat))])
        print(session.scalars(select(logins.id).where(logins.at >= datetime.datetime(2026, 3, 14, 18, tzinfo=datetime.timezone.utc), logins.mood == "good").order_by(logins.id)).all())
        mail = session.scalar(select(people.mail).where(people.seat == 3))
        print(session.scalars(select(logins.id).where(logins.mail.in_([mail])).order_by(logins.id)).all())
        for rows in session.execute(select(logins.id, logins.note).order_by(logins.id), execution_options={"yield_per": 9}).partitions():
            print([tuple(row) for row in rows])


def show(logins):
    # psycopg2 gives views of memory, which print where they are.
    logins["bytes"] = logins["bytes"].map(bytes, na_action="ignore")
    print(logins.dtypes.to_string(), logins.drop(columns="place").to_csv())


def load_table(engine):
    logins = pandas.read_sql_table("logins", engine, index_col="id").sort_index()
    show(logins)


def load(engine):
    logins = pandas.read_sql_query("SELECT * FROM logins ORDER BY id", engine, index_col="id")
    show(logins)
    query = sqlalchemy.text("SELECT ip::text AS cell, count(*) AS n, avg(lat) AS lat FROM logins WHERE id > :least GROUP BY 1 ORDER BY 1")
    print(pandas.read_sql_query(query, engine, params={"least": 3}).to_string())
    with engine.connect() as db:
        for piece in pandas.read_sql_query("SELECT id, ip, at, person FROM logins ORDER BY id", db, chunksize=15):
            print(piece.to_csv())


for driver in ("psycopg", "psycopg2"):
    one = sqlalchemy.create_engine(f"postgresql+{driver}://employee:sesame@127.0.0.1:{PORT}/{DATABASE}", pool_pre_ping=True)
    print("==", driver)
    if driver == "psycopg2":
        # With psycopg, `current_setting($1)` is asked, which the proxy does not answer yet.
        reflect(one)
        ask(one)
        load_table(one)
    load(one)
    one.dispose()
