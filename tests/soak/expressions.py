"""Expressions of a wanted type over the columns in scope, at random but typed, so that nearly all of them run.

Invariant: what an expression gives depends on values only, never on the order of rows; and it does not fail, or fails for every row.
Not here: FROM, GROUP BY and what makes them a statement (generate.py).
"""

import re

# What gives a type, with the types that it takes; an identifier gives nothing but itself (see `Expressions.identifier`).
GIVES = {
    "int": ["({int} + {int1})", "({int} - {int1})", "({int1} * {int1})", "({int} % 7)", "({int} / 3)", "length({text})", "abs({int})",
            "coalesce({int}, {int})", "extract(hour FROM {timestamptz})::int", "extract(year FROM {date})::int", "masklen({inet})",
            "cardinality({inet[]})", "family({inet})", "position({text} IN {text})", "CASE WHEN {bool} THEN {int} ELSE {int} END",
            "nullif({int}, {int})", "greatest({int}, {int})", "least({int}, {int})", "date_part('dow', {date})::int", "({date} - {date})",
            "array_length({text[]}, 1)", "lower({int4range})", "round({float})::int", "trunc({numeric})::int", "(({int} & 12) | 1)",
            "ascii({text})", "num_nulls({int}, {text}, {inet})", "extract(isodow FROM {timestamp})::int", "strpos({text}, {text})",
            "array_position({text[]}, {text})", "CAST({bool} AS int)", "jsonb_array_length(coalesce({list}, '[]'))"],
    "bigint": ["{int}::bigint", "({bigint} + {int1})", "coalesce({bigint}, {int})", "({bigint} % 11)", "hashtext({text})::bigint",
               "greatest({bigint}, {bigint})", "ceil(extract(epoch FROM {timestamptz}))::bigint"],
    "numeric": ["round({numeric}, 1)", "({numeric} + {numeric})", "({numeric} * 2)", "{int}::numeric", "({numeric} - {int})", "abs({numeric})",
                "floor({numeric})", "coalesce({numeric}, 0)", "CASE {int} WHEN 1 THEN {numeric} WHEN {int} THEN {numeric} END", "sign({numeric})",
                "({numeric} / nullif({numeric}, 0))", "extract(epoch FROM {interval})", "trunc({numeric}, -1)", "{float}::numeric(12,3)"],
    "float": ["({float} + 0.5)", "floor({float})", "sqrt(abs({float}))", "abs({float})", "coalesce({float}, 0)", "({fix}).lat", "{int}::float8",
              "({float} / nullif({float}, 0))", "greatest({float}, {float})", "{numeric}::float8", "ln(abs({float}) + 1)", "(- {float})"],
    "text": ["upper({text})", "lower({text})", "({text} || {text})", "{int}::text", "{inet}::text", "host({inet})", "left({text}, 5)",
             "substr({text}, 2, 3)", "coalesce({text}, 'none')", "replace({text}, 'a', '.')", "md5({text})", "to_char({timestamptz}, 'YYYY-MM-DD HH24')",
             "({jsonb} ->> 'ip')", "({jsonb} #>> '{{geo,lat}}')", "{jsonb}::text", "array_to_string({text[]}, ',', '-')", "format('%s/%L', {int}, {text})",
             "CASE WHEN {bool} THEN {text} ELSE {text} END", "concat_ws('-', {text}, {int}, {date})", "({fix}).label", "split_part({text}, ' ', 2)",
             "regexp_replace({text}, '[0-9]+', '#', 'g')", "{timestamptz}::text", "{numeric}::text", "{float}::text", "reverse({text})", "lpad({text}, 6, '*')",
             "trim({text})", "{mood}::text", "nullif({text}, {text})", "abbrev({inet})", "({text[]})[1]", "to_char({numeric}, 'FM990.0')",
             "substring({text} FROM '[a-z]+')", "translate({text}, 'aeo', 'xyz')", "text({inet})", "{fix}::text", "{interval}::text", "overlay({text} PLACING '_' FROM 1)",
             "pg_typeof({any})::text", "encode(convert_to({text}, 'UTF8'), 'hex')", "initcap({text})", "{macaddr}::text", "{inet[]}::text", "quote_literal({text})"],
    "bool": ["({int} < {int})", "({int} >= {int})", "({text} = {text})", "({text} < {text})", "({inet} = {inet})", "({inet} <<= '203.0.0.0/8'::inet)",
             "({inet} << {inet})", "({numeric} > {numeric})", "({float} <= {float})", "({timestamptz} < {timestamptz})", "({date} = {date})",
             "({bool} AND {bool})", "({bool} OR {bool})", "(NOT {bool})", "({any} IS NULL)", "({any} IS NOT NULL)", "({text} LIKE 'p%')", "({text} ~ '[0-9]')",
             "({int} IN (1, 2, {int}))", "({int} BETWEEN {int} AND {int})", "({jsonb} ? 'geo')", "({jsonb} @> '{{\"n\": 1}}')", "({text[]} && ARRAY['red'])",
             "({text} = ANY ({text[]}))", "({inet} IS DISTINCT FROM {inet})", "({int} IS NOT DISTINCT FROM {int})", "{id = id}", "{id IS NULL}", "{sublink}",
             "({inet} = ANY ({inet[]}))", "(({int}, {text}) = ({int}, {text}))", "({timestamptz} BETWEEN '2024-01-03 00:00Z' AND '2024-02-05 12:00Z')",
             "({text} ILIKE '%A%')", "({bool} IS TRUE)", "({bool} IS NOT UNKNOWN)", "({text[]} @> {text[]})", "(({date}, {date}) OVERLAPS ({date}, {date}))",
             "({int4range} @> {int})", "({mood} > 'calm')", "(({int}, {date}) < ({int}, {date}))", "starts_with({text}, 'a')", "{bool column}", "{bool column}",
             "({jsonb} = {jsonb})", "({inet} && {inet})", "({fix} IS NULL)", "({text} SIMILAR TO '(a|b|p)%')", "({int} <> ALL (ARRAY[{int}, {int}]))"],
    "inet": ["network({inet})::inet", "set_masklen({inet}, 8)", "coalesce({inet}, '10.9.0.0/16'::inet)", "({inet[]})[1]", "({fix}).ip", "{inet column}",
             "CASE WHEN {bool} THEN {inet} END", "greatest({inet}, {inet})", "broadcast({inet})",
             "netmask({inet})"],
    "timestamptz": ["date_trunc('day', {timestamptz})", "({timestamptz} + interval '1 day')", "coalesce({timestamptz}, '2024-01-01 00:00Z')", "({timestamptz} - {interval})",
                    "greatest({timestamptz}, {timestamptz})", "({timestamp} AT TIME ZONE 'UTC')", "date_bin('6 hours', {timestamptz}, '2024-01-01 00:00Z')",
                    "date_trunc('hour', {timestamptz}, 'UTC')"],
    "timestamp": ["({timestamptz} AT TIME ZONE 'Europe/Berlin')", "date_trunc('month', {timestamp})", "({date} + interval '2 hours')", "{date}::timestamp",
                  "coalesce({timestamp}, '2024-01-01')"],
    "date": ["{timestamptz}::date", "({date} + {int1})", "coalesce({date}, '2024-01-01')", "date_trunc('year', {date})::date", "least({date}, {date})"],
    "interval": ["({timestamptz} - {timestamptz})", "({interval} * 2)", "make_interval(days => {int1})", "age({timestamp}, {timestamp})", "justify_hours({interval})"],
    "jsonb": ["to_jsonb({plain})", "jsonb_build_object('k', {plain}, 'l', {int})", "({jsonb} -> 'geo')", "jsonb_build_array({plain}, {plain})", "jsonb_strip_nulls({jsonb})",
              "({jsonb} || jsonb_build_object('z', {text}))", "({jsonb} #> '{{path,0}}')", "({jsonb} - 'ip')", "jsonb_path_query_array({jsonb}, '$.path[*].hop')",
              "jsonb_path_query_first({jsonb}, '$.geo.lat')", "jsonb_extract_path({jsonb}, 'path', '0', 'hop')", "to_jsonb({fix})", "coalesce({jsonb}, '{{}}')"],
    "list": ["({jsonb column} -> 'path')", "jsonb_build_array({plain})"],
    "text[]": ["ARRAY[{text}, {text}]", "string_to_array({text}, ' ')", "array_append({text[]}, {text})", "({text[]} || {text[]})", "coalesce({text[]}, '{{}}')",
               "array_remove({text[]}, 'red')", "regexp_split_to_array({text}, ' ')", "({text[]})[1:1]"],
    "inet[]": ["ARRAY[{inet}, {inet}]", "({inet[]} || {inet})", "array_cat({inet[]}, {inet[]})", "({inet[]})[1:2]"],
    "fix": ["CASE WHEN {bool} THEN {fix} END"],
    "mood": ["coalesce({mood}, 'calm')", "greatest({mood}, 'glad')"],
    "macaddr": ["trunc({macaddr})"],
    "int4range": ["int4range({int1}, 9)", "({int4range} * int4range(2, 12))"],
}
LITERALS = {
    "int": lambda r: str(r.choice((0, 1, 2, 3, 5, 40, 100, 300))), "int1": lambda r: str(r.randrange(8)), "bigint": lambda r: f"{r.randrange(900)}::bigint",
    "numeric": lambda r: f"{r.randrange(900) / 10}::numeric", "float": lambda r: f"{r.randrange(420) / 10}::float8",
    "text": lambda r: r.choice(("'web'", "'DE'", "'place 1'", "'seen'", "''", "'203.0.0.0/16'", "'it''s'", "E'a\\\\b'")),
    "bool": lambda r: r.choice(("true", "false", "NULL::bool")),
    "inet": lambda r: r.choice(("'203.0.0.0/16'::inet", "'198.51.0.0/16'::inet", "inet '2001:db8::/32'", "NULL::inet")),
    "timestamptz": lambda r: r.choice(("'2024-01-03 09:00Z'::timestamptz", "timestamptz '2024-02-02 00:00:00+00'")),
    "timestamp": lambda r: "'2024-01-03 14:00'::timestamp", "date": lambda r: r.choice(("date '2024-01-01'", "'2024-02-01'::date")),
    "interval": lambda r: r.choice(("interval '1 hour'", "interval '3 days'")), "jsonb": lambda r: r.choice(("'{\"n\": 1, \"k\": \"s\"}'::jsonb", "'{}'::jsonb")),
    "list": lambda r: "'[1, {\"hop\": 2}]'::jsonb", "text[]": lambda r: "ARRAY['red', 'x']", "inet[]": lambda r: "'{203.0.0.0/16}'::inet[]",
    "fix": lambda r: "NULL::public.fix", "mood": lambda r: "'glad'::public.mood", "macaddr": lambda r: "'02:00:00:00:00:01'::macaddr",
    "int4range": lambda r: "'[3,9)'::int4range",
}
# Types that statements give; the first ones more often.
WANTED = ["int", "text", "inet", "timestamptz", "numeric", "bool", "float", "date", "bigint", "jsonb", "timestamp", "interval", "text[]", "inet[]", "mood", "int4range"]
PLAIN = ["int", "text", "inet", "timestamptz", "numeric", "bool", "date", "float"]
COMPARABLE = ["int", "text", "inet", "timestamptz", "numeric", "date", "bigint", "float", "bool", "timestamp", "mood", "interval"]
HOLE = re.compile(r"\{([^{}]+)\}")


