#!/usr/bin/env python3
"""The whole process against nginx `proxy_pass`, in front of the same store. Standard library only.

Rounds are interleaved: in each round every target gets every load once, in rotating order, so that a busy
minute hits all of them. The figure that counts is the proxy's own processor time (user and system, from
/proc/PID/stat), which a noisy neighbour moves less than throughput. Printed is the median of the rounds with
the lowest and the highest, and the table goes to target/bench/http.md.

Needs nginx and wrk (`make bench` installs them) and a release build of sfumato.
"""
import json, os, pathlib, random, re, shutil, socket, statistics, subprocess, sys, tempfile, threading, time

from measure import Process, arguments, free_port, spread, start_sfumato, wait_for, write_report


def record(rng):
    """One invented login of about 270 bytes, in documentation and benchmark address ranges."""
    octet = lambda: rng.randrange(256)
    return {
        "id": rng.randrange(10**9),
        "user_id": "%08x-%04x-4%03x-8%03x-%012x" % (rng.getrandbits(32), rng.getrandbits(16),
                   rng.getrandbits(12), rng.getrandbits(12), rng.getrandbits(48)),
        "ip": f"198.{18 + rng.randrange(2)}.{octet()}.{octet()}",
        "at": "2026-11-%02dT%02d:%02d:%02dZ" % (1 + rng.randrange(28), rng.randrange(24), rng.randrange(60), rng.randrange(60)),
        "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "path": "/shop/item/%d/details" % rng.randrange(10**6),
        "status": rng.choice([200, 200, 200, 304, 404]),
    }


def make_files(folder):
    rng = random.Random(1)
    one = record(rng)
    one["tags"] = ["tag-%d" % i for i in range(8)]
    one["text"] = ("plain words of a note that has nothing to hide " * 20)[: 1024 - len(json.dumps(one)) - 12]
    (folder / "one.json").write_text(json.dumps(one))
    array = "[" + ",".join(json.dumps(record(rng)) for _ in range(3900)) + "]"
    (folder / "array.json").write_text(array)
    lines = "".join(json.dumps(record(rng)) + "\n" for _ in range(70_000))
    with open(folder / "lines.ndjson", "w") as out:
        for _ in range(200_000_000 // len(lines) + 1):
            out.write(lines)
    return lines.encode()


NGINX = """daemon off; worker_processes 1; pid {dir}/{name}.pid; error_log {dir}/{name}.err;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  types {{ application/json json; application/x-ndjson ndjson; }}
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  {body} }}"""


def nginx(folder, name, body):
    conf = folder / f"{name}.conf"
    conf.write_text(NGINX.format(dir=folder, name=name, body=body))
    return Process(["nginx", "-p", str(folder), "-c", str(conf)], stderr=subprocess.DEVNULL)


def sfumato(folder, name, binary, store, unlisted):
    return start_sfumato(binary, folder, name, f"""
[keys]
current = "bench"
[keys.ring]
"bench" = {{ file = "@KEY@" }}
[treatments]
coarse-ip = {{ truncate = {{ ipv4 = 16, ipv6 = 32 }} }}
person = {{ pseudonymize = {{ domain = "person" }} }}
[[stores]]
name = "bench"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://127.0.0.1:{store}"
unlisted = "{unlisted}"
[stores.fields]
"$..ip" = "coarse-ip"
"$..user_id" = "person"
[[stores.routes]]
methods = ["GET"]
path = "/{{file}}"
params = {{ file = "pass" }}
""")


def wrk(port, path, connections, seconds):
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{port}{path}"],
                         check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"errors under load:\n{out}")
    count, seconds = re.search(r"(\d+) requests in ([\d.]+)s", out).groups()
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    return int(count), float(seconds), float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000}[p99[2]]


