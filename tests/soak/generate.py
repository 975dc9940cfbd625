"""Statements at random: joins, groupings, windows, set operations, CTEs, LATERAL, subqueries in every place.

A statement is made from its number and the seed alone. Each says what may be compared: `open` that its answer depends on an order
that it leaves open, `order` which columns of the answer must come in the same sequence.
Not here: expressions (expressions.py), what an answer should be (judge.py).
"""

import random
import re
from dataclasses import dataclass, field

import fixture
from expressions import COMPARABLE, PLAIN, WANTED, Expressions

IDS = ["id person", "id number", "id handle", "id mail"]
SIMPLE = re.compile(r"\w+(\.\w+)?\Z")
PARAMETERS = {"int": ("int", lambda r: str(r.randrange(6))), "text": ("text", lambda r: r.choice(("web", "DE", "it's", ""))),
              "inet": ("inet", lambda r: r.choice(("203.0.0.0/16", "10.7.0.0/16"))), "numeric": ("numeric", lambda r: r.choice(("10", "3.2"))),
              "timestamptz": ("timestamptz", lambda r: "2024-01-03 09:00Z"), "bool": ("bool", lambda r: r.choice("tf"))}


@dataclass
class Statement:
    """One statement and what is known of it."""

    number: int
    sql: str = ""
    how: str = "simple"
    binary: bool = False
    parameters: list = field(default_factory=list)
    open: bool = False
    order: list = field(default_factory=list)
    features: set = field(default_factory=set)


@dataclass
class Query:
    """A query in the making: its text, the names and types of its columns, whether its rows are in doubt."""

    sql: str
    columns: list


@dataclass
class Scope:
    """What a FROM clause offers: text, columns, and columns that together tell every row from every other (or None)."""

    sql: str
    columns: list
    key: list


