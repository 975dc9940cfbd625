"""Invented people and what they did, in three databases, for the long comparison of statements.

Two worlds, `soak_a` and `soak_b`, agree in every cell of the policy and in nothing below: other hosts in the same network,
other minutes in the same hour, other identifiers, one for one. The third, `soak_coarse`, is what the proxy's own COPY gives of
the first, loaded into tables: identifiers there *are* the pseudonyms, so that answers compare without translation.

Invariant: rows stand in the same physical order everywhere, and nothing about that order follows a raw value.
Not here: statements (generate.py), servers (lab.py).
"""

import ipaddress
import json
import random
import uuid

PEOPLE, PLACES, VISITS, EVENTS, METRICS = 24, 12, 150, 80, 40

TYPES = """
CREATE DOMAIN public.ip_addr AS inet;
CREATE TYPE public.mood AS ENUM ('calm', 'glad', 'grim');
CREATE TYPE public.fix AS (lat float8, lon float8, ip inet, label text);
"""

# Name, type, treatment, and what generators call the type: identifiers have one for each domain.
TABLES = {
    "people": [
        ("n", "int PRIMARY KEY", None, "int"),
        ("id", "uuid", "person", "id person"),
        ("num", "bigint", "number", "id number"),
        ("handle", "text", "handle", "id handle"),
        ("email", "text", "mail", "id mail"),
        ("name", "varchar(40)", "suppress", "text"),
        ("phone", "text", "redacted", "text"),
        ("born", "date", "year", "date"),
        ("joined", "timestamptz", "day", "timestamptz"),
        ("score", "numeric(8,2)", "tens", "numeric"),
        ("steps", "int", "hundreds", "int"),
        ("country", "text", None, "text"),
        ("team", "smallint", None, "int"),
        ("active", "bool", None, "bool"),
        ("mood", "public.mood", None, "mood"),
        ("tags", "text[]", None, "text[]"),
    ],
    "visits": [
        ("n", "int PRIMARY KEY", None, "int"),
        ("person", "uuid", "person", "id person"),
        ("num", "bigint", "number", "id number"),
        ("ip", "inet", "coarse-ip", "inet"),
        ("ip_dom", "public.ip_addr", "coarse-ip", "inet"),
        ("ip_text", "text", "coarse-ip", "text"),
        ("net", "cidr", "coarse-ip", "inet"),
        ("hops", "inet[]", "coarse-ip", "inet[]"),
        ("lat", "float8", "area", "float"),
        ("lon", "numeric(9,6)", "area", "numeric"),
        ("alt", "real", "tens", "float"),
        ("port", "int", "hundreds", "int"),
        ("bytes", "bigint", "hundreds", "bigint"),
        ("at", "timestamptz", "hour", "timestamptz"),
        ("local", "timestamp", "hour", "timestamp"),
        ("day", "date", "month", "date"),
        ("mac", "macaddr", "suppress", "macaddr"),
        ("note", "text", "scrub", "text"),
        ("payload", "jsonb", "payload", "jsonb"),
        ("doc", "json", "doc", "json"),
        ("fix", "public.fix", "fix", "fix"),
        ("kind", "text", None, "text"),
        ("ok", "bool", None, "bool"),
        ("took", "interval", None, "interval"),
        ("place", "int", None, "int"),
        ("tags", "text[]", None, "text[]"),
    ],
    "events": [
        ("n", "int", None, "int"),
        ("month", "date", None, "date"),
        ("person", "uuid", "person", "id person"),
        ("handle", "text", "handle", "id handle"),
        ("ip", "inet", "coarse-ip", "inet"),
        ("at", "timestamptz", "hour", "timestamptz"),
        ("amount", "numeric", "tens", "numeric"),
        ("what", "text", None, "text"),
    ],
    "places": [
        ("n", "int PRIMARY KEY", None, "int"),
        ("label", "text", None, "text"),
        ("country", "text", None, "text"),
        ("weight", "float8", None, "float"),
        ("size", "int", None, "int"),
        ("info", "jsonb", None, "jsonb"),
        ("span", "int4range", None, "int4range"),
    ],
    "metrics": [
        ("n", "int PRIMARY KEY", None, "int"),
        ("at", "timestamptz", None, "timestamptz"),
        ("country", "text", None, "text"),
        ("value", "numeric(10,3)", None, "numeric"),
        ("hits", "bigint", None, "bigint"),
        ("net", "inet", None, "inet"),
    ],
}