def fetch(port, path):
    """Reads all of an answer; returns its bytes and the milliseconds to the first byte of its body."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        begin = time.perf_counter()
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head or head.endswith(b"\r\n\r\n"):
            head += s.recv(65536)
        first_ms = (time.perf_counter() - begin) * 1000
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(f"not answered: {head[:300]}")
        total, buffer = len(head), bytearray(1 << 20)
        while read := s.recv_into(buffer):
            total += read
        return total, first_ms


def endless_store(chunk, total_bytes):
    """A store that answers every request with `total_bytes` of the same lines, until the process ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(peer):
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n")
            for _ in range(total_bytes // len(chunk) + 1):
                peer.sendall(chunk)

    def loop():
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=serve, args=(peer,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


def memory(folder, binary, lines, gigabytes):
    port = endless_store(lines, gigabytes * 10**9)
    proxy, listen = sfumato(folder, "memory", binary, port, "scan")
    seen, done = [], threading.Event()

    def watch():
        while not done.wait(0.25):
            seen.append(proxy.rss_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    before = proxy.cpu_s()
    total, _ = fetch(listen, "/lines.ndjson")
    cpu = proxy.cpu_s() - before
    done.set()
    watcher.join()
    proxy.end()
    quarter = max(1, len(seen) // 4)
    return total, max(seen), statistics.median(seen[:quarter]), statistics.median(seen[-quarter:]), cpu


def rounds(targets, count, quick):
    """{(load, target): [row per round]}; a row is (cpu figure, rate, latency)."""
    seen = {}
    for number in range(count):
        order = targets[number % len(targets):] + targets[: number % len(targets)]
        for name, process, port in order:
            def measured(load, work):
                before = process.cpu_s() if process else 0
                amount, rate, latency = work()
                cpu = (process.cpu_s() - before) / amount if process else 0
                seen.setdefault((load, name), []).append((cpu, rate, latency))

            def small():
                requests, seconds, p99 = wrk(port, "/one.json", 32, 2 if quick else 5)
                return requests / 100_000, requests / seconds / 1000, p99

            def big():
                requests, seconds, p99 = wrk(port, "/array.json", 4, 2 if quick else 4)
                size = (pathlib.Path(FOLDER) / "array.json").stat().st_size
                return requests * size / 1e9, requests * size / seconds / 1e6, p99

            def stream():
                begin = time.perf_counter()
                total, first_ms = fetch(port, "/lines.ndjson")
                size = (pathlib.Path(FOLDER) / "lines.ndjson").stat().st_size
                return size / 1e9, size / (time.perf_counter() - begin) / 1e6, first_ms

            measured("1 KB JSON, 32 connections", small)
            measured("1 MB JSON, 4 connections", big)
            measured("200 MB NDJSON", stream)
        print(f"round {number + 1} of {count}", file=sys.stderr)
    return seen


HEADS = {"1 KB JSON, 32 connections": ("CPU s per 100k requests", "thousand requests/s", "p99 ms"),
         "1 MB JSON, 4 connections": ("CPU s per GB", "MB/s", "p99 ms"),
         "200 MB NDJSON": ("CPU s per GB", "MB/s", "first byte ms")}


def collected(seen, names):
    return {load: {"units": units, "targets": {name: seen[(load, name)] for name in names}} for load, units in HEADS.items()}


def table(seen, targets):
    lines = []
    for load, (cpu, rate, latency) in HEADS.items():
        lines += [f"\n### {load}\n", f"| target | {cpu} | {rate} | {latency} |", "| --- | --- | --- | --- |"]
        for name, process, _ in targets:
            rows = seen[(load, name)]
            cpu = spread([row[0] for row in rows]) if process else "-"
            lines.append(f"| {name} | {cpu} | {spread([row[1] for row in rows], 1)} | {spread([row[2] for row in rows])} |")
    return "\n".join(lines)


def main():
    global FOLDER
    args = arguments(__doc__)
    for tool in ("nginx", "wrk"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: `make bench` installs it")
    with tempfile.TemporaryDirectory(prefix="sfumato-bench-") as FOLDER:
        folder = pathlib.Path(FOLDER)
        lines = make_files(folder)
        os.chmod(folder, 0o755)
        store_port, proxy_port = free_port(), free_port()
        running = [nginx(folder, "store", f"server {{ listen 127.0.0.1:{store_port}; root {folder}; }}")]
        running.append(nginx(folder, "proxy", f"upstream s {{ server 127.0.0.1:{store_port}; keepalive 64; }} server {{ listen 127.0.0.1:{proxy_port};"
                             " location / { proxy_pass http://s; proxy_http_version 1.1; proxy_set_header Connection ''; } }"))
        try:
            wait_for(store_port), wait_for(proxy_port)
            scan, scan_port = sfumato(folder, "scan", args.binary, store_port, "scan")
            running.append(scan)
            plain, plain_port = sfumato(folder, "plain", args.binary, store_port, "pass")
            running.append(plain)
            targets = [("direct", None, store_port), ("nginx, untreated", running[1], proxy_port),
                       ("sfumato, ip + user_id, unlisted = scan", scan, scan_port),
                       ("sfumato, ip + user_id, unlisted = pass", plain, plain_port)]
            seen = rounds(targets, args.rounds, args.quick)
            total, peak, early, late, cpu = memory(folder, args.binary, lines, 1 if args.quick else 10)
        finally:
            for process in running:
                process.end()
    report = f"lowest / **median** / highest of {args.rounds} interleaved rounds\n" + table(seen, targets)
    report += (f"\n\n### Memory while {total / 1e9:.1f} GB of NDJSON pass (unlisted = scan)\n\n"
               f"peak {peak:.1f} MB resident; median of the first quarter {early:.1f}, of the last {late:.1f}; {cpu / total * 1e9:.2f} CPU s per GB\n")
    write_report("http", report, collected(seen, [target[0] for target in targets]))


if __name__ == "__main__":
    main()
