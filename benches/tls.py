#!/usr/bin/env python3
"""What TLS on both sides adds to a point query, to pgbouncer and to sfumato. Standard library only.

Each proxy runs twice in front of one PostgreSQL server: with plain connections on both sides, and with TLS 1.3 on both sides and
the store's certificate verified. All four take turns in each round. The figure that counts is the proxy's own processor time.
The table goes to target/bench/tls.md. Needs what `postgres.py` needs, and openssl for certificates.
"""
import contextlib, os, pathlib, shutil, statistics, subprocess, sys, tempfile

from measure import arguments, start_sfumato, wait_for, write_report
from postgres import POLICY, Target, cluster, loads, login, pgbouncer, programs, rounds, table

TLS = """
[stores.tls]
certificate = "{dir}/server.pem"
key = "{dir}/server.key"
[stores.upstream_tls]
ca = "{dir}/server.pem"
server_name = "localhost"
"""
PGBOUNCER_TLS = """client_tls_sslmode = require
client_tls_cert_file = {dir}/server.pem
client_tls_key_file = {dir}/store.key
server_tls_sslmode = verify-ca
server_tls_ca_file = {dir}/server.pem
"""


def certificate(folder):
    """One that stands for itself, and its key twice: the proxy's and the one of those who run as the server."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
               "-keyout", folder / "server.key", "-out", folder / "server.pem"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    shutil.copy(folder / "server.key", folder / "store.key")
    for key in ("server.key", "store.key"):
        os.chmod(folder / key, 0o600)
    if os.getuid() == 0:
        shutil.chown(folder / "store.key", "postgres", "postgres")


def encrypt(folder, port):
    settings = f"""
ALTER SYSTEM SET ssl_cert_file = '{folder}/server.pem';
ALTER SYSTEM SET ssl_key_file = '{folder}/store.key';
ALTER SYSTEM SET ssl = on;
SELECT pg_reload_conf();"""
    command = [programs() / "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", *login(port)]
    subprocess.run(command, input=settings, text=True, check=True, stdout=subprocess.DEVNULL)


def added(rows, name):
    """Seconds that TLS adds to 100,000 queries, by the medians."""
    middle = lambda target: statistics.median(row[0] for row in rows[target])
    plain, encrypted = middle(name), middle(f"{name}, TLS")
    return f"TLS adds {encrypted - plain:.2f} s to {name} ({plain:.2f} to {encrypted:.2f}, {encrypted / plain:.2f} times)"


def main():
    args = arguments(__doc__)
    missing = [program for program in ("pgbouncer", "openssl") if not shutil.which(program)]
    if not programs() or missing:
        sys.exit(f"PostgreSQL's server programs, or {' and '.join(missing)}, are missing: `make bench` installs them")
    with tempfile.TemporaryDirectory(prefix="sfumato-bench-") as name, contextlib.ExitStack() as running:
        folder = pathlib.Path(name)
        os.chmod(folder, 0o777)
        certificate(folder)
        port = running.enter_context(cluster(folder))
        encrypt(folder, port)
        targets = []
        for kind, settings, policy in (("", "", ""), (", TLS", PGBOUNCER_TLS.format(dir=folder), TLS.format(dir=folder))):
            bouncer = pgbouncer(folder, port, settings)
            running.callback(bouncer[0].end)
            # The tables of fields end a store, so what is said of its lines stands behind them.
            proxy = start_sfumato(args.binary, folder, f"proxy{len(targets)}", POLICY.format(port=port) + policy)
            running.callback(proxy[0].end)
            sslmode = "require" if kind else "disable"
            targets += [Target(f"pgbouncer{kind}", *bouncer, sslmode=sslmode), Target(f"sfumato{kind}", *proxy, sslmode=sslmode)]
        for target in targets:
            wait_for(target.port)
        work = [load for load in loads(folder, args.quick) if load.name == "Point query, 32 clients, table without protected columns"]
        seen = rounds(targets, work, args.rounds)
    rows = seen[work[0].name]
    lines = [f"lowest / **median** / highest of {args.rounds} interleaved rounds", table(seen, targets, work), "", added(rows, "pgbouncer"), added(rows, "sfumato"), ""]
    write_report("tls", "\n".join(lines))


if __name__ == "__main__":
    main()
