"""Prints a table of rounds: table.py FIGURE < lines of "case<TAB>who<TAB>JSON".

Each figure is the median of the rounds; a ratio is the median of ours over the
peer's in the same round, so that a slow spell of the machine hits both, with the
lowest and the highest of them.
"""
import json
import statistics
import sys


def main(figure):
    rounds = {}  # case -> who -> values, in order
    memory = {}
    for line in sys.stdin:
        case, who, text = line.rstrip("\n").split("\t")
        result = json.loads(text)
        rounds.setdefault(case, {}).setdefault(who, []).append(result[figure])
        memory[case, who] = max(memory.get((case, who), 0), result.get("peak_bytes", 0))
    print(f"{'case':28} {'who':20} {figure:>14} {'lowest':>9} {'highest':>9} {'ours/peer':>17} {'peak MB':>8}")
    for case, sides in rounds.items():
        ours = sides["retort"]
        for who, values in sides.items():
            ratios = [a / b for a, b in zip(ours, values)]
            ratio = "" if who == "retort" else f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
            print(f"{case:28} {who:20} {statistics.median(values):14.1f} {min(values):9.1f} {max(values):9.1f} {ratio:>17} {memory[case, who] / 1e6:8.0f}")


main(sys.argv[1])