VIEWS = {
    "v_visits": (
        "SELECT v.n, v.person, v.ip, v.lat, v.at, v.kind, p.country, p.born, p.score FROM public.visits v JOIN public.people p"
        " ON p.id = v.person",
        [("n", "int"), ("person", "id person"), ("ip", "inet"), ("lat", "float"), ("at", "timestamptz"), ("kind", "text"),
         ("country", "text"), ("born", "date"), ("score", "numeric")],
        "n",
    ),
    "v_hours": (
        "SELECT at, ip, count(*) AS visits, count(DISTINCT person) AS people, max(port) AS port FROM public.visits"
        " WHERE ok GROUP BY at, ip",
        [("at", "timestamptz"), ("ip", "inet"), ("visits", "bigint"), ("people", "bigint"), ("port", "int")],
        None,
    ),
}

POLICY = """
[keys]
current = "soak"
[keys.ring]
"soak" = {{ file = "{key}" }}

[treatments]
coarse-ip = {{ truncate = {{ ipv4 = 16, ipv6 = 32 }} }}
person    = {{ pseudonymize = {{ domain = "person" }} }}
number    = {{ pseudonymize = {{ domain = "number" }} }}
mail      = {{ pseudonymize = {{ domain = "mail" }} }}
handle    = {{ tokenize = {{ domain = "handle" }} }}
area      = {{ grid = {{ degrees = 0.1 }} }}
hour      = {{ floor = {{ to = "hour" }} }}
day       = {{ floor = {{ to = "day" }} }}
month     = {{ floor = {{ to = "month" }} }}
year      = {{ floor = {{ to = "year" }} }}
tens      = {{ bucket = {{ width = 10 }} }}
hundreds  = {{ bucket = {{ width = 100 }} }}
redacted  = {{ redact = {{ with = "gone" }} }}

[[stores]]
name     = "soak"
protocol = "postgres"
listen   = "127.0.0.1:0"
upstream = "127.0.0.1:{port}"
unlisted = "pass"

[stores.fields]
{fields}
"""
CONTAINERS = {
    "scrub": '{ scrub = { ip = "coarse-ip" } }',
    "fix": '{ fields = { lat = "area", lon = "area", ip = "coarse-ip" } }',
    "payload": '{ json = { "$.ip" = "coarse-ip", "$.path[*].hop" = "coarse-ip", "$.geo.lat" = "area", "$.port" = "hundreds" } }',
    "doc": '{ json = { "$.user" = "person", "$.ip" = "coarse-ip" } }',
}


def policy(port, key):
    lines = []
    for table, columns in TABLES.items():
        for name, _, treatment, _ in columns:
            if treatment:
                rule = CONTAINERS.get(treatment, f'"{treatment}"')
                lines.append(f'"public.{table}.{name}" = {rule}')
    return POLICY.format(port=port, key=key, fields="\n".join(lines))


def schema(coarse):
    """Statements that make the tables; in the coarse copy domains are their base types, as the proxy sends them."""
    yield TYPES
    for table, columns in TABLES.items():
        typed = []
        for name, sql_type, _, _ in columns:
            typed.append(f"{name} {sql_type.replace('public.ip_addr', 'inet') if coarse else sql_type}")
        tail = " PARTITION BY RANGE (month)" if table == "events" else ""
        yield f"CREATE TABLE public.{table} ({', '.join(typed)}){tail};"
    for month in (1, 2, 3):
        yield (f"CREATE TABLE public.events_{month} PARTITION OF public.events"
               f" FOR VALUES FROM ('2024-0{month}-01') TO ('2024-0{month + 1}-01');")


