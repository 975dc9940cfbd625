"""The long comparison: run.py --binary target/release/sfumato [--statements 100000] [--seed 1] [--only NUMBER]

Makes the lab (lab.py), lets some processes generate and judge statements, and writes to target/soak: statements.md (tables),
statements.jsonl (what must not be) and statements.refused.txt (what the proxy alone refuses, and errors of both, with an example).
Exit code 1 if anything is there that must not be.
"""

import argparse
import json
import multiprocessing
import re
import signal
import sys
import time
from collections import Counter

import generate
import lab
from judge import BAD, Judge

OUT = lab.ROOT / "target" / "soak"


def work(number, options, world, results):
    """Judges every n-th statement."""
    judge = Judge(**world)
    for index in range(options.first + number, options.first + options.statements, options.workers):
        statement = generate.Statement(index)
        try:
            statement = generate.generate(options.seed, index)
            verdict, detail = judge.judge(statement)
        except Exception as error:  # the judge's own mistake must not pass for silence
            verdict, detail = "crash", f"judge: {error!r}"
        results.put((index, verdict, detail, statement.sql if verdict in (*BAD, "refused", "error", "timeout") else "", statement.how, sorted(statement.features)))
    results.put(None)


def collect(options, results, file):
    """Counts what the workers say."""
    verdicts, features, causes, errors = Counter(), Counter(), Counter(), Counter()
    examples, left, began = {}, options.workers, time.monotonic()
    while left:
        said = results.get()
        if said is None:
            left -= 1
            continue
        index, verdict, detail, sql, how, notes = said
        verdicts[verdict] += 1
        for feature in [*notes, "sent as " + how]:
            features[feature] += 1
            features[feature, verdict] += 1
        if verdict in BAD or verdict == "timeout":
            print(f"{verdict} {options.seed}/{index}: {detail[:300]}", flush=True)
            file.write(json.dumps({"number": index, "verdict": verdict, "detail": detail, "sql": sql, "how": how}) + "\n")
            file.flush()
        if verdict == "refused":
            causes[detail] += 1
            examples.setdefault(detail, (index, sql))
        if verdict == "error":
            errors[detail] += 1
            examples.setdefault(detail, (index, sql))
        if sum(verdicts.values()) % 1000 == 0:
            report(options, (verdicts, features, causes, errors, examples), time.monotonic() - began)
            print(f"{sum(verdicts.values())} statements, {sum(verdicts.values()) / (time.monotonic() - began):.0f}/s: {dict(verdicts)}", flush=True)
    return verdicts, features, causes, errors, examples


def report(options, taken, seconds):
    verdicts, features, causes, errors, examples = taken
    total = sum(verdicts.values()) or 1
    lines = [f"# {total} generated statements, seed {options.seed}", "", f"{seconds:.0f} s, {total / seconds:.0f} statements/s", "",
             "| verdict | statements | share |", "| --- | --- | --- |"]
    lines += [f"| {verdict} | {count} | {100 * count / total:.2f} % |" for verdict, count in verdicts.most_common()]
    names = sorted((name for name in features if isinstance(name, str)), key=lambda name: -features[name])
    lines += ["", "| what is in them | statements | answered the same | refused |", "| --- | --- | --- | --- |"]
    lines += [f"| {name} | {features[name]} | {features[name, 'same']} | {features[name, 'refused']} |" for name in names]
    lines += ["", "| refused by the proxy only | statements | first |", "| --- | --- | --- |"]
    lines += [f"| {cause} | {count} | {examples[cause][0]} |" for cause, count in causes.most_common(60)]
    lines += ["", "| the same error from both | statements | first |", "| --- | --- | --- |"]
    lines += [f"| {code} | {count} | {examples[code][0]} |" for code, count in errors.most_common()]
    (OUT / f"{options.name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with open(OUT / f"{options.name}.refused.txt", "w", encoding="utf-8") as file:
        for cause, (index, sql) in examples.items():
            file.write(f"{index} {cause}\n    {sql}\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--statements", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int, help="this statement alone")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--name", default="statements", help="of the files of results")
    parser.add_argument("--plans", default="", help="settings of the planner in the second world, as in `enable_hashagg=off`")
    options = parser.parse_args()
    if options.only is not None:
        options.first, options.statements, options.workers = options.only, 1, 1
        print(generate.generate(options.seed, options.only))
    OUT.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with lab.Lab(options.binary, options.plans) as made, open(OUT / f"{options.name}.jsonl", "w", encoding="utf-8") as file:
        targets = {"a": made.target("soak_a"), "b": made.target("soak_b"), "copy": made.target("soak_coarse", made.store_port)}
        world = {"targets": targets, "renamed": made.renamed, "tokens": made.tokens, "raw": made.raw}
        context = multiprocessing.get_context("spawn")
        results = context.Queue()
        workers = [context.Process(target=work, args=(number, options, world, results), daemon=True) for number in range(options.workers)]
        began = time.monotonic()
        for worker in workers:
            worker.start()
        taken = collect(options, results, file)
        report(options, taken, time.monotonic() - began)
        for worker in workers:
            worker.join()
        dead = made.proxy.poll() is not None
    print((OUT / f"{options.name}.md").read_text(encoding="utf-8").split("\n| what")[0])
    panics = re.findall(r"panicked[^\n]*", (OUT / "proxy.log").read_text(encoding="utf-8", errors="replace"))
    if dead or panics:
        print(f"soak: the proxy {'died' if dead else 'panicked'}: {panics[:3]}")
    sys.exit(1 if dead or panics or any(taken[0][verdict] for verdict in BAD) else 0)


if __name__ == "__main__":
    main()
