"""Asks one statement of the two worlds through the proxy and of the coarse copy directly, and judges the answers.

Verdicts: `same`; `alike` (the same, but for how equal values look); `error` (the same error from both); `refused` (by the proxy only); `timeout`; and what must not be: `leak` (a raw value),
`interference` (the worlds tell themselves apart), `values`, `order`, `types`, `sqlstate` (the proxy answers otherwise than the copy), `crash`, `hang`.
Not here: how statements are made (generate.py).
"""

import ipaddress
import re
import select
import struct
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

import psycopg
from psycopg import pq

REFUSALS = {b"42501", b"0A000"}
PATIENCE_S = 60
WORDS = re.compile(rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|[0-9A-Za-z:.@+-]{6,}")
PROTECTED = re.compile(r"people|visits|events|v_hours")
BAD = ("leak", "interference", "values", "order", "types", "sqlstate", "crash", "hang")


class Lost(Exception):
    """The connection is gone or says nothing."""


@dataclass
class Answer:
    """What came back."""

    code: bytes = b""
    message: bytes = b""
    columns: list = field(default_factory=list)
    rows: list = field(default_factory=list)


class Asker:
    """A connection that asks statements in the way that they want."""

    def __init__(self, target):
        self.target = target
        self.open()

    def open(self):
        self.db = psycopg.connect(**self.target, autocommit=True)
        self.connection = self.db.pgconn

    def close(self):
        self.db.close()

    def send(self, statement, sql):
        connection = self.connection
        if statement.how == "extended":
            values = [value.encode() for value in statement.parameters]
            connection.send_query_params(sql, values, result_format=1 if statement.binary else 0)
        elif statement.how == "cursor":
            connection.send_query(b"BEGIN")
        else:
            connection.send_query(sql)

    def finish(self, statement, sql):
        answer = Answer()
        self.take(answer)
        if statement.how == "cursor":
            for step in (b"DECLARE cur CURSOR FOR " + sql, b"FETCH 5 FROM cur", b"FETCH ALL FROM cur"):
                if not answer.code:
                    self.connection.send_query(step)
                    self.take(answer)
            self.connection.send_query(b"ROLLBACK" if answer.code else b"COMMIT")
            self.take(Answer())
        return answer

    def ask(self, statement, sql):
        self.send(statement, sql)
        return self.finish(statement, sql)

    def result(self):
        connection, end = self.connection, time.monotonic() + PATIENCE_S
        while connection.is_busy():
            if not select.select([connection.socket], [], [], 1)[0] and time.monotonic() > end:
                raise Lost("hang")
            connection.consume_input()
        return connection.get_result()

    def take(self, answer):
        while (result := self.result()) is not None:
            if result.status == pq.ExecStatus.COPY_OUT:
                self.take_copy(answer, result.binary_tuples)
            elif result.status == pq.ExecStatus.TUPLES_OK:
                count = range(result.nfields)
                answer.columns = [(result.fname(i), result.ftype(i), result.fmod(i), result.fformat(i)) for i in count]
                answer.rows += [tuple(result.get_value(row, i) for i in count) for row in range(result.ntuples)]
            elif result.status == pq.ExecStatus.FATAL_ERROR:
                answer.code = result.error_field(pq.DiagnosticField.SQLSTATE) or b"?????"
                answer.message = b" | ".join(result.error_field(part) or b"" for part in (
                    pq.DiagnosticField.MESSAGE_PRIMARY, pq.DiagnosticField.MESSAGE_DETAIL, pq.DiagnosticField.MESSAGE_HINT, pq.DiagnosticField.CONTEXT))
                if self.connection.status == pq.ConnStatus.BAD:
                    raise Lost("crash")

    def take_copy(self, answer, binary):
        parts = []
        while True:
            size, data = self.connection.get_copy_data(0)
            if size < 0:
                break
            parts.append(bytes(data))
        whole = b"".join(parts)
        answer.rows = copied_rows(whole) if binary else [tuple(line.split(b"\t")) for line in whole.splitlines()]


def copied_rows(data):
    """The rows of COPY's binary form."""
    rows, place = [], 19
    while place < len(data):
        (count,) = struct.unpack_from("!h", data, place)
        place += 2
        if count < 0:
            break
        row = []
        for _ in range(count):
            (size,) = struct.unpack_from("!i", data, place)
            place += 4
            row.append(data[place:place + size] if size >= 0 else None)
            place += max(size, 0)
        rows.append(tuple(row))
    return rows


class Canaries:
    """Raw values in text and in binary."""

    def __init__(self, raw):
        self.words = {part.encode() for text in raw for part in ([text] if not text.startswith("Name ") else text.split()[1:])}
        self.packed = set()
        for text in raw:
            try:
                self.packed.add(uuid.UUID(text).bytes if len(text) == 36 else ipaddress.ip_address(text).packed)
            except ValueError:
                if text.isdigit():
                    self.packed.add(struct.pack("!q", int(text)))
                elif re.fullmatch(r"\d+\.\d+", text):
                    self.packed.add(struct.pack("!d", float(text)))

    def find(self, answer):
        for row in answer.rows + [(answer.code, answer.message)]:
            for value in row:
                if value is None:
                    continue
                if value in self.packed or (len(value) in (8, 20) and value[4:] in self.packed):
                    return value
                for word in WORDS.findall(value):
                    if word in self.words or word.strip(b".:-+") in self.words:
                        return word
                if len(value) > 20 and b"\0" in value and any(one in value for one in self.packed):
                    return value
        return None


class Judge:
    """Three connections, and what must hold between their answers."""

    def __init__(self, targets, renamed, tokens, raw):
        self.targets = targets
        self.a, self.b, self.copy = (Asker(targets[name]) for name in ("a", "b", "copy"))
        self.renamed = {}
        for one, two in renamed.items():
            self.renamed[one.encode()] = two.encode()
            if len(one) == 36 and "-" in one:
                self.renamed[uuid.UUID(one).bytes] = uuid.UUID(two).bytes
            elif one.isdigit():
                self.renamed[struct.pack("!q", int(one))] = struct.pack("!q", int(two))
        self.pattern = re.compile(b"|".join(re.escape(one) for one in sorted(self.renamed, key=len, reverse=True)), re.S)
        self.tokens = tokens
        self.canaries = {world: Canaries(values) for world, values in raw.items()}

    def sql(self, statement, world):
        def token(found):
            name = self.tokens[int(found.group(1))]
            return self.renamed[name.encode()].decode() if world == "b" else name

        return re.sub(r"@token (\d+)@", token, statement.sql).encode()

    def judge(self, statement):
        """The verdict and its detail."""
        askers = [(self.a, self.sql(statement, "a")), (self.b, self.sql(statement, "b")), (self.copy, self.sql(statement, "a"))]
        try:
            for asker, sql in askers:
                asker.send(statement, sql)
            a, b, copy = (asker.finish(statement, sql) for asker, sql in askers)
        except (Lost, psycopg.OperationalError) as lost:
            for asker, _ in askers:
                asker.close()
                asker.open()
            return ("hang" if "hang" in str(lost) else "crash"), str(lost)
        for world, answer in (("a", a), ("b", b)):
            if (found := self.canaries[world].find(answer)) is not None:
                return "leak", repr(found)
        if b"57014" in (a.code, b.code, copy.code):
            return "timeout", " ".join(name for name, answer in (("a", a), ("b", b), ("copy", copy)) if answer.code == b"57014")
        if (told := self.told_apart(statement, a, b)) is not None:
            return "interference", told
        return self.compare(statement, a, copy)

    def compare(self, statement, a, copy):
        if a.code and copy.code:
            # Which of the errors that values cause is not said where rows are protected. Of several mistakes in a statement
            # each finds its own first.
            if a.code in (copy.code, *REFUSALS) or (a.code == b"22000" and copy.code[:2] == b"22") or a.code[:2] == copy.code[:2] == b"42":
                return "error", a.code.decode()
            return "sqlstate", f"{a.code.decode()} for {copy.code.decode()}: {a.message.decode()}"
        if a.code in REFUSALS:
            return "refused", re.sub(r"`[^`]*`", "`…`", a.message.decode())
        if a.code or copy.code:
            return "sqlstate", f"{a.code.decode()} for {copy.code.decode()}: {a.message.decode()}{copy.message.decode()}"
        if (types := differing_columns(a, copy)) is not None:
            return "types", types
        if statement.open:
            return "same", "open"
        left, right = Counter(a.rows), Counter(copy.rows)
        if left != right and Counter(rows_alike(a)) == Counter(rows_alike(copy)):
            # Which of several equal values stands for a group is the server's to choose, and the proxy's.
            return "alike", ""
        if left != right:
            return "values", f"{len(a.rows)} and {len(copy.rows)} rows; only proxy {list((left - right))[:2]}, only copy {list((right - left))[:2]}"
        if statement.order and not statement.sql.startswith("COPY") and not statement.binary:
            keys = [[tuple(row[index - 1] for index in statement.order) for row in rows_alike(answer)] for answer in (a, copy)]
            if keys[0] != keys[1]:
                return "order", f"by {statement.order}"
        return "same", ""

    def told_apart(self, statement, a, b):
        """What tells the worlds apart in a way that no salt of a session explains."""
        if a.code != b.code or a.message != b.message:
            return f"{a.code} {a.message} and {b.code} {b.message}"
        mapped = self.mapped(a)
        if mapped == b.rows:
            return None
        if not statement.open and "order by an identifier" not in statement.features and Counter(mapped) != Counter(b.rows):
            return f"rows {list((Counter(mapped) - Counter(b.rows)))[:2]} and {list((Counter(b.rows) - Counter(mapped)))[:2]}"
        seen = set()
        # Two rows that each session draws an order for are alike in half of them.
        for _ in range(20):
            fresh = Asker(self.targets["a"])
            seen.add(tuple(self.mapped(fresh.ask(statement, self.sql(statement, "a")))))
            fresh.close()
            if len(seen) > 1:
                break
        if seen == {tuple(mapped)} and not PROTECTED.search(statement.sql):
            # With other plans in the other world; what is public may come in any order.
            statement.features.add("order of public rows")
            return None
        if seen == {tuple(mapped)}:
            return "the order, though every session sees this one"
        statement.features.add("salted order")
        return None

    def mapped(self, answer):
        def rename(value):
            return value if value is None else self.pattern.sub(lambda found: self.renamed[found.group(0)], value)

        return [tuple(rename(value) for value in row) for row in answer.rows]


NUMERIC, FLOATS, INTERVAL = 1700, (700, 701), 1186
NUMBER = re.compile(rb"(?<![\w.-])-?\d+\.\d+(?![\w.])")
PART_OF_INTERVAL = re.compile(rb"(-?\d+) (year|mon|day)s?|(-?)(\d+):(\d+):(\d+)(?:\.(\d+))?")
MICROSECONDS = {b"year": 360 * 86_400_000_000, b"mon": 30 * 86_400_000_000, b"day": 86_400_000_000}


def alike(value, column):
    """The same for values that the server takes for equal, however they look: 1.0 and 1.00, -0 and 0, a month and 30 days."""
    if value is None:
        return None
    _, ty, _, is_binary = column or (None, None, None, 0)
    if is_binary:
        if ty == NUMERIC:
            return value[:6] + value[8:]
        if ty in FLOATS and not any(value[1:]):
            return value[1:]
        if ty == INTERVAL:
            microseconds, days, months = struct.unpack("!qii", value)
            return microseconds + (months * 30 + days) * 86_400_000_000
        return value
    if ty == INTERVAL:
        total = 0
        for number, unit, sign, hours, minutes, seconds, rest in PART_OF_INTERVAL.findall(value):
            if unit:
                total += int(number) * MICROSECONDS[unit]
            else:
                clock = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1_000_000 + int((rest or b"0").ljust(6, b"0"))
                total += -clock if sign else clock
        return total
    shown = NUMBER.sub(lambda found: found.group(0).rstrip(b"0").rstrip(b"."), value)
    return b"0" if shown == b"-0" else shown


def rows_alike(answer):
    columns = answer.columns or [None] * len(answer.rows[0] if answer.rows else ())
    return [tuple(alike(value, column) for value, column in zip(row, columns)) for row in answer.rows]


def differing_columns(a, copy):
    """Names, types and modifiers; the numbers of types that a database has made itself are its own."""
    if len(a.columns) != len(copy.columns):
        return f"{len(a.columns)} and {len(copy.columns)} columns"
    for one, two in zip(a.columns, copy.columns):
        # A whole row is a `record` behind the proxy.
        own = (one[1] >= 16384 or one[1] == 2249) and two[1] >= 16384
        # Of some unions the server says the modifier or not, as the plan goes.
        if -1 in (one[2], two[2]):
            one, two = (one[0], one[1], one[3]), (two[0], two[1], two[3])
        if one != two and not (own and one[0] == two[0]):
            return f"{one[0].decode()}: {one[1:]} and {two[1:]}"
    return None
