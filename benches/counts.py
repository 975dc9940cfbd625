#!/usr/bin/env python3
"""Counts the instructions of benches/counts under callgrind, and compares them with benches/counts.toml.

    benches/counts.py          compare; a case over 10 % (and 50 instructions) dearer, or one without a count, fails
    benches/counts.py --write  renew the counts

The proxy's own code is optimised, the libraries are those of the dev profile, which the tests have built already:
building takes one compilation of one crate, and what the counts are for is our own code.


Instructions do not hang on how busy the machine is, and hardly on which it is: callgrind shows programs a
processor of its own making. That still differs between families of processors and with AVX2, which memchr and sha2
look for, so the counts say what they were made with, and elsewhere the comparison says so and fails.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
COUNTS = ROOT / "benches" / "counts.toml"
ROUNDS = 5
BATCH = 100  # as in counts/main.rs
TOLERATED = 0.10
SLACK = 50  # what the compiler moves about when it inlines something else


def stop(message):
    sys.exit(f"counts: {message}")


def processor():
    flags = pathlib.Path("/proc/cpuinfo")
    has_avx2 = flags.exists() and re.search(r"^flags\s*:.*\bavx2\b", flags.read_text(), re.M)
    return platform.machine() + ("+avx2" if has_avx2 else "")


def build():
    package = "profile.dev.package.sfumato"
    settings = [f"{package}.opt-level=3", f"{package}.codegen-units=16", f"{package}.debug-assertions=false"]
    command = [os.environ.get("CARGO", "cargo"), "build", "--quiet", "--bench", "counts", "--message-format=json",
               *(word for setting in settings for word in ("--config", setting))]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if built.returncode:
        stop("benches/counts does not build")
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "counts":
            return message["executable"]
    stop("cargo built no program")


def count(program):
    """Instructions for one value, row, record or statement of each case (for one body of 1 KB)."""
    names = subprocess.run([program, "list"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", "--dump-after=counts::mark*",
                   program, "run", str(ROUNDS)]
        ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if ran.returncode:
            stop(f"the cases do not run under callgrind:\n{ran.stderr[-3000:]}")
        # One dump before each case, one behind it, in turn: out.1, out.2, ...
        dumps = [pathlib.Path(folder) / f"out.{number}" for number in range(1, 2 * len(names) + 1)]
        if not all(dump.exists() for dump in dumps):
            stop(f"{len(list(pathlib.Path(folder).iterdir()))} dumps of {len(names)} cases: is `mark` still a function?")
        totals = [int(re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.M)[1]) for dump in dumps]
    return {name: round(total / ROUNDS / (1 if "/json-1k/" in name else BATCH))
            for name, total in zip(names, totals[1::2])}


def write(counted):
    lines = ["# Instructions for each value, row, record, statement or body of 1 KB, under callgrind.",
             "# Written by benches/counts.py --write; compared by `make counts`.",
             f'processor = "{processor()}"', "", "[counts]"]
    lines += [f'"{name}" = {number}' for name, number in counted.items()]
    COUNTS.write_text("\n".join(lines) + "\n")


def compare(wanted, counted):
    failures = []
    print(f"{'case':<28}{'checked in':>12}{'now':>12}")
    for name in dict.fromkeys([*wanted, *counted]):
        before, now = wanted.get(name), counted.get(name)
        if before is None or now is None:
            failures.append(f"{name} has no count; renew them with benches/counts.py --write")
            continue
        change = now / max(before, 1) - 1
        print(f"{name:<28}{before:>12,}{now:>12,}{change:>+9.1%}")
        if change > TOLERATED and now - before > SLACK:
            failures.append(f"{name} takes {change:.1%} more instructions than benches/counts.toml says")
        elif change < -TOLERATED:
            print(f"  {name} has become cheaper: renew the counts with --write, so that it stays so")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if not shutil.which("valgrind"):
        stop("valgrind is missing: apt-get install valgrind")
    kept = tomllib.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    if not arguments.write and kept.get("processor") != processor():
        stop(f"the counts were made with {kept.get('processor')}, this is {processor()}: not comparable")
    counted = count(build())
    if arguments.write:
        return write(counted)
    failures = compare(kept.get("counts", {}), counted)
    if failures:
        stop("\n        ".join(["", *failures]))


if __name__ == "__main__":
    main()
