"""sqlsmith through the proxy: smith.py --binary target/release/sfumato [--statements 20000] [--seconds 600] [--seed 1]

sqlsmith writes statements that no person would, from the catalogue that it reads through the proxy. A relay between the two keeps an
eye on every byte that the proxy sends. Nothing raw may be there, no statement may hang, no session may end before its time.
Exit code 1 if anything of that happens.
"""

import argparse
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import threading
import time

import lab
from judge import WORDS, Canaries

QUIET_S = 60


class Relay:
    """Passes bytes between sqlsmith and the proxy and looks for raw values in what the proxy says."""

    def __init__(self, port, raw):
        self.port = port
        self.canaries = Canaries(raw)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.found, self.answers, self.errors, self.codes, self.silent = [], 0, 0, {}, 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        store = socket.create_connection(("127.0.0.1", self.port))
        asked, waiting, rest, last = b"", time.monotonic(), b"", b""
        while True:
            ready, _, _ = select.select([client, store], [], [], 1)
            if not ready and last and time.monotonic() - waiting > QUIET_S:
                self.silent += 1
                self.note("silence", asked, b"")
                break
            if client in ready:
                data = client.recv(1 << 16)
                if not data:
                    break
                store.sendall(data)
                asked, waiting, last = data, time.monotonic(), data
            if store in ready:
                data = store.recv(1 << 16)
                if not data:
                    self.note("closed", asked, b"")
                    break
                client.sendall(data)
                rest = self.look(rest + data, asked)
                if rest.endswith(b"I") or data[-6:-1] == b"Z\0\0\0\5":
                    rest, last = b"", b""
        client.close()
        store.close()

    def look(self, data, asked):
        """Searches what came, and keeps the end of it for what is cut."""
        self.answers += data.count(b"Z\0\0\0\5")
        for code in re.findall(rb"C([0-9A-Z]{5})\0M", data):
            self.codes[code.decode()] = self.codes.get(code.decode(), 0) + 1
        for word in WORDS.findall(data):
            if word in self.canaries.words or word.strip(b".:-+") in self.canaries.words:
                self.note("raw value", asked, word)
        return data[-64:]

    def note(self, what, asked, word):
        self.found.append((what, word, asked))
        print(f"{what} {word!r}: {asked[:2000]!r}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--statements", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    program = shutil.which("sqlsmith")
    if program is None:
        print("soak: no sqlsmith on this machine (on Debian: apt-get install sqlsmith): SKIPPED", file=sys.stderr)
        return 0
    with lab.Lab(options.binary) as made:
        relay = Relay(made.proxy_port, made.raw["a"])
        port = relay.listener.getsockname()[1]
        command = [program, f"--target=host=127.0.0.1 port={port} user=soak_employee dbname=soak_a", f"--seed={options.seed}",
                   f"--max-queries={options.statements}", "--exclude-catalog"]
        log = lab.ROOT / "target" / "soak" / "sqlsmith.log"
        with open(log, "wb") as file:
            smith = subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ, "PGSSLMODE": "disable"})
            try:
                smith.wait(options.seconds)
            except subprocess.TimeoutExpired:
                smith.terminate()
                smith.wait(20)
        time.sleep(1)
        dead = made.proxy.poll() is not None
    text = (lab.ROOT / "target" / "soak" / "proxy.log").read_text(encoding="utf-8", errors="replace")
    panics = re.findall(r"panicked[^\n]*", text)
    print(f"sqlsmith: {relay.answers} answers, by SQLSTATE {dict(sorted(relay.codes.items(), key=lambda pair: -pair[1]))}, "
          f"{len(relay.found)} findings, {len(panics)} panics{', the proxy died' if dead else ''}; see {log}")
    return 1 if relay.found or panics or dead or not relay.answers else 0


if __name__ == "__main__":
    sys.exit(main())
