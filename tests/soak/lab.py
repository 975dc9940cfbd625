"""A private server with the worlds in it, and the built proxy in front.

Not here: what is asked (generate.py, smith.py) and how answers are judged (judge.py).
"""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

import fixture

ROOT = Path(__file__).resolve().parents[2]
FOREVER = "10s"


def programs():
    if "PGBIN" in os.environ:
        return Path(os.environ["PGBIN"])
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return found[-1]


class Lab:
    """Everything that runs; `with` stops it."""

    def __init__(self, binary, plans=""):
        """`plans` are settings of the planner for the second world: which plan is taken may follow from raw values too."""
        self.plans = plans
        self.folder = Path(tempfile.mkdtemp(prefix="soak.", dir="/tmp"))
        self.folder.chmod(0o755)
        self.proxy = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.store_port = probe.getsockname()[1]
        self.as_server = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] if os.getuid() == 0 else []
        self.binary = binary

    def __enter__(self):
        try:
            self.start_server()
            self.start_proxy()
            self.fill_copy()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.proxy:
            self.proxy.terminate()
            self.proxy.wait(20)
        if (self.folder / "data" / "postmaster.pid").exists():
            self.run_server("pg_ctl", "-s", "-m", "immediate", "-D", self.folder / "data", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def run_server(self, program, *arguments):
        command = [*self.as_server, str(programs() / program), *map(str, arguments)]
        subprocess.run(command, check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def start_server(self):
        if self.as_server:
            shutil.chown(self.folder, "postgres", "postgres")
        data = self.folder / "data"
        self.run_server("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D", data)
        with open(data / "postgresql.auto.conf", "a", encoding="utf-8") as settings:
            settings.write(f"port = {self.store_port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{self.folder}'\n"
                           "fsync = off\nmax_connections = 200\nlog_min_messages = fatal\nautovacuum = off\njit = off\n")
        self.run_server("pg_ctl", "-s", "-w", "-l", self.folder / "log", "-D", data, "start")
        with self.superuser("postgres") as db:
            db.execute("CREATE ROLE soak_employee LOGIN")
            db.execute(f"ALTER ROLE soak_employee SET statement_timeout = '{FOREVER}'")
            for name in ("soak_a", "soak_b", "soak_coarse"):
                db.execute(f"CREATE DATABASE {name}")
        self.raw = {}
        for world in "ab":
            rows = fixture.World(world)
            with self.superuser(f"soak_{world}") as db:
                for statement in fixture.schema(coarse=False):
                    db.execute(statement)
                for table in fixture.TABLES:
                    self.load(db, table, map(fixture.copy_text, getattr(rows, table)()))
                for statement in fixture.after(coarse=False):
                    db.execute(statement)
            self.raw[world] = rows.raw
        with self.superuser("postgres") as db:
            for setting in self.plans.split():
                db.execute(f"ALTER DATABASE soak_b SET {setting.replace('=', ' = ')}")

    def superuser(self, name):
        return psycopg.connect(host="127.0.0.1", port=self.store_port, user="postgres", dbname=name, autocommit=True)

    @staticmethod
    def load(db, table, lines):
        with db.cursor().copy(f"COPY public.{table} FROM STDIN") as copy:
            for line in lines:
                copy.write(line)

    def start_proxy(self):
        key = self.folder / "soak.key"
        subprocess.run([self.binary, "keygen", key], check=True, stdout=subprocess.DEVNULL)
        config = self.folder / "soak.toml"
        config.write_text(fixture.policy(self.store_port, key), encoding="utf-8")
        (ROOT / "target" / "soak").mkdir(parents=True, exist_ok=True)
        self.proxy_log = open(ROOT / "target" / "soak" / "proxy.log", "wb")  # closed with this process
        self.proxy = subprocess.Popen([self.binary, "run", "--config", config], stdout=subprocess.PIPE, stderr=self.proxy_log)
        line = self.proxy.stdout.readline().decode()
        self.proxy_port = int(re.search(r":(\d+)\s*$", line).group(1))

    def fill_copy(self):
        """Loads the coarse copy with what the proxy gives of world a, and pairs the identifiers of both worlds."""
        self.renamed = {}
        with self.superuser("soak_coarse") as copy:
            for statement in fixture.schema(coarse=True):
                copy.execute(statement)
            for table, columns in fixture.TABLES.items():
                a, b = (self.lines(world, table) for world in "ab")
                self.pair(table, columns, a, b)
                self.load(copy, table, a)
            for statement in fixture.after(coarse=True):
                copy.execute(statement)
            self.tokens = [row[0] for row in copy.execute("SELECT handle FROM public.people ORDER BY n").fetchall()]

    def lines(self, world, table):
        target = self.target(f"soak_{world}")
        with psycopg.connect(**target, autocommit=True) as db, db.cursor().copy(f"COPY (SELECT * FROM public.{table}) TO STDOUT") as copy:
            return [bytes(line).decode() for line in copy]

    def target(self, name, port=None):
        return {"host": "127.0.0.1", "port": port or self.proxy_port, "user": "soak_employee", "dbname": name}

    def pair(self, table, columns, a, b):
        """What differs between the worlds may only be identifiers, one for one."""
        if len(a) != len(b):
            raise SystemExit(f"soak: {table} has other rows in the other world")
        for left, right in zip(a, b):
            for (name, _, treatment, kind), one, two in zip(columns, left[:-1].split("\t"), right[:-1].split("\t")):
                if one == two:
                    continue
                if treatment == "doc" and "\\N" not in (one, two):
                    one, two = json.loads(one)["user"], json.loads(two)["user"]
                elif not kind.startswith("id "):
                    raise SystemExit(f"soak: {table}.{name} shows what lies below a cell: {one} and {two}")
                if self.renamed.setdefault(one, two) != two:
                    raise SystemExit(f"soak: {table}.{name} has no steady pseudonym: {one}")