def after(coarse):
    """What comes when rows are there: indexes that would show raw order (not where nothing is raw), views, rights."""
    if not coarse:
        for table, column in (("people", "id"), ("people", "num"), ("people", "handle"), ("visits", "person"), ("visits", "ip"),
                              ("visits", "at"), ("visits", "num"), ("events", "person"), ("people", "email")):
            yield f"CREATE INDEX ON public.{table} ({column});"
    for name, (definition, _, _) in VIEWS.items():
        yield f"CREATE VIEW public.{name} AS {definition};"
    yield "GRANT SELECT ON ALL TABLES IN SCHEMA public TO soak_employee; ANALYZE;"


class World:
    """Rows of one world. What is public comes from one generator, what lies below the cells from another."""

    def __init__(self, name):
        self.shared = random.Random("cells")
        self.own = random.Random("below " + name)
        self.raw = set()
        self.names = [self.token() for _ in range(PEOPLE)]

    def keep(self, text):
        self.raw.add(text)
        return text

    def token(self):
        own = self.own
        return {
            "id": self.keep(str(uuid.UUID(int=own.getrandbits(128), version=4))),
            "num": int(self.keep(str(own.randrange(10**11, 10**12)))),
            "handle": self.keep("h" + "".join(own.choice("bcdfghjklmnp") for _ in range(own.randrange(9, 14)))),
            "email": self.keep("".join(own.choice("bcdfghjklm") for _ in range(own.randrange(8, 12))) + "@example.com"),
        }

    def address(self, kind=None):
        shared, own = self.shared, self.own
        net = shared.choice(("203.0", "198.51", "192.0", "10.7"))
        six = shared.choice(("2001:db8", "2001:db9"))
        roll = shared.random()
        host = f"{own.randrange(30, 250)}.{own.randrange(11, 250)}"
        if roll < 0.7 or kind == "4":
            return self.keep(f"{net}.{host}")
        if roll < 0.9:
            return self.keep(str(ipaddress.ip_address(f"{six}:{own.randrange(4096, 65535):x}::{own.randrange(4096, 65535):x}")))
        return self.keep(f"::ffff:{net}.{host}")

    def degrees(self, low, high):
        cell = self.shared.randrange(low * 10, high * 10)
        text = f"{cell // 10}.{cell % 10}{self.own.randrange(12345, 98765)}"
        return self.keep(text)

    def moment(self, zone=True):
        shared, own = self.shared, self.own
        text = f"2024-0{shared.randrange(1, 4)}-{shared.randrange(1, 9):02d} {shared.choice((0, 3, 3, 9, 14, 23)):02d}"
        text = self.keep(f"{text}:{own.randrange(1, 60):02d}:{own.randrange(1, 60):02d}")
        return text + ("+00" if zone else "")

    def bucketed(self, width, cells, digits=0):
        base = self.shared.randrange(cells) * width
        below = self.own.randrange(1, width * 10**digits)
        return f"{base + below / 10**digits:.{digits}f}" if digits else base + below

    def maybe(self, value, share=0.08):
        return None if self.shared.random() < share else value

    def people(self):
        shared, own = self.shared, self.own
        for n, name in enumerate(self.names, 1):
            yield [n, name["id"], name["num"], name["handle"], self.maybe(name["email"]),
                   self.keep("Name " + "".join(own.choice("qwxzvk") for _ in range(8))), self.keep(f"+1-555-{own.randrange(10**6, 10**7)}"),
                   f"{shared.randrange(1950, 2010)}-{own.randrange(1, 13):02d}-{own.randrange(1, 29):02d}", self.moment(),
                   self.maybe(self.bucketed(10, 6, 2)), self.maybe(self.bucketed(100, 5)), shared.choice(("DE", "FR", "US", "PL")),
                   shared.randrange(1, 4), self.maybe(shared.random() < 0.6), shared.choice(("calm", "glad", "grim")),
                   "{" + ",".join(shared.sample(["red", "blue", "green"], shared.randrange(3))) + "}"]

    def visits(self):
        shared = self.shared
        for n in range(1, VISITS + 1):
            who = self.names[min(shared.randrange(PEOPLE), shared.randrange(PEOPLE))]
            ip = self.address()
            other = self.address("4")
            hops = [self.address() for _ in range(shared.randrange(3))]
            day = f"2024-0{shared.randrange(1, 4)}-{self.own.randrange(1, 29):02d}"
            four = self.address("4")
            net = ".".join(four.split(".")[:3]) + ".0/24"
            payload = {"ip": self.address(), "path": [{"hop": self.address(), "ms": shared.randrange(40)} for _ in range(shared.randrange(3))],
                       "geo": {"lat": float(self.degrees(40, 42)), "name": shared.choice(("north", "south"))},
                       "port": self.bucketed(100, 4), "tags": shared.sample(["x", "y", "z"], 2), "n": shared.randrange(9)}
            doc = {"user": who["id"], "ip": self.address(), "n": shared.randrange(5)}
            fix = f"({self.degrees(40, 43)},{self.degrees(2, 4)},{self.address('4')},{shared.choice(('a', 'b'))})"
            note = shared.choice((f"seen at {other} twice", "nothing here", f"from {other}, then {four}", ""))
            mac = self.keep(":".join(f"{self.own.randrange(256):02x}" for _ in range(6)))
            yield [n, self.maybe(who["id"]), who["num"], self.maybe(ip), self.maybe(other), shared.choice((other, other, "unknown", None)), net,
                   self.maybe("{" + ",".join(hops) + "}"), self.maybe(self.degrees(40, 43)), self.degrees(2, 4),
                   self.bucketed(10, 5, 1), self.maybe(self.bucketed(100, 6)), self.bucketed(100, 9), self.maybe(self.moment()),
                   self.moment(zone=False), day, mac, self.maybe(note), self.maybe(json.dumps(payload)), self.maybe(json.dumps(doc)),
                   self.maybe(fix), shared.choice(("web", "app", "api")), self.maybe(shared.random() < 0.5),
                   f"{shared.randrange(90)} minutes", self.maybe(shared.randrange(1, PLACES + 1)),
                   "{" + ",".join(shared.sample(["red", "blue", "green"], shared.randrange(3))) + "}"]

    def events(self):
        shared = self.shared
        for n in range(1, EVENTS + 1):
            who = self.names[shared.randrange(PEOPLE)]
            yield [n, f"2024-0{shared.randrange(1, 4)}-{shared.randrange(1, 28):02d}", self.maybe(who["id"]), who["handle"], self.address(),
                   self.moment(), self.maybe(self.bucketed(10, 8, 2)), shared.choice(("buy", "look", "leave"))]

    def places(self):
        shared = self.shared
        for n in range(1, PLACES + 1):
            low = shared.randrange(20)
            yield [n, f"place {n % 5}", shared.choice(("DE", "FR", "US")), shared.randrange(100) / 4, shared.randrange(50),
                   json.dumps({"n": n, "k": shared.choice(("s", "t")), "list": list(range(n % 4))}), f"[{low},{low + shared.randrange(1, 9)})"]

    def metrics(self):
        shared = self.shared
        for n in range(1, METRICS + 1):
            yield [n, f"2024-0{shared.randrange(1, 4)}-0{shared.randrange(1, 9)} {shared.randrange(24):02d}:{shared.randrange(60):02d}:00+00",
                   shared.choice(("DE", "FR", "US", "PL")), f"{shared.randrange(10**5) / 1000:.3f}", shared.randrange(1000),
                   f"{shared.choice(('203.0', '198.51', '10.7'))}.0.0/16"]


def copy_text(row):
    """A row in COPY's text form."""
    def cell(value):
        if value is None:
            return "\\N"
        if isinstance(value, bool):
            return "t" if value else "f"
        return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    return "\t".join(cell(value) for value in row) + "\n"
