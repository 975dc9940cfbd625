#!/usr/bin/env python3
"""Others while somebody misbehaves: what they wait for beside wrong passwords, half-open handshakes, slow clients and clients that
never read; statements while the policy is reloaded; what the audit trail costs. Standard library only.

"Others" are four sessions with a point query every 10 ms each, and a new login every 50 ms, in a process of their own. Each attack
runs between two quiet phases, so that a machine that is busy with other work shows. Printed are milliseconds, the 50th and 99th
percentile, and the 99th beside that of the quiet phases; the table goes to target/bench/door.md.

Needs PostgreSQL's server programs and pgbench (`make bench` installs them) and a build of sfumato (--binary).
"""
import base64, contextlib, hashlib, hmac, multiprocessing, os, pathlib, random, re, resource, signal, socket, statistics, struct, subprocess, sys, tempfile, threading, time

from measure import arguments, start_sfumato, wait_for, write_report
from postgres import cluster, message, programs, query

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
login = {{ verifiers = "{passwd}", service = {{ user = "bench" }} }}
[stores.fields]
"public.logins.ip" = {{ truncate = {{ ipv4 = 16, ipv6 = 32 }} }}
"public.logins.person" = {{ pseudonymize = {{ domain = "person" }} }}
"""
AUDIT = '[audit]\nfile = "{file}"\n'
NAME, PASSWORD = "alice", "sesame"


def receive(s):
    head = b""
    while len(head) < 5:
        more = s.recv(5 - len(head))
        if not more:
            raise ConnectionError
        head += more
    length, body = struct.unpack("!i", head[1:])[0] - 4, b""
    while len(body) < length:
        more = s.recv(length - len(body))
        if not more:
            raise ConnectionError
        body += more
    return head[:1], body


def connect(port):
    s = socket.create_connection(("127.0.0.1", port), 30)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def begin(s, name):
    s.sendall(message(b"", b"\0\3\0\0user\0" + name.encode() + b"\0database\0postgres\0\0"))
    assert receive(s)[0] == b"R"
    nonce = base64.b64encode(os.urandom(18)).decode()
    bare = f"n=,r={nonce}"
    first = b"n,," + bare.encode()
    s.sendall(message(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first))
    kind, body = receive(s)
    assert kind == b"R", body
    return bare, body[4:].decode()


def login(port):
    """A session, with the proof that a password gives (RFC 5802)."""
    s = connect(port)
    bare, server = begin(s, NAME)
    nonce, salt, count = (part[2:] for part in server.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), base64.b64decode(salt), int(count))
    key = hmac.digest(salted, b"Client Key", "sha256")
    last = f"c=biws,r={nonce}"
    sign = hmac.digest(hashlib.sha256(key).digest(), f"{bare},{server},{last}".encode(), "sha256")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, sign))).decode()
    s.sendall(message(b"p", f"{last},p={proof}".encode()))
    finish(s)
    return s


def finish(s):
    while True:
        kind, body = receive(s)
        if kind == b"E":
            raise ConnectionError(body)
        if kind == b"Z":
            return


def ask(s, text):
    s.sendall(query(text))
    finish(s)


def others(port, seconds, out):
    """Milliseconds of queries and of logins, and how many failed."""
    end, asked, came, failed = time.monotonic() + seconds, [], [], []

    def asks():
        s = login(port)
        while time.monotonic() < end:
            begun = time.perf_counter()
            try:
                ask(s, f"SELECT name FROM plain WHERE id = {random.randint(1, 1000000)}")
                asked.append((time.perf_counter() - begun) * 1000)
            except OSError as error:
                failed.append(error)
                s = login(port)
            time.sleep(0.01)

    def comes():
        while time.monotonic() < end:
            begun = time.perf_counter()
            try:
                login(port).close()
                came.append((time.perf_counter() - begun) * 1000)
            except (OSError, AssertionError) as error:
                failed.append(error)
            time.sleep(0.05)

    threads = [threading.Thread(target=asks) for _ in range(4)] + [threading.Thread(target=comes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    out.put((asked, came, len(failed)))


def wrong_passwords(port, stop, count):
    """10,000 attempts, as fast as eight threads can."""
    left = [10_000]

    def guess():
        while left[0] > 0 and not stop.is_set():
            left[0] -= 1
            with contextlib.suppress(OSError, AssertionError), connect(port) as s:
                begin_nonce, server = begin(s, NAME)
                s.sendall(message(b"p", f"c=biws,{server.split(',')[0]},p={base64.b64encode(bytes(32)).decode()}".encode()))
                receive(s)
                count.value += 1
    in_threads(guess, 8)


def half_open(port, stop, count):
    """A thousand connections that say nothing or half a start-up message, each replaced when it is closed."""
    held = []
    while not stop.is_set():
        s = connect(port)
        s.sendall(random.choice([b"", b"\0\0\0\x50\0\3\0\0user\0al", b"\0\0\0\x08\x04\xd2\x16\x2f"]))
        held.append(s)
        count.value += 1
        if len(held) > 1000:
            held.pop(0).close()
        time.sleep(0.002)


def slow_loris(port, stop, count):
    """Five hundred connections that send one byte of a start-up message every tenth of a second."""
    startup, held = message(b"", b"\0\3\0\0user\0alice\0application_name\0" + b"x" * 300 + b"\0\0"), []
    while not stop.is_set():
        while len(held) < 500:
            held.append((connect(port), 0))
            count.value += 1
        again = []
        for s, sent in held:
            try:
                s.sendall(startup[sent:sent + 1])
                again.append((s, sent + 1))
            except OSError:
                s.close()
        held = again
        time.sleep(0.1)


def never_read(port, stop, count):
    """Sixteen sessions that ask for a million rows and read none of them."""
    held = []
    for _ in range(16):
        s = login(port)
        s.sendall(query("SELECT * FROM plain"))
        held.append(s)
        count.value += 1
    stop.wait()


def in_threads(work, number):
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def phase(port, seconds, attack=None):
    """What others wait for meanwhile."""
    out, stop, count = multiprocessing.Queue(), multiprocessing.Event(), multiprocessing.Value("q", 0)
    attacker = attack and multiprocessing.Process(target=attack, args=(port, stop, count))
    if attacker:
        attacker.start()
        time.sleep(1)
    watcher = multiprocessing.Process(target=others, args=(port, seconds, out))
    watcher.start()
    figures = out.get()
    watcher.join()
    stop.set()
    if attacker:
        attacker.join()
    return *figures, count.value


def percentiles(values):
    values = sorted(values)
    return (values[len(values) // 2], values[len(values) * 99 // 100]) if values else (float("nan"), float("nan"))


def attacks(port, seconds):
    lines = ["| beside | connections | query p50 | query p99 | times quiet | login p50 | login p99 | times quiet | failed |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for attack in (wrong_passwords, half_open, slow_loris, never_read):
        before, during, after = phase(port, seconds), phase(port, seconds, attack), phase(port, seconds)
        quiet = [before[i] + after[i] for i in (0, 1)]
        cells = []
        for i in (0, 1):
            (p50, p99), (_, still) = percentiles(during[i]), percentiles(quiet[i])
            cells.append(f"{p50:.2f} | {p99:.2f} | {p99 / still:.2f}")
        lines.append(f"| {attack.__name__.replace('_', ' ')} | {during[3]} | {' | '.join(cells)} | {during[2]} |")
        print(lines[-1], f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return lines


def pgbench(port, script, seconds, clients):
    environment = {**os.environ, "PGPASSWORD": PASSWORD}
    command = [programs() / "pgbench", "-n", "-T", str(seconds), "-c", str(clients), "-j1", "-Mprepared", "-f", script,
               "-h", "127.0.0.1", "-p", str(port), "-U", NAME, "postgres"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def reload(folder, proxy, port, seconds):
    """SIGHUP five times a second under 32 busy connections."""
    bench, count = pgbench(port, folder / "point.sql", seconds, 32), 0
    while bench.poll() is None:
        time.sleep(0.2)
        proxy.child.send_signal(signal.SIGHUP)
        count += 1
    text = bench.stdout.read()
    failed = re.search(r"failed transactions: (\d+)", text)
    done = re.search(r"actually processed: (\d+)", text)
    if bench.returncode != 0 or not failed:
        return f"{count} reloads: FAILED\n{text}"
    return f"{count} reloads under 32 busy connections: {done[1]} statements, {failed[1]} failed"


def audit_cost(folder, with_audit, without, seconds, rounds):
    """Statements a second, and processor time for each, with and without a trail."""
    seen = {"audit on": [], "audit off": []}
    for number in range(rounds):
        pair = [("audit on", *with_audit), ("audit off", *without)]
        for name, process, port in pair if number % 2 else reversed(pair):
            before = process.cpu_s()
            bench = pgbench(port, folder / "point.sql", seconds, 8)
            text = bench.communicate()[0]
            done = int(re.search(r"actually processed: (\d+)", text)[1])
            seen[name].append((float(re.search(r"^tps = ([\d.]+)", text, re.M)[1]), (process.cpu_s() - before) / done * 1e6))
    lines = ["| | statements/s | CPU µs a statement |", "| --- | --- | --- |"]
    middle = {name: [statistics.median(row[i] for row in rows) for i in (0, 1)] for name, rows in seen.items()}
    lines += [f"| {name} | {rate:.0f} | {cpu:.0f} |" for name, (rate, cpu) in middle.items()]
    lines.append(f"\naudit costs {100 - 100 * middle['audit on'][0] / middle['audit off'][0]:.1f} % of throughput")
    return lines


def main():
    args = arguments(__doc__)
    if not programs() or not (programs() / "pgbench").exists():
        sys.exit("PostgreSQL's server programs or pgbench are missing: `make bench` installs them")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    seconds = 5 if args.quick else 15
    with tempfile.TemporaryDirectory(prefix="sfumato-bench-") as name, contextlib.ExitStack() as running:
        folder = pathlib.Path(name)
        os.chmod(folder, 0o777)
        port = running.enter_context(cluster(folder))
        passwd = folder / "employees.passwd"
        subprocess.run([args.binary, "passwd", str(passwd), NAME], input=PASSWORD + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
        policy = POLICY.format(port=port, passwd=passwd)
        proxies = []
        for name, more in (("recorded", AUDIT.format(file=folder / "audit.jsonl")), ("bare", "")):
            proxies.append(start_sfumato(args.binary, folder, name, policy + more))
            running.callback(proxies[-1][0].end)
            wait_for(proxies[-1][1])
        (folder / "point.sql").write_text("\\set id random(1, 1000000)\nSELECT ip FROM logins WHERE id = :id;\n")
        proxy, proxy_port = proxies[0]
        login(proxy_port).close()
        lines = attacks(proxy_port, seconds)
        lines += ["", reload(folder, proxy, proxy_port, seconds), ""]
        lines += audit_cost(folder, *proxies, seconds, args.rounds)
        trail = (folder / "audit.jsonl").stat().st_size
        logins = (folder / "audit.jsonl").read_text().count('"kind":"login"')
        lines.append(f"\nthe trail has {trail / 1e6:.1f} MB, and {logins} lines about who was not let in")
    write_report("door", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
