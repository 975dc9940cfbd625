#!/usr/bin/env python3
"""The whole process against pgbouncer, in front of the same PostgreSQL server. Standard library only.

Rounds are interleaved: in each round every target gets every load once, in rotating order. The figure that counts is
the proxy's own processor time (user and system, from /proc/PID/stat). Everybody is let in by `trust`; pgbouncer pools
by session, since that is what a proxy with one connection for each client does. Printed is the median of the rounds
with the lowest and the highest, and the table goes to target/bench/postgres.md.

One target more is the store itself with views that mask in SQL, in the place of a table with all seven treatments.

Needs PostgreSQL's server programs, pgbench and pgbouncer (`make bench` installs them) and a release build of sfumato.
"""
import contextlib, os, pathlib, re, shutil, socket, struct, subprocess, sys, tempfile, time, typing

from measure import Process, arguments, free_port, spread, start_sfumato, wait_for, write_report

SCHEMA = """
CREATE TABLE plain (id int PRIMARY KEY, name text NOT NULL, number bigint NOT NULL, at timestamptz NOT NULL);
INSERT INTO plain SELECT n, 'name ' || n, n * 7, timestamptz '2026-11-01 00:00+00' + n * interval '1 second' FROM generate_series(1, 1000000) n;
CREATE TABLE logins (id int PRIMARY KEY, person uuid NOT NULL, ip inet NOT NULL, at timestamptz NOT NULL);
INSERT INTO logins SELECT n, md5((n % 1000)::text)::uuid, inet '198.18.0.0' + n % 65536, timestamptz '2026-11-01 00:00+00' + n * interval '1 second'
  FROM generate_series(1, 1000000) n;
CREATE TABLE sightings (id int PRIMARY KEY, person uuid NOT NULL, account bigint NOT NULL, ip inet NOT NULL, lat float8 NOT NULL, lon float8 NOT NULL,
  at timestamptz NOT NULL, bytes bigint NOT NULL, agent text NOT NULL);
INSERT INTO sightings SELECT n, md5((n % 1000)::text)::uuid, 1000000 + n % 5000, inet '198.18.0.0' + n % 65536, 40 + n % 100000 / 7919.0, n % 99991 / 7907.0,
  timestamptz '2026-11-01 00:00+00' + n * interval '1 second', n % 100000,
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.' || n % 10 FROM generate_series(1, 200000) n;
CREATE EXTENSION pgcrypto;
CREATE SCHEMA masked;
CREATE VIEW masked.sightings AS SELECT id, encode(hmac(person::text, 'bench', 'sha256'), 'hex') AS person, encode(hmac(account::text, 'bench', 'sha256'), 'hex') AS account,
  network(set_masklen(ip, 16)) AS ip, floor(lat * 10) / 10 AS lat, floor(lon * 10) / 10 AS lon, date_trunc('hour', at) AS at, bytes / 1000 * 1000 AS bytes,
  regexp_replace(agent, '\d{1,3}(\.\d{1,3}){3}', '[ip]', 'g') AS agent FROM public.sightings;
CREATE ROLE masked LOGIN;
ALTER ROLE masked SET search_path = masked;
GRANT USAGE ON SCHEMA masked TO masked;
GRANT SELECT ON masked.sightings TO masked;
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
"public.sightings.person" = {{ pseudonymize = {{ domain = "person" }} }}
"public.sightings.account" = {{ tokenize = {{ domain = "account" }} }}
"public.sightings.ip" = {{ truncate = {{ ipv4 = 16, ipv6 = 32 }} }}
"public.sightings.lat" = {{ grid = {{ degrees = 0.1 }} }}
"public.sightings.lon" = {{ grid = {{ degrees = 0.1 }} }}
"public.sightings.at" = {{ floor = {{ to = "hour" }} }}
"public.sightings.bytes" = {{ bucket = {{ width = 1000 }} }}
"public.sightings.agent" = "scrub"
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
PER_ROW = ("CPU s per million rows", "million rows/s", "first byte ms")
PER_CONNECTION = ("CPU s per 1000 connections", "connections/s", "p99 ms")


class Target(typing.NamedTuple):
    name: str
    process: Process | None  # whose processor time counts
    port: int
    user: str = "bench"
    sslmode: str = "prefer"


class Load(typing.NamedTuple):
    name: str
    units: tuple  # of processor time for an amount, of the rate, of the latency
    measure: typing.Callable  # takes a target and gives (amount, rate, latency)
    is_masked: bool = False  # whether the store's own views have an answer


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


def pgbouncer(folder, port, more=""):
    listen = free_port()
    (folder / "users.txt").write_text('"bench" ""\n')
    settings = folder / f"pgbouncer.{listen}.ini"
    settings.write_text(PGBOUNCER.format(port=port, listen=listen, dir=folder) + more)
    return Process(as_server([shutil.which("pgbouncer"), "-q", str(settings)]), stderr=subprocess.DEVNULL), listen


def pgbench(folder, target, text, seconds, *how):
    """Runs a script; queries, seconds, milliseconds of the slowest of a hundred."""
    script = folder / "script.sql"
    script.write_text(text)
    for old in folder.glob("latency.*"):
        old.unlink()
    connection = ["-h", "127.0.0.1", "-p", str(target.port), "-U", target.user]
    out = subprocess.run([programs() / "pgbench", "-n", "-T", str(seconds), "-l", f"--log-prefix={folder}/latency", "--sampling-rate=0.2",
                          "-f", script, *how, *connection, "postgres"], capture_output=True, text=True, env={**os.environ, "PGSSLMODE": target.sslmode})
    rate = re.search(r"^tps = ([\d.]+)", out.stdout, re.M)
    if out.returncode != 0 or not rate or not re.search(r"failed transactions: 0 ", out.stdout):
        sys.exit(f"errors under load:\n{out.stdout}{out.stderr}")
    count, rate = int(re.search(r"actually processed: (\d+)", out.stdout)[1]), float(rate[1])
    latency = sorted(int(line.split()[2]) for file in folder.glob("latency.*") for line in open(file))
    return count, rate, latency[len(latency) * 99 // 100] / 1000


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


def whole_answer(target, request):
    """Reads all of an answer; its bytes, and the milliseconds to the first."""
    with socket.create_connection(("127.0.0.1", target.port)) as s:
        s.sendall(message(b"", b"\0\3\0\0user\0" + target.user.encode() + b"\0database\0postgres\0\0"))
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
    seconds = 3 if quick else 5

    def points(table, columns, *how):
        def measure(target):
            count, rate, p99 = pgbench(folder, target, POINT.format(table=table, columns=columns), seconds, "-c32", "-j1", *how)
            return count / 100_000, rate / 1000, p99
        return measure

    def connections(target):
        count, rate, p99 = pgbench(folder, target, POINT.format(table="plain", columns="name"), seconds, "-c4", "-j1", "-C")
        return count / 1000, rate, p99

    def bulk(request, millions):
        def measure(target):
            _, first_ms, took = whole_answer(target, request)
            return millions, millions / took, first_ms
        return measure

    queries = [("table without protected columns", "plain", "name", "-Mprepared"), ("an address treated in the store", "logins", "ip", "-Mprepared"),
               ("an identifier treated in the proxy", "logins", "person", "-Mprepared"),
               ("simple protocol, table without protected columns", "plain", "name", "-Msimple")]
    tables = [("1M rows", "table without protected columns", "* FROM plain", 1), ("1M rows", "table with an address and an identifier", "* FROM logins", 1),
              ("200k rows", "seven columns with six treatments", "id, person, account, ip, lat, lon, at, bytes FROM sightings", 0.2)]
    forms = [("in text", query, "SELECT {}"), ("in binary", in_binary, "SELECT {}"), ("by COPY in text", query, "COPY (SELECT {}) TO STDOUT")]
    # The store needs seconds for what `scrub` looks for.
    answers = [(*table, *form) for table in tables for form in forms] + [("200k rows", "the same and a scrubbed text", "* FROM sightings", 0.2, *forms[0])]
    return [
        *(Load(f"Point query, 32 clients, {what}", PER_QUERY, points(table, columns, how)) for what, table, columns, how in queries),
        Load("New connections, one query each, 4 clients", PER_CONNECTION, connections),
        *(Load(f"{rows} {form}, {what}", PER_ROW, bulk(request(text.format(of)), millions), "sightings" in of)
          for rows, what, of, millions, form, request, text in answers),
    ]


def turns(load, targets, number):
    """Who gets a load in a round, in whose order."""
    asked = [target for target in targets if target.user == "bench" or load.is_masked]
    return asked[number % len(asked):] + asked[:number % len(asked)]


def rounds(targets, work, count):
    """{load: {target: [(processor time per amount, rate, latency) per round]}}"""
    seen = {load.name: {target.name: [] for target in turns(load, targets, 0)} for load in work}
    for number in range(count):
        for load in work:
            for target in turns(load, targets, number):
                before = target.process.cpu_s() if target.process else 0
                amount, rate, latency = load.measure(target)
                cpu = (target.process.cpu_s() - before) / amount if target.process else 0
                seen[load.name][target.name].append((cpu, rate, latency))
        print(f"round {number + 1} of {count}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return seen


def table(seen, targets, work):
    lines = []
    for load in work:
        cpu, rate, latency = load.units
        lines += [f"\n### {load.name}\n", f"| target | {cpu} | {rate} | {latency} |", "| --- | --- | --- | --- |"]
        for target in turns(load, targets, 0):
            rows = seen[load.name][target.name]
            figure = spread([row[0] for row in rows]) if target.process else "-"
            lines.append(f"| {target.name} | {figure} | {spread([row[1] for row in rows])} | {spread([row[2] for row in rows])} |")
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
        targets = [Target("direct", None, port), Target("pgbouncer, untreated", bouncer, bouncer_port), Target("sfumato", proxy, proxy_port),
                   Target("masked by views in the store", None, port, "masked")]
        work = [load for load in loads(folder, args.quick) if args.only in load.name]
        seen = rounds(targets, work, args.rounds)
    report = f"lowest / **median** / highest of {args.rounds} interleaved rounds\n{table(seen, targets, work)}\n"
    write_report("postgres", report, {load.name: {"units": load.units, "targets": seen[load.name]} for load in work})


if __name__ == "__main__":
    main()
