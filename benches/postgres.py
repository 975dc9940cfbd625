#!/usr/bin/env python3
"""The whole process against pgbouncer, in front of the same PostgreSQL server. Standard library only.

Rounds are interleaved: in each round every target gets every load once, in rotating order. The figure that counts is
the proxy's own processor time (user and system, from /proc/PID/stat). Everybody is let in by `trust`; pgbouncer pools
by session, since that is what a proxy with one connection for each client does. Printed is the median of the rounds
with the lowest and the highest, and the table goes to target/bench/postgres.md.

Needs PostgreSQL's server programs, pgbench and pgbouncer (`make bench` installs them) and a release build of sfumato.
"""
import contextlib, os, pathlib, re, shutil, socket, struct, subprocess, sys, tempfile, time

from measure import Process, arguments, free_port, spread, start_sfumato, wait_for, write_report

SCHEMA = """
CREATE TABLE plain (id int PRIMARY KEY, name text NOT NULL, number bigint NOT NULL, at timestamptz NOT NULL);
INSERT INTO plain SELECT n, 'name ' || n, n * 7, timestamptz '2026-11-01 00:00+00' + n * interval '1 second' FROM generate_series(1, 1000000) n;
CREATE TABLE logins (id int PRIMARY KEY, person uuid NOT NULL, ip inet NOT NULL, at timestamptz NOT NULL);
INSERT INTO logins SELECT n, md5((n % 1000)::text)::uuid, inet '198.18.0.0' + n % 65536, timestamptz '2026-11-01 00:00+00' + n * interval '1 second'
  FROM generate_series(1, 1000000) n;
VACUUM ANALYZE;
"""

POLICY = """
[keys]
current = "bench"
[keys.ring]
"bench" = {{ file = "@KEY@" }}
[[stores]]
name = "bench"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:{port}"
unlisted = "pass"
[stores.fields]
"public.logins.ip" = {{ truncate = {{ ipv4 = 16, ipv6 = 32 }} }}
"public.logins.person" = {{ pseudonymize = {{ domain = "person" }} }}
"""

PGBOUNCER = """[databases]
* = host=127.0.0.1 port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = trust
auth_file = {dir}/users.txt
pool_mode = session
max_client_conn = 200
default_pool_size = 100
log_connections = 0
log_disconnections = 0
"""

POINT = "\\set id random(1, 1000000)\nSELECT {columns} FROM {table} WHERE id = :id;\n"

# name: (unit of processor time, unit of the rate)
PER_QUERY = ("CPU s per 100k queries", "thousand queries/s", "p99 ms")
PER_ROW = ("CPU s per million rows", "MB/s", "first byte ms")
PER_CONNECTION = ("CPU s per 1000 connections", "connections/s", "p99 ms")


def programs():
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    given = os.environ.get("PGBIN")
    return pathlib.Path(given) if given else folders[-1] if folders else None


def as_server(command):
    """Neither the server nor pgbouncer runs as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", *command] if os.getuid() == 0 else command


@contextlib.contextmanager
def cluster(folder):
    bin_, data, port = programs(), folder / "data", free_port()
    call = lambda *command: subprocess.run(as_server([str(part) for part in command]), check=True, cwd="/", stdout=subprocess.DEVNULL)
    call(bin_ / "initdb", "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-sync", "-D", data)
    with open(data / "postgresql.auto.conf", "a") as settings:
        settings.write(f"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n"
                       "max_connections = 200\nshared_buffers = '512MB'\nmax_wal_size = '4GB'\n")
    call(bin_ / "pg_ctl", "-s", "-w", "-l", folder / "log", "-D", data, "start")
    try:
        subprocess.run([bin_ / "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", *login(port)], input=SCHEMA, text=True, check=True)
        yield port
    finally:
        call(bin_ / "pg_ctl", "-s", "-w", "-m", "immediate", "-D", data, "stop")


def login(port):
    return ["-h", "127.0.0.1", "-p", str(port), "-U", "bench", "-d", "postgres"]


def pgbouncer(folder, port):
    listen = free_port()
    (folder / "users.txt").write_text('"bench" ""\n')
    (folder / "pgbouncer.ini").write_text(PGBOUNCER.format(port=port, listen=listen, dir=folder))
    return Process(as_server([shutil.which("pgbouncer"), "-q", str(folder / "pgbouncer.ini")]), stderr=subprocess.DEVNULL), listen


def pgbench(folder, port, text, seconds, *how):
    """Runs a script; queries, seconds, milliseconds of the slowest of a hundred."""
    script = folder / "script.sql"
    script.write_text(text)
    for old in folder.glob("latency.*"):
        old.unlink()
    connection = ["-h", "127.0.0.1", "-p", str(port), "-U", "bench"]
    out = subprocess.run([programs() / "pgbench", "-n", "-T", str(seconds), "-l", f"--log-prefix={folder}/latency", "--sampling-rate=0.2",
                          "-f", script, *how, *connection, "postgres"], capture_output=True, text=True)
    rate = re.search(r"^tps = ([\d.]+)", out.stdout, re.M)
    if out.returncode != 0 or not rate or not re.search(r"failed transactions: 0 ", out.stdout):
        sys.exit(f"errors under load:\n{out.stdout}{out.stderr}")
    count, rate = int(re.search(r"actually processed: (\d+)", out.stdout)[1]), float(rate[1])
    latency = sorted(int(line.split()[2]) for file in folder.glob("latency.*") for line in open(file))
    return count, rate, latency[len(latency) * 99 // 100] / 1000


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


def whole_answer(port, request):
    """Reads all of an answer; its bytes, and the milliseconds to the first."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(message(b"", b"\0\3\0\0user\0bench\0database\0postgres\0\0"))
        tail = b""
        while not tail.endswith(b"Z\0\0\0\5I"):
            tail += s.recv(65536)
        buffer, total, first_ms, tail, begin = bytearray(1 << 20), 0, None, b"", time.perf_counter()
        s.sendall(request)
        while not tail.endswith(b"Z\0\0\0\5I"):
            count = s.recv_into(buffer)
            first_ms = first_ms or (time.perf_counter() - begin) * 1000
            if not count or buffer[0:1] == b"E" and not total:
                sys.exit(f"not answered: {bytes(buffer[:count])}")
            total += count
            tail = (tail + bytes(buffer[max(0, count - 6):count]))[-6:]
        return total, first_ms, time.perf_counter() - begin


