#!/usr/bin/env python3
"""What the proxy's cost grows with, one table for each: protected columns, rules, tables in the catalogue, open statements,
connections; and what it takes to hold 10,000 idle connections, to pass 10 GB, and to plan a statement that it has not seen.
Standard library only.

The figure that counts is the proxy's own processor time (user and system, from /proc/PID/stat). Steps of one table take
turns in each round; printed is the median of the rounds with the lowest and the highest. Tables go to
target/bench/scaling.md. Needs what `postgres.py` needs.
"""
import contextlib, multiprocessing, os, pathlib, resource, selectors, socket, subprocess, sys, tempfile, threading, time

from measure import arguments, free_port, spread, start_sfumato, wait_for, write_report
from postgres import PER_QUERY, POINT, POLICY, Target, cluster, login, message, pgbench, programs, query, whole_answer

COLUMNS = (0, 1, 2, 4, 8, 16)
RULES = (10, 100, 1_000, 10_000)
TABLES = (10, 1_000, 10_000, 50_000)
STATEMENTS = (1, 100, 10_000)
CONNECTIONS = (1, 8, 32, 128)
IDLE = 10_000
READY = b"Z\0\0\0\5I"


def psql(port, text, database="postgres"):
    subprocess.run([programs() / "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", *login(port)[:-1], database], input=text, text=True, check=True)


def enter(port, database="postgres"):
    """A socket behind which a session is ready."""
    s = socket.create_connection(("127.0.0.1", port), 60)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(message(b"", b"\0\3\0\0user\0bench\0database\0" + database.encode() + b"\0\0"))
    until_ready(s)
    return s


def until_ready(s):
    answer = b""
    while not answer.endswith(READY):
        more = s.recv(65536)
        if not more:
            raise ConnectionError(answer)
        answer += more
    return answer


def ask(s, request):
    s.sendall(request)
    answer = until_ready(s)
    if b"SFATAL" in answer or b"SERROR" in answer:
        sys.exit(f"not answered: {answer}")
    return answer


def taking_turns(steps, count):
    """{step: [row per round]} of {step: function}."""
    seen = {step: [] for step in steps}
    for _ in range(count):
        for step, measure in steps.items():
            seen[step].append(measure())
    return seen


def rows_of(seen, heads):
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for step, rows in seen.items():
        lines.append(f"| {step:,} | {' | '.join(spread(column) for column in zip(*rows))} |")
    return lines


class Proxy:
    """A proxy under the policy of `postgres.py` and some rules more."""

    def __init__(self, running, args, folder, name, port, rules=""):
        self.process, self.port = start_sfumato(args.binary, folder, name, POLICY.format(port=port) + rules)
        running.callback(self.process.end)
        wait_for(self.port)

    def cost(self, amount, work):
        """Seconds of processor time for each of an amount of work."""
        before = self.process.cpu_s()
        work()
        return (self.process.cpu_s() - before) / amount


def points(folder, proxy, seconds, *how):
    """Processor time and rate of the prepared point query, as `postgres.py` measures it."""
    def measure():
        before = proxy.process.cpu_s()
        script = POINT.format(table="plain", columns="name")
        count, rate, p99 = pgbench(folder, Target("", None, proxy.port), script, seconds, "-j1", "-Mprepared", *how)
        return (proxy.process.cpu_s() - before) / count * 100_000, rate / 1000, p99
    return measure


def columns(running, args, folder, port):
    """Rows of 16 columns, addresses and identifiers by turns, of which none to all are protected."""
    types = [("inet", "inet '198.18.0.0' + n % 65536"), ("uuid", "md5((n % 1000)::text)::uuid")]
    names = [f"c{number}" for number in range(16)]
    treatments = ["{ truncate = { ipv4 = 16, ipv6 = 32 } }", '{ pseudonymize = { domain = "person" } }']
    made = ", ".join(f"{name} {types[at % 2][0]}" for at, name in enumerate(names))
    values = ", ".join(types[at % 2][1] for at in range(16))
    psql(port, "".join(f"CREATE TABLE wide{many} (id int PRIMARY KEY, {made}); INSERT INTO wide{many} SELECT n, {values} FROM generate_series(1, 200000) n;"
                       for many in COLUMNS) + "VACUUM ANALYZE;")
    rules = "".join(f'"public.wide{many}.{name}" = {treatments[at % 2]}\n' for many in COLUMNS for at, name in enumerate(names[:many]))
    proxy = Proxy(running, args, folder, "columns", port, rules)

    def step(many):
        def measure():
            began = time.perf_counter()
            cpu = proxy.cost(0.2, lambda: whole_answer(Target("", None, proxy.port), query(f"SELECT * FROM wide{many}")))
            return cpu, 0.2 / (time.perf_counter() - began)
        return measure
    seen = taking_turns({many: step(many) for many in COLUMNS}, args.rounds)
    return ["\n### Protected columns, of 16 (text)\n", *rows_of(seen, ("protected", "CPU s per million rows", "million rows/s"))]


