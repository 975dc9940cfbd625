#!/usr/bin/env python3
"""Draws what `postgres.py` and `process.py` measured last: target/bench/chart.svg, the proxy's processor time beside that of a
proxy which treats nothing. Needs matplotlib, which `make bench` puts into target/bench/venv.

Each bar is the median of the rounds, its thin line goes from the lowest to the highest, and all of a load are divided by the
yardstick's median, so that 1 is a proxy that does nothing. New connections are left to the table: pgbouncer makes none to the store.
"""
import json, statistics, sys

import matplotlib

from measure import ROOT

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "sfumato", "font.family": "sans-serif", "font.size": 9})
import matplotlib.pyplot as plt

OUT = ROOT / "target/bench"
PANELS = [("postgres.json", "PostgreSQL", "pgbouncer, untreated"), ("http.json", "HTTP", "nginx, untreated")]
COLOURS = ["#b9b4a7", "#7a4b2e", "#c08552"]


def figures(loads, yardstick):
    """[(load, {target: (lowest, median, highest)})], as multiples of the yardstick."""
    for load, seen in loads.items():
        if load.startswith("New connections"):
            continue
        unit = statistics.median(row[0] for row in seen["targets"][yardstick])
        bars = {}
        for target, rows in seen["targets"].items():
            times = [row[0] / unit for row in rows]
            if any(times):
                bars[target] = (min(times), statistics.median(times), max(times))
        yield load, bars


def panel(axis, title, loads, yardstick):
    names = []
    drawn = list(figures(loads, yardstick))
    for at, (load, bars) in enumerate(drawn):
        for number, (target, (low, middle, high)) in enumerate(bars.items()):
            place = -at + 0.25 - 0.25 * number
            label = target if target not in names else None
            names += [target] if label else []
            axis.barh(place, middle, 0.22, color=COLOURS[number % len(COLOURS)], label=label, xerr=[[middle - low], [high - middle]],
                      error_kw={"elinewidth": 0.8})
            axis.text(high + 0.05, place, f"{middle:.2f}", va="center", fontsize=7)
    axis.set_yticks([-at for at in range(len(drawn))], [load for load, _ in drawn], fontsize=8)
    axis.axvline(1, color="black", linewidth=0.6)
    axis.set_title(f"{title}: processor time, {yardstick.split(',')[0]} = 1", loc="left", fontsize=10, pad=22)
    axis.legend(frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
    axis.spines[["top", "right"]].set_visible(False)


def main():
    there = [(title, json.loads((OUT / name).read_text()), yardstick) for name, title, yardstick in PANELS if (OUT / name).exists()]
    if not there:
        sys.exit("nothing to draw: postgres.py and process.py come first")
    heights = [len(loads) for _, loads, _ in there]
    figure, axes = plt.subplots(len(there), 1, figsize=(10, 0.62 * sum(heights) + 0.9 * len(there)), gridspec_kw={"height_ratios": heights}, squeeze=False)
    for axis, (title, loads, yardstick) in zip(axes[:, 0], there):
        panel(axis, title, loads, yardstick)
    figure.tight_layout()
    figure.savefig(OUT / "chart.svg", metadata={"Date": None})
    print(OUT / "chart.svg")


if __name__ == "__main__":
    main()
