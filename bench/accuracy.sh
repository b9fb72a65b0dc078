#!/usr/bin/env bash
# Measures what the method gives on CIFAR-10, for docs/results.md: the preset
# cifar10-cpu over three seeds, then the paper's claims (bench/sweeps). Takes a day or two
# of two cores; once more after Ctrl-C goes on. Rows come out in Markdown.
#
#   bench/accuracy.sh cifar10-train.tar OUT [SWEEP…]
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
images=$(realpath "$1") out=$(realpath -m "$2")
shift 2
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- cifar10-cpu cifar10
make --no-print-directory build >&2
for sweep in "$@"; do
	# both share one folder, hence one ingest
	nice bin/retort sweep --config "bench/sweeps/$sweep.yaml" --images "$images" --labels folder --out "$out" ${FLAGS:-} >&2
	cp "$out/table.md" "$out/$sweep.md"
	cp "$out/index.html" "$out/$sweep.html"
	printf '\n%s, %s, %s cores, commit %s\n\n' "$sweep" "$(date -I)" "$(nproc)" "$(git rev-parse --short HEAD)"
	cat "$out/$sweep.md"
done