def first_statement(proxy, database="postgres"):
    """Milliseconds of processor time until a proxy that knows nothing has answered one statement."""
    return proxy.cost(0.001, lambda: ask(enter(proxy.port, database), query("SELECT name FROM plain WHERE id = 1")))


def rules(running, args, folder, port):
    """Policies of 10 to 10,000 rules over as many columns."""
    wide = ", ".join(f"c{number} text" for number in range(100))
    psql(port, "".join(f"CREATE TABLE ruled{table} ({wide});" for table in range(RULES[-1] // 100)))
    steps, first = {}, {}
    for many in RULES:
        lines = "".join(f'"public.ruled{number // 100}.c{number % 100}" = "suppress"\n' for number in range(many))
        proxy = Proxy(running, args, folder, f"rules{many}", port, lines)
        first[many] = first_statement(proxy)
        steps[many] = points(folder, proxy, 2, "-c8")
    seen = taking_turns(steps, args.rounds)
    table = {many: [(*row, first[many]) for row in rows] for many, rows in seen.items()}
    return ["\n### Rules of the policy\n", *rows_of(table, ("rules", *PER_QUERY, "CPU ms of the first statement"))]


def tables(running, args, folder, port):
    """Databases of 10 to 50,000 tables."""
    steps, first, memory = {}, {}, {}
    for many in TABLES:
        psql(port, f"CREATE DATABASE tables{many}")
        psql(port, "CREATE TABLE plain (id int PRIMARY KEY, name text); INSERT INTO plain SELECT n, 'name ' || n FROM generate_series(1, 1000000) n;"
             "CREATE PROCEDURE make(many int) LANGUAGE plpgsql AS $$ BEGIN FOR n IN 1..many LOOP EXECUTE format('CREATE TABLE t%s (id int, a text, b text)', n);"
             f"IF n % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$; CALL make({many});", f"tables{many}")
        psql(port, "VACUUM ANALYZE", f"tables{many}")
        proxy = Proxy(running, args, folder, f"tables{many}", port)
        first[many] = first_statement(proxy, f"tables{many}")

        def measure(proxy=proxy, many=many):
            before = proxy.process.cpu_s()
            script = folder / "script.sql"
            script.write_text(POINT.format(table="plain", columns="name"))
            out = subprocess.run([programs() / "pgbench", "-n", "-T2", "-c8", "-j1", "-Mprepared", "-f", script, *login(proxy.port)[:-1], f"tables{many}"],
                                 capture_output=True, text=True, check=True).stdout
            count = int(out.split("actually processed: ")[1].split()[0])
            return (proxy.process.cpu_s() - before) / count * 100_000, count / 2000, first[many], proxy.process.rss_mb()
        steps[many] = measure
    seen = taking_turns(steps, args.rounds)
    return ["\n### Tables in the catalogue\n", *rows_of(seen, ("tables", *PER_QUERY[:2], "CPU ms of the first statement", "MB resident"))]


def statements(proxy, count):
    """One session with many prepared statements, one of which runs."""
    def step(many):
        def measure():
            s = enter(proxy.port)
            for begin in range(0, many, 100):
                parses = [message(b"P", f"s{number}\0SELECT name FROM plain WHERE id = $1\0\0\0".encode()) for number in range(begin, min(many, begin + 100))]
                ask(s, b"".join(parses) + message(b"S", b""))
            one = message(b"B", b"\0s0\0\0\0\0\x01\0\0\0\x017\0\0") + message(b"E", b"\0\0\0\0\0") + message(b"S", b"")
            cpu = proxy.cost(0.2, lambda: [ask(s, one) for _ in range(20_000)])
            s.close()
            return (cpu,)
        return measure
    seen = taking_turns({many: step(many) for many in STATEMENTS}, count)
    return ["\n### Open statements of one session\n", *rows_of(seen, ("statements", PER_QUERY[0]))]


def connections(running, args, folder, port):
    proxy = Proxy(running, args, folder, "connections", port)
    seen = taking_turns({many: points(folder, proxy, 2, f"-c{many}") for many in CONNECTIONS}, args.rounds)
    return ["\n### Busy connections\n", *rows_of(seen, ("connections", *PER_QUERY))]


def unseen(proxy, count):
    """Statements of 1 KB, each with another number in it, over a plain and a protected table."""
    lines = ["\n### A statement that was not seen before\n", "| statement of 1 KB | CPU ms each |", "| --- | --- |"]
    shapes = {
        "over a table without protected columns": "SELECT name, number FROM plain WHERE id = {n} OR name IN ({names})",
        "joining two with protected columns": "SELECT a.ip, count(*), max(b.at) FROM logins AS a JOIN sightings AS b ON b.person = a.person"
                                              " WHERE a.id = {n} AND b.agent IN ({names}) GROUP BY a.ip",
    }
    for what, shape in shapes.items():
        names = ", ".join(f"'somebody called {number}'" for number in range(1000))
        names = names[: 1000 - len(shape)].rsplit(",", 1)[0]
        s, n, figures = enter(proxy.port), 0, []
        for _ in range(count):
            texts = [message(b"P", f"\0{shape.format(n=number, names=names)}\0\0\0".encode()) + message(b"S", b"") for number in range(n, n + 500)]
            n += 500
            figures.append(proxy.cost(0.5, lambda: [ask(s, text) for text in texts]))
        s.close()
        lines.append(f"| {what} | {spread(figures)} |")
    return lines


class Echo(multiprocessing.Process):
    """A store for sessions that all do the same: what a real one has answered to the same bytes once is said again."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.real, self.known, self.greeted = port, {}, None
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]

    def run(self):
        poll = selectors.DefaultSelector()
        poll.register(self.listener, selectors.EVENT_READ)
        while True:
            for key, _ in poll.select():
                if key.fileobj is self.listener:
                    poll.register(self.listener.accept()[0], selectors.EVENT_READ)
                    continue
                asked = key.fileobj.recv(1 << 20)
                if not asked:
                    poll.unregister(key.fileobj)
                    key.fileobj.close()
                    continue
                key.fileobj.sendall(self.answer(asked))

    def answer(self, asked):
        if asked not in self.known:
            if asked[4:8] == b"\0\3\0\0":
                self.greeted = socket.create_connection(("127.0.0.1", self.real))
            self.greeted.sendall(asked)
            self.known[asked] = until_ready(self.greeted)
        return self.known[asked]


def idle(running, args, folder, port):
    """Sessions that are logged in, have asked once, and wait."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = min(IDLE, (hard - 200) // 2)
    store = Echo(port)
    store.start()
    running.callback(store.terminate)
    proxy = Proxy(running, args, folder, "idle", store.port)
    sessions, lines = [], ["\n### Idle connections\n", "| connections | MB resident | KB each |", "| --- | --- | --- |"]
    for many in (0, IDLE // 10, most):
        while len(sessions) < many:
            sessions.append(enter(proxy.port))
            ask(sessions[-1], query("SELECT name FROM plain WHERE id = 1"))
        resident = proxy.process.rss_mb()
        bare = resident if not many else bare
        lines.append(f"| {many:,} | {resident:.1f} | {(resident - bare) * 1024 / many if many else 0:.1f} |")
    for s in sessions:
        s.close()
    return lines


def long_answer(running, args, folder, port):
    """10 GB in one answer, of texts that the store holds compressed: rows of joins and unions are put in an order, for which it wants room."""
    rows = 100_000 if args.quick else 1_000_000
    psql(port, "CREATE TABLE pages (id int PRIMARY KEY, ip inet, page text); INSERT INTO pages SELECT n, inet '198.18.0.0' + n % 65536, "
               f"repeat(md5(n::text), 312) FROM generate_series(1, {rows}) n; VACUUM ANALYZE pages;")
    proxy = Proxy(running, args, folder, "long", port, '"public.pages.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }\n')
    seen, done = [], threading.Event()
    watcher = threading.Thread(target=lambda: [seen.append(proxy.process.rss_mb()) for _ in iter(lambda: done.wait(0.25), True)])
    watcher.start()
    total, _, took = whole_answer(Target("", None, proxy.port), query("SELECT * FROM pages"))
    done.set()
    watcher.join()
    if total < rows * 10_000:
        sys.exit(f"an answer of {total} bytes is not whole")
    quarter = max(1, len(seen) // 4)
    return ["\n### Memory while a long answer passes\n", f"{total / 1e9:.1f} GB of rows with an address in {took:.0f} s: peak {max(seen):.1f} MB"
            f" resident; highest of the first quarter {max(seen[:quarter]):.1f}, of the last {max(seen[-quarter:]):.1f}"]


def main():
    args = arguments(__doc__)
    with tempfile.TemporaryDirectory(prefix="sfumato-bench-") as name, contextlib.ExitStack() as running:
        folder = pathlib.Path(name)
        os.chmod(folder, 0o777)
        port = running.enter_context(cluster(folder))
        parts = {
            "columns": lambda: columns(running, args, folder, port),
            "rules": lambda: rules(running, args, folder, port),
            "tables": lambda: tables(running, args, folder, port),
            "statements": lambda: statements(Proxy(running, args, folder, "statements", port), args.rounds),
            "connections": lambda: connections(running, args, folder, port),
            "unseen": lambda: unseen(Proxy(running, args, folder, "unseen", port), args.rounds),
            "idle": lambda: idle(running, args, folder, port),
            "long": lambda: long_answer(running, args, folder, port),
        }
        lines = [f"lowest / **median** / highest of {args.rounds} rounds"]
        for part, measure in parts.items():
            if args.only in part:
                lines += measure()
                print(f"{part}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    write_report("scaling", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
