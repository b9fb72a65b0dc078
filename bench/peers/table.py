"""Prints a table of rounds: table.py FIGURE… < lines of "case<TAB>who<TAB>JSON".

Each figure is the median of the rounds; a ratio is the median of ours over the
peer's in the same round, so that a slow spell of the machine hits both, with the
lowest and the highest of them.
"""
import json
import statistics
import sys


def main(figures):
    rounds = {}  # case -> who -> results, in order
    for line in sys.stdin:
        case, who, text = line.rstrip("\n").split("\t")
        rounds.setdefault(case, {}).setdefault(who, []).append(json.loads(text))
    for figure in figures:
        print(f"{'case':28} {'who':20} {figure:>20} {'lowest':>9} {'highest':>9} {'ours/peer':>17} {'peak MB':>8}")
        for case, sides in rounds.items():
            ours = [r[figure] for r in sides.get("retort", [])]
            for who, results in sides.items():
                values = [r[figure] for r in results]
                ratios = [a / b for a, b in zip(ours, values)]
                ratio = "" if who == "retort" or not ratios else f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
                peak = max(r.get("peak_bytes", 0) for r in results) / 1e6
                print(f"{case:28} {who:20} {statistics.median(values):20.1f} {min(values):9.1f} {max(values):9.1f} {ratio:>17} {peak:8.0f}")


main(sys.argv[1:])