class Generator:
    """Makes one statement."""

    def __init__(self, seed, number):
        self.random = random.Random(f"{seed} {number}")
        self.statement = Statement(number)
        self.names = 0
        self.ctes = []
        self.loose_kinds = True
        roll = self.random.random()
        how = "simple" if roll < 0.55 else "extended" if roll < 0.84 else "copy" if roll < 0.92 else "cursor"
        self.statement.how = how
        self.statement.binary = how == "extended" and self.random.random() < 0.5
        self.expressions = Expressions(self.random, self.sublink, self.parameter if how == "extended" else None)

    def note(self, feature):
        self.statement.features.add(feature)

    def chance(self, share):
        return self.random.random() < share

    def pick(self, choices):
        return self.random.choice(choices)

    def name(self, letter="t"):
        self.names += 1
        return f"{letter}{self.names}"

    def parameter(self, kind, text):
        if kind not in PARAMETERS:
            return text
        self.note("parameter")
        sql_type, value = PARAMETERS[kind]
        self.statement.parameters.append(value(self.random))
        return f"${len(self.statement.parameters)}" + ("" if kind == "text" and self.chance(0.1) else f"::{sql_type}")

    def make(self, kind, columns, depth=2):
        return self.expressions.make(kind, columns, depth)

    # FROM

    def source(self, depth, outer):
        """One item of FROM."""
        roll = self.random.random()
        if self.ctes and roll < 0.25:
            name, columns = self.pick(self.ctes)
            alias = self.name()
            return Scope(f"{name} AS {alias}", [(f"{alias}.{column}", kind) for column, kind in columns], None)
        if depth > 0 and roll < 0.42:
            alias = self.name()
            lateral = bool(outer) and self.chance(0.6)
            if lateral:
                self.note("lateral")
            query = self.query(depth - 1, outer=outer if lateral else [])
            self.note("subquery in FROM")
            return Scope(f"{'LATERAL ' if lateral else ''}({query.sql}) AS {alias}", [(f"{alias}.{c}", k) for c, k in query.columns], None)
        if outer and roll < 0.55:
            return self.function(outer)
        if roll < 0.56 and roll > 0.53:
            self.note("values")
            alias = self.name()
            kinds = [self.pick(PLAIN) for _ in range(2)]
            rows = ", ".join("(" + ", ".join(self.expressions.literal(kind) for kind in kinds) + ")" for _ in range(3))
            return Scope(f"(VALUES {rows}) AS {alias}(x, y)", [(f"{alias}.x", kinds[0]), (f"{alias}.y", kinds[1])], None)
        return self.table()

    def table(self, name=None):
        if name is None and self.chance(0.12):
            view = self.pick(sorted(fixture.VIEWS))
            self.note("view")
            alias = self.name()
            _, columns, key = fixture.VIEWS[view]
            return Scope(f"{view} AS {alias}", [(f"{alias}.{c}", k) for c, k in columns], [f"{alias}.{key}"] if key else None)
        table = name or self.pick(["people", "people", "visits", "visits", "visits", "events", "events", "places", "metrics"])
        alias = self.name()
        columns = [(f"{alias}.{column}", kind) for column, _, _, kind in fixture.TABLES[table]]
        schema = "public." if self.chance(0.3) else ""
        return Scope(f"{schema}{table}{' AS' if self.chance(0.5) else ''} {alias}", columns, [f"{alias}.n"])

    def function(self, outer):
        """A function in FROM over what stands left of it."""
        self.note("function in FROM")
        alias = self.name()
        choices = [("generate_series(1, coalesce({int}, 0) % 4)", [("int")], ""), ("unnest({inet[]}) WITH ORDINALITY", ["inet", "bigint"], ""),
                   ("jsonb_array_elements({list})", ["jsonb"], ""), ("unnest({text[]}, {inet[]})", ["text", "inet"], ""),
                   ("jsonb_each_text({jsonb column})", ["text", "text"], ""), ("string_to_table({text}, ' ')", ["text"], ""),
                   ("jsonb_path_query({jsonb}, '$.path[*].hop')", ["jsonb"], ""), ("regexp_matches({text}, '([a-z]+)')", ["text[]"], ""),
                   ("jsonb_to_record({jsonb column})", ["text", "int"], "(ip text, n int)")]
        template, kinds, definition = self.pick(choices)
        call = self.expressions.fill(template, None, outer, 1)
        names = ["ip", "n"] if definition else [f"x{index}" for index, _ in enumerate(kinds)]
        definition = definition or "(" + ", ".join(names) + ")"
        return Scope(f"{self.pick(('', 'LATERAL '))}{call} AS {alias}{definition}", [(f"{alias}.{n}", k) for n, k in zip(names, kinds)], None)

    def scope(self, depth, outer):
        left = self.source(depth, [])
        for _ in range(self.pick((0, 0, 0, 1, 1, 2))):
            left = self.join(left, depth)
        self.note("join" if " JOIN " in left.sql or ", " in left.sql else "one table")
        return Scope(left.sql, left.columns + [(text, kind) for text, kind in outer if SIMPLE.match(text)], left.key)

    def join(self, left, depth):
        lateral = self.chance(0.25)
        right = self.source(depth, left.columns if lateral else [])
        reaches = lateral and right.key is None
        how = self.pick(("JOIN", "JOIN", "LEFT JOIN") if reaches else ("JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"))
        pairs = [(a, b, kind) for a, kind in left.columns for b, have in right.columns if kind == have]
        ids = [(a, b) for a, b, kind in pairs if kind.startswith("id ")]
        numbers = [(a, b) for a, b, kind in pairs if kind == "int" and a.endswith(".n")]
        both = left.columns + right.columns
        key = left.key + right.key if left.key and right.key else None
        if reaches and self.chance(0.5):
            return Scope(f"{left.sql} CROSS JOIN {right.sql}", both, None)
        if not ids and not numbers:
            if reaches:
                return Scope(f"{left.sql} {how} {right.sql} ON true", both, None)
            few = self.table(self.pick(("places", "people")))
            pairs = [(a, b) for a, kind in left.columns for b, have in few.columns if kind == have and kind in ("int", "text")]
            on = "{} = {}".format(*self.pick(pairs)) if pairs else f"{few.key[0]} = 3"
            return Scope(f"{left.sql} JOIN {few.sql} ON {on}", left.columns + few.columns, left.key + few.key if left.key else None)
        a, b = self.pick(ids) if ids and (not numbers or self.chance(0.7)) else self.pick(numbers)
        same = [x for x, y, _ in pairs if x.split(".")[-1] == a.split(".")[-1]]
        if a.split(".")[-1] == b.split(".")[-1] and len(same) == 1 and self.chance(0.3) and " JOIN " not in left.sql:
            self.note("using")
            merged = a.split(".")[-1]
            kind = dict(left.columns)[a]
            return Scope(f"{left.sql} {how} {right.sql} USING ({merged})", both + [(merged, kind)], key)
        on = f"{a} = {b}"
        if how != "FULL JOIN" and self.chance(0.3):
            on += f" AND {self.make('bool', both, 1)}"
        return Scope(f"{left.sql} {how} {right.sql} ON {on}", both, key)

    # Subqueries in expressions

    def sublink(self, columns, depth):
        outer = [(text, kind) for text, kind in columns if SIMPLE.match(text)]
        if depth <= 0 or not outer:
            return "(2 > 1)"
        self.note("subquery in an expression")
        inner = self.table()
        both = inner.columns + outer
        where = f" WHERE {self.make('bool', both, 1)}" if self.chance(0.8) else ""
        ids = [kind for _, kind in inner.columns if kind.startswith("id ") and any(have == kind for _, have in outer)]
        roll = self.random.random()
        if ids and roll < 0.4:
            kind = self.pick(ids)
            column = self.pick([text for text, have in inner.columns if have == kind])
            value = self.pick([text for text, have in outer if have == kind])
            return f"({value} {self.pick(('IN', 'NOT IN', '= ANY'))} (SELECT {column} FROM {inner.sql}{where}))"
        if roll < 0.6:
            return f"({self.pick(('', 'NOT '))}EXISTS (SELECT 1 FROM {inner.sql}{where}))"
        kind = self.pick(PLAIN)
        value = self.make(kind, inner.columns, 1)
        if roll < 0.8:
            operator = self.pick(("= ANY", "IN", "NOT IN", "<> ALL", "< ANY", ">= ALL"))
            return f"({self.make(kind, outer, 1)} {operator} (SELECT {value} FROM {inner.sql}{where}))"
        if roll < 0.9:
            return f"({self.make('int', outer, 1)} < (SELECT count(*) FROM {inner.sql}{where}))"
        if kind == "bool":
            kind, value = "int", self.make("int", inner.columns, 1)
        return f"({self.make(kind, outer, 1)} = (SELECT max({value}) FROM {inner.sql}{where}))" if kind != "inet" or True else ""

    # Selects

    def kinds(self):
        return [self.pick(IDS) if self.chance(0.15) else self.pick(WANTED[: self.pick((6, 9, len(WANTED)))]) for _ in range(self.pick((1, 2, 2, 3, 4)))]

    def where(self, scope, share=0.6):
        if self.chance(0.12):
            return f" WHERE {self.sublink(scope.columns, 1)}"
        return f" WHERE {self.make('bool', scope.columns)}" if self.chance(share) else ""

    def scalar(self, columns):
        """A subquery as a value, and its type."""
        outer = [(text, kind) for text, kind in columns if SIMPLE.match(text)]
        inner = self.table()
        self.note("subquery as a value")
        where = f" WHERE {self.make('bool', inner.columns + outer, 1)}" if self.chance(0.8) else ""
        roll = self.random.random()
        if roll < 0.4 or not inner.key:
            text, kind = self.aggregate(inner.columns)
            return f"(SELECT {text} FROM {inner.sql}{where})", kind
        text, kind = self.pick([pair for pair in inner.columns if pair[1] not in ("json", "fix")])
        order = f" ORDER BY {self.pick(inner.columns[:1])[0]}{self.pick(('', ' DESC'))}"
        if roll < 0.8:
            return f"(SELECT {text} FROM {inner.sql}{where}{order} LIMIT 1)", kind
        if kind.startswith("id "):
            text, kind = inner.key[0], "int"
        return f"ARRAY(SELECT {text} FROM {inner.sql}{where}{order} LIMIT 3)::text", "text"

    def select(self, items, rest, distinct=""):
        names = [f"c{index}" for index, _ in enumerate(items, 1)]
        listed = ", ".join(f"{text} AS {name}" for (text, _), name in zip(items, names))
        return Query(f"SELECT {distinct}{listed} FROM {rest}", [(name, kind) for name, (_, kind) in zip(names, items)])

    def present(self, kinds, columns):
        """The kinds, of identifiers only those that are in scope."""
        have = {kind for _, kind in columns}
        return [kind if not kind.startswith("id ") or kind in have else "int" for kind in kinds]

    def plain(self, depth, outer, kinds):
        scope = self.scope(depth, outer)
        items = [(self.make(kind, scope.columns), kind) for kind in self.present(kinds, scope.columns)]
        if self.chance(0.12) and len(self.statement.features) < 12:
            extra = self.scalar(scope.columns)
            items = items if extra[1] in ("json",) else items[:-1] + [extra] if self.loose_kinds else items
        distinct = "DISTINCT " if self.chance(0.15) else ""
        if distinct:
            self.note("distinct")
        query = self.select(items, scope.sql + self.where(scope), distinct)
        if not distinct and scope.key and self.chance(0.12):
            self.note("limit by key")
            keys = ", ".join(f"{key}{self.pick(('', ' DESC', ' NULLS FIRST'))}" for key in scope.key)
            first = f"{self.make(self.pick(PLAIN), scope.columns, 1)}, " if self.chance(0.5) else ""
            # A constant would be the number of a column.
            first = first if re.match(r"\(?\w*\(?t\d+\.", first) else ""
            query.sql += f" ORDER BY {first}{keys} LIMIT {self.random.randrange(1, 30)}" + (f" OFFSET {self.random.randrange(5)}" if self.chance(0.3) else "")
        return query

    def star(self, depth, outer, kinds):
        self.note("star")
        scope = self.table()
        where = self.where(scope)
        alias = scope.columns[0][0].split(".")[0]
        if self.chance(0.3):
            self.note("whole row")
            # Identifiers are null inside a row that is made into a value, where the copy has pseudonyms.
            self.statement.open |= any(kind.startswith("id ") for _, kind in scope.columns)
            # In binary form it names types by numbers of the database's own.
            self.statement.binary = False
            how = self.pick(("{0}", "{0}::text", "row_to_json({0})", "to_jsonb({0})", "({0}).n"))
            return Query(f"SELECT {how.format(alias)} AS c1 FROM {scope.sql}{where}", [("c1", "json")])
        columns = [(text.split(".")[1], kind) for text, kind in scope.columns]
        return Query(f"SELECT {self.pick(('*', alias + '.*'))} FROM {scope.sql}{where}", columns)

    def aggregate(self, columns):
        """An aggregate over the columns, and its type."""
        kind = self.pick(PLAIN)
        value = self.make(kind, columns, 1)
        ids = [text for text, have in columns if have.startswith("id ")]
        choices = [("count(*)", "bigint"), (f"count({value})", "bigint"), (f"count(DISTINCT {value})", "bigint"),
                   (f"sum({self.make('int', columns, 1)})", "bigint"), (f"avg({self.make('int', columns, 1)})", "numeric"),
                   (f"sum({self.make('numeric', columns, 1)})", "numeric"), (f"bool_or({self.make('bool', columns, 1)})", "bool"),
                   (f"string_agg({self.text_sorted(columns)})", "text"), (f"round(sum(({self.make('float', columns, 1)})::numeric), 3)", "numeric"),
                   (f"stddev_samp({self.make('numeric', columns, 1)})", "numeric"), (f"jsonb_agg({value} ORDER BY {value})", "jsonb"),
                   (f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {self.make('float', columns, 1)})", "float"),
                   (f"every({self.make('bool', columns, 1)})", "bool"), (f"bit_or({self.make('int', columns, 1)})", "int"),
                   (f"(array_agg(DISTINCT {value}))[1]", kind)]
        if kind != "bool":
            choices += [(f"max({value})", kind), (f"min({value})", kind), (f"percentile_disc(0.4) WITHIN GROUP (ORDER BY {value})", kind)]
        if ids:
            choices += [(f"count(DISTINCT {self.pick(ids)})", "bigint")] * 3
        if self.chance(0.06):
            self.statement.open = True
            self.note("open order in an aggregate")
            choices = [(f"string_agg({self.make('text', columns, 1)}, ',')", "text"), (f"(array_agg({value}))[1]", kind), (f"jsonb_agg({value})", "jsonb"),
                       (f"sum({self.make('float', columns, 1)})", "float")]
        text, kind = self.pick(choices)
        if self.chance(0.15) and not text.startswith(("round(", "(")):
            text += f" FILTER (WHERE {self.make('bool', columns, 1)})"
            self.note("filter")
        return text, kind

    def text_sorted(self, columns):
        text = self.make("text", columns, 1)
        return f"{text}, ',' ORDER BY {text}" if self.chance(0.7) else f"DISTINCT {text}, ','"

    def grouped(self, depth, outer, kinds):
        self.note("group by")
        scope = self.scope(depth, outer)
        own = [(text, kind) for text, kind in scope.columns if kind not in ("json", "fix")]
        keys = self.random.sample(own, min(len(own), self.pick((0, 1, 1, 2, 3))))
        if keys and self.chance(0.3):
            kind = self.pick(PLAIN)
            text = self.make(kind, scope.columns, 1)
            if "(SELECT" not in text and not SIMPLE.match(text) and re.search(r"\bt\d+\.", text) and "$" not in text:
                keys.append((text, kind))
        texts = list(dict.fromkeys(text for text, _ in keys))
        aggregates = [self.aggregate(scope.columns) for _ in range(self.pick((1, 1, 2)))]
        group = ""
        extra = []
        if texts:
            roll = self.random.random()
            if roll < 0.75:
                group = f" GROUP BY {', '.join(texts)}"
            else:
                self.note("grouping sets")
                sets = {0: f"ROLLUP ({', '.join(texts)})", 1: f"CUBE ({', '.join(texts)})", 2: "GROUPING SETS ((" + ", ".join(texts) + "), (), (" + texts[0] + "))",
                        3: f"{texts[0]}, ROLLUP ({texts[-1]})"}[self.random.randrange(4)]
                group = f" GROUP BY {sets}"
                extra = [(f"GROUPING({texts[0]})", "int")]
        after = keys + aggregates
        having = f" HAVING {self.make('bool', after, 1)}" if self.chance(0.2) else ""
        items = keys + aggregates + extra + [(self.make(kind, after, 1), kind) for kind in self.present(kinds, after) if self.chance(0.4)]
        if self.chance(0.15) and keys:
            self.note("window over groups")
            items.append((f"rank() OVER (ORDER BY {aggregates[0][0]})", "bigint"))
        return self.select(items, scope.sql + self.where(scope, 0.4) + group + having)

    def windowed(self, depth, outer, kinds):
        self.note("window")
        scope = self.scope(depth, outer)
        have = [(text, kind) for text, kind in scope.columns if kind in COMPARABLE]
        items = [(self.make(kind, scope.columns, 1), kind) for kind in self.present(kinds, scope.columns)]
        for _ in range(self.pick((1, 1, 2))):
            items.append(self.window(scope, have or [("1", "int")]))
        named = ""
        if self.chance(0.2):
            self.note("named window")
            parts = [text for text, kind in scope.columns if kind not in ("json", "jsonb", "fix")] or ["1"]
            named = f" WINDOW w AS (PARTITION BY {self.pick(parts)})"
            items.append(("count(*) OVER w", "bigint"))
        return self.select(items, scope.sql + self.where(scope) + named)

    def window(self, scope, have):
        ids = [(text, kind) for text, kind in scope.columns if kind.startswith("id ")]
        partition = f"PARTITION BY {self.pick(ids * 2 + have)[0]} " if self.chance(0.7) else ""
        text, _ = self.pick(have)
        key = ", ".join(scope.key) if scope.key else None
        if key is None and self.chance(0.15):
            self.statement.open = True
            self.note("open order in a window")
            key = text
        value, kind = self.pick(have + ids)
        choices = [("rank()", "bigint", f"ORDER BY {text}"), ("dense_rank()", "bigint", f"ORDER BY {text} DESC"), ("count(*)", "bigint", ""),
                   (f"sum({self.make('int', scope.columns, 1)})", "bigint", f"ORDER BY {text}"), ("cume_dist()", "float", f"ORDER BY {text}"),
                   (f"count({value})", "bigint", f"ORDER BY {text} GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW"),
                   (f"max({text})", None, "") if dict(have)[text] != "bool" else ("percent_rank()", "float", f"ORDER BY {text}"),
                   (f"sum({self.make('numeric', scope.columns, 1)})", "numeric", f"ORDER BY {text} RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES")]
        if key:
            order = f"ORDER BY {self.pick((text + ', ', ''))}{key}"
            choices += [("row_number()", "bigint", order), (f"lag({value})", kind, order), (f"lead({value}, 2)", kind, order), ("ntile(3)", "int", order),
                        (f"first_value({value})", kind, order), (f"nth_value({value}, 2)", kind, order + " ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING"),
                        (f"sum({self.make('int', scope.columns, 1)})", "bigint", order + " ROWS BETWEEN 2 PRECEDING AND CURRENT ROW")]
        call, result, order = self.pick(choices)
        return f"{call} OVER ({partition}{order})", result or dict(have)[text]

    def distinct_on(self, depth, outer, kinds):
        scope = self.scope(depth, outer)
        if not scope.key:
            return self.plain(depth, outer, kinds)
        self.note("distinct on")
        items = [(self.make(kind, scope.columns, 1), kind) for kind in self.present(kinds, scope.columns)]
        first = self.pick([text for text, kind in scope.columns if kind in COMPARABLE or kind.startswith("id ")])
        query = self.select(items, scope.sql + self.where(scope), f"DISTINCT ON ({first}) ")
        query.sql += f" ORDER BY {first}, {', '.join(scope.key)}"
        return query

    def set_operation(self, depth, outer, kinds):
        self.note("set operation")
        kinds = [kind for kind in kinds if not kind.startswith("id ") and kind != "jsonb"] or ["int"]
        identifiers = [("person", "id person"), ("handle", "id handle"), ("num", "id number")]
        if self.chance(0.3):
            column, kind = self.pick(identifiers)
            tables = [t for t, columns in fixture.TABLES.items() if any(k == kind for _, _, _, k in columns)]
            parts = []
            for _ in range(2):
                table = self.table(self.pick(tables))
                value = self.pick([text for text, have in table.columns if have == kind])
                other = self.make(kinds[0], table.columns, 1)
                parts.append(f"SELECT {value} AS c1, {other} AS c2 FROM {table.sql}{self.where(table)}")
            columns = [("c1", kind), ("c2", kinds[0])]
        else:
            self.loose_kinds = False
            queries = [self.plain(depth - 1, outer, kinds) for _ in range(self.pick((2, 2, 3)))]
            self.loose_kinds = True
            parts, columns = [f"({query.sql})" for query in queries], queries[0].columns
        operator = self.pick((" UNION ", " UNION ALL ", " EXCEPT ", " INTERSECT ", " EXCEPT ALL ", " INTERSECT ALL "))
        return Query(operator.join(parts), columns)

    def query(self, depth, outer=(), kinds=None):
        """A query without ORDER BY of its own that would matter."""
        kinds = kinds or self.kinds()
        roll = self.random.random()
        if depth > 0 and roll < 0.14 and not outer:
            return self.with_query(depth, kinds)
        makers = [self.plain] * 7 + [self.grouped] * 5 + [self.windowed] * 3 + [self.distinct_on] + [self.star]
        if depth > 0:
            makers += [self.set_operation] * 2
        return self.pick(makers)(depth, list(outer), kinds)

    def with_query(self, depth, kinds):
        saved = list(self.ctes)
        listed = []
        recursive = self.chance(0.2)
        self.note("recursive" if recursive else "with")
        for _ in range(self.pick((1, 1, 2))):
            name = self.name("w")
            query = self.query(depth - 1)
            listed.append(f"{name} AS {self.pick(('', '', 'MATERIALIZED ', 'NOT MATERIALIZED '))}({query.sql})")
            self.ctes.append((name, query.columns))
        if recursive:
            name = self.name("w")
            table = self.table()
            kind = self.pick([kind for _, kind in table.columns if kind not in ("json", "mood", "fix", "text")])
            value = self.pick([text for text, have in table.columns if have == kind])
            step = self.make(kind, [(f"{name}.v", kind)], 1) if kind in ("inet", "bool", "timestamptz") else f"{name}.v"
            listed.append(f"{name}(n, v) AS (SELECT 1, {value} FROM {table.sql}{self.where(table)} {self.pick(('UNION', 'UNION ALL'))}"
                          f" SELECT {name}.n + 1, {step} FROM {name} WHERE {name}.n < 3)")
            self.ctes.append((name, [("n", "int"), ("v", kind)]))
        body = self.query(depth - 1, kinds=kinds)
        self.ctes = saved
        return Query(f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(listed)} {f'({body.sql})' if body.sql.startswith('WITH') else body.sql}", body.columns)

    def statement_text(self):
        """The whole statement."""
        made = self.statement
        query = self.query(2)
        sql = query.sql
        orderable = [index for index, (_, kind) in enumerate(query.columns, 1) if kind not in ("json", "jsonb", "fix")]
        loose = re.search(r"(ORDER BY [^()]*|LIMIT \d+|OFFSET \d+)\Z", sql)
        if orderable and self.chance(0.5):
            if loose:
                sql = f"SELECT * FROM ({sql}) AS o"
            whole = not any(kind.startswith("id ") or kind in ("json", "jsonb", "fix") for _, kind in query.columns)
            chosen = self.random.sample(orderable, len(orderable) if whole and self.chance(0.6) else self.random.randrange(1, len(orderable) + 1))
            sql += " ORDER BY " + ", ".join(f"{index}{self.pick(('', '', ' DESC', ' NULLS FIRST'))}" for index in chosen)
            made.order = chosen
            for place, index in enumerate(chosen):
                if query.columns[index - 1][1].startswith("id "):
                    self.note("order by an identifier")
                    made.order = chosen[:place]
                    break
            if self.chance(0.4):
                self.note("limit")
                made.open |= not (whole and len(chosen) == len(query.columns))
                sql += f" LIMIT {self.random.randrange(1, 20)}"
        elif not loose and self.chance(0.08):
            self.note("open limit")
            made.open = True
            sql += " LIMIT 5"
        form = self.pick(("", " (FORMAT csv)", "" if "whole row" in made.features else " (FORMAT binary)"))
        made.sql = f"COPY ({sql}) TO STDOUT{form}" if made.how == "copy" else sql
        self.renumber()
        return made

    def renumber(self):
        """Not every parameter that was made has found a place."""
        made = self.statement
        used = []

        def place(found):
            used.append(made.parameters[int(found.group(1)) - 1])
            return f"${len(used)}"

        made.sql = re.sub(r"\$(\d+)", place, made.sql)
        made.parameters = used


def generate(seed, number):
    """Statement `number` of a seed."""
    return Generator(seed, number).statement_text()