def query(text):
    return message(b"Q", text.encode() + b"\0")


def in_binary(text):
    return b"".join([message(b"P", b"\0" + text.encode() + b"\0\0\0"), message(b"B", b"\0\0\0\0\0\0\0\1\0\1"), message(b"D", b"P\0"),
                     message(b"E", b"\0\0\0\0\0"), message(b"S", b"")])


def loads(folder, quick):
    """[(name, units, work)]; work takes a port and gives (amount, rate, latency)."""
    seconds = 3 if quick else 5

    def points(table, columns, *how):
        def work(port):
            count, rate, p99 = pgbench(folder, port, POINT.format(table=table, columns=columns), seconds, "-c32", "-j1", *how)
            return count / 100_000, rate / 1000, p99
        return work

    def connections(port):
        count, rate, p99 = pgbench(folder, port, POINT.format(table="plain", columns="name"), seconds, "-c4", "-j1", "-C")
        return count / 1000, rate, p99

    def bulk(request):
        def work(port):
            total, first_ms, took = whole_answer(port, request)
            return 1, total / took / 1e6, first_ms
        return work

    return [
        ("Point query, prepared, 32 clients, table without protected columns", PER_QUERY, points("plain", "name", "-Mprepared")),
        ("The same, an address treated in the store", PER_QUERY, points("logins", "ip", "-Mprepared")),
        ("The same, an identifier treated in the proxy", PER_QUERY, points("logins", "person", "-Mprepared")),
        ("Point query, simple protocol, 32 clients, table without protected columns", PER_QUERY, points("plain", "name", "-Msimple")),
        ("New connections, one query each, 4 clients", PER_CONNECTION, connections),
        ("1M rows in text, table without protected columns", PER_ROW, bulk(query("SELECT * FROM plain"))),
        ("1M rows in binary, table without protected columns", PER_ROW, bulk(in_binary("SELECT * FROM plain"))),
        ("1M rows in text, with an address and an identifier", PER_ROW, bulk(query("SELECT * FROM logins"))),
        ("1M rows in binary, with an address and an identifier", PER_ROW, bulk(in_binary("SELECT * FROM logins"))),
        ("COPY of 1M rows, table without protected columns", PER_ROW, bulk(query("COPY plain TO STDOUT"))),
        ("COPY of 1M rows, with an address and an identifier", PER_ROW, bulk(query("COPY logins TO STDOUT"))),
    ]


def rounds(targets, work, count):
    """{(load, target): [(processor time per amount, rate, latency) per round]}"""
    seen = {}
    for number in range(count):
        for load, _, measure in work:
            turn = number % len(targets)
            for name, process, port in targets[turn:] + targets[:turn]:
                before = process.cpu_s() if process else 0
                amount, rate, latency = measure(port)
                cpu = (process.cpu_s() - before) / amount if process else 0
                seen.setdefault((load, name), []).append((cpu, rate, latency))
        print(f"round {number + 1} of {count}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return seen


def table(seen, targets, work):
    lines = []
    for load, (cpu, rate, latency), _ in work:
        lines += [f"\n### {load}\n", f"| target | {cpu} | {rate} | {latency} |", "| --- | --- | --- | --- |"]
        for name, process, _ in targets:
            rows = seen[(load, name)]
            figure = spread([row[0] for row in rows]) if process else "-"
            lines.append(f"| {name} | {figure} | {spread([row[1] for row in rows], 1)} | {spread([row[2] for row in rows])} |")
    return "\n".join(lines)


def main():
    args = arguments(__doc__)
    if not programs() or not (programs() / "pgbench").exists() or not shutil.which("pgbouncer"):
        sys.exit("PostgreSQL's server programs, pgbench or pgbouncer are missing: `make bench` installs them")
    with tempfile.TemporaryDirectory(prefix="sfumato-bench-") as name, contextlib.ExitStack() as running:
        folder = pathlib.Path(name)
        os.chmod(folder, 0o777)
        port = running.enter_context(cluster(folder))
        bouncer, bouncer_port = pgbouncer(folder, port)
        running.callback(bouncer.end)
        proxy, proxy_port = start_sfumato(args.binary, folder, "proxy", POLICY.format(port=port))
        running.callback(proxy.end)
        wait_for(bouncer_port), wait_for(proxy_port)
        targets = [("direct", None, port), ("pgbouncer, untreated", bouncer, bouncer_port), ("sfumato", proxy, proxy_port)]
        work = loads(folder, args.quick)
        seen = rounds(targets, work, args.rounds)
    write_report("postgres.md", f"lowest / **median** / highest of {args.rounds} interleaved rounds\n{table(seen, targets, work)}\n")


if __name__ == "__main__":
    main()