class Expressions:
    """Makes expressions. `columns` is what is in scope: pairs of an expression as text and its type."""

    def __init__(self, random, sublink, parameter=None):
        self.random = random
        self.sublink = sublink
        self.parameter = parameter

    def make(self, kind, columns, depth):
        if kind in ("any", "plain"):
            found = [have for _, have in columns if kind == "any" or have in PLAIN]
            kind = self.random.choice(found) if found and self.random.random() < 0.7 else self.random.choice(PLAIN)
        if kind.startswith("id "):
            return self.identifier(kind, columns, depth)
        random = self.random
        fitting = [text for text, have in columns if have == kind]
        roll = random.random()
        if kind == "int1" or (not fitting and depth <= 0) or (roll < 0.1 and depth < 2 and kind in LITERALS):
            return self.literal(kind)
        if fitting and (depth <= 0 or roll < 0.5 or kind not in GIVES):
            return random.choice(fitting)
        return self.fill(random.choice(GIVES[kind]), kind, columns, depth - 1)

    def literal(self, kind):
        text = LITERALS[kind](self.random)
        if self.parameter and self.random.random() < 0.4:
            return self.parameter(kind, text)
        return text

    def fill(self, template, kind, columns, depth):
        def hole(found):
            name = found.group(1)
            if name == "sublink":
                return self.sublink(columns, depth)
            if name == "id = id":
                return self.same_identifier(columns, depth)
            if name == "id IS NULL":
                ids = [text for text, have in columns if have.startswith("id ")]
                return f"({self.random.choice(ids)} IS {self.random.choice(('NULL', 'NOT NULL'))})" if ids else "(1 = 1)"
            if name.endswith(" column"):
                # Whole documents, which are objects.
                fitting = [text for text, have in columns if have == name[:-7] and (have != "jsonb" or text.endswith((".payload", ".info")))]
                return self.random.choice(fitting) if fitting else self.literal(name[:-7])
            return self.make(name, columns, depth)

        doubled = template.replace("{{", "\1").replace("}}", "\2")
        return HOLE.sub(hole, doubled).replace("\1", "{").replace("\2", "}")

    def identifier(self, kind, columns, depth):
        fitting = [text for text, have in columns if have == kind]
        if not fitting:
            return {"id person": "NULL::uuid", "id number": "NULL::bigint"}.get(kind, "NULL::text")
        one = self.random.choice(fitting)
        roll = self.random.random()
        if depth > 0 and roll < 0.1:
            return f"coalesce({one}, {self.random.choice(fitting)})"
        if depth > 0 and roll < 0.2:
            return f"CASE WHEN {self.make('bool', columns, depth - 1)} THEN {one} ELSE {self.random.choice(fitting + ['NULL'])} END"
        return one

    def same_identifier(self, columns, depth):
        kinds = sorted({have for _, have in columns if have.startswith("id ")})
        if not kinds:
            return self.make("bool", columns, depth - 1)
        kind = self.random.choice(kinds)
        fitting = [text for text, have in columns if have == kind]
        operator = self.random.choice(("=", "=", "<>", "IS DISTINCT FROM"))
        if kind == "id handle" and self.random.random() < 0.5:
            return f"({self.random.choice(fitting)} {operator} '@token {self.random.randrange(24)}@')"
        return f"({self.random.choice(fitting)} {operator} {self.random.choice(fitting)})"
