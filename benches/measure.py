"""What the measurements of whole processes share. Standard library only."""
import argparse, json, os, pathlib, re, signal, socket, statistics, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A child with the processor time of itself and its workers."""

    def __init__(self, args, **kwargs):
        self.child = subprocess.Popen(args, **kwargs)

    def pids(self):
        pids = [self.child.pid]
        for pid in pids:
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    pids += map(int, pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split())
            except FileNotFoundError:
                pass
        return pids

    def cpu_s(self):
        total = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def rss_mb(self):
        text = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit("a server did not start")


def spread(values, digits=2):
    return f"{min(values):.{digits}f} / **{statistics.median(values):.{digits}f}** / {max(values):.{digits}f}"


def start_sfumato(binary, folder, name, policy):
    """Runs the proxy under `policy`, in which `@KEY@` stands for a key file; its process and its first port."""
    key = folder / "bench.key"
    if not key.exists():
        subprocess.run([binary, "keygen", str(key)], check=True, stdout=subprocess.DEVNULL)
    conf = folder / f"{name}.toml"
    conf.write_text(policy.replace("@KEY@", str(key)))
    process = Process([binary, "run", "--config", str(conf)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line = process.child.stdout.readline()
    found = re.search(r"addr=\S*:(\d+)", line)
    if not found:
        checked = subprocess.run([binary, "check", "--config", str(conf)], capture_output=True, text=True)
        sys.exit(checked.stdout + checked.stderr)
    return process, int(found[1])


def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="short loads")
    parser.add_argument("--only", default="", help="only loads whose name holds this")
    parser.add_argument("--binary", default=str(ROOT / "target/release/sfumato"))
    return parser.parse_args()


def write_report(name, report, seen=None):
    """Prints and keeps a report; `seen` ({load: {"units": [...], "targets": {name: [row, ...]}}}) is what `chart.py` draws."""
    print(report)
    out = ROOT / "target/bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.md").write_text(report)
    if seen is not None:
        (out / f"{name}.json").write_text(json.dumps(seen, indent=1))
