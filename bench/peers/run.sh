#!/usr/bin/env bash
# Runs our side and the peers' in turn on this machine and prints the tables.
#
#   bench/peers/run.sh [CASE…]      a CASE is a script case_CASE.sh beside this one
#
# ROUNDS (3) is how often each side runs; PIN (0) the core of one-core figures.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -z "${RETORT:-}" ]; then
	RETORT=$PWD/bin/retort
	go build -trimpath -ldflags '-s -w' -o "$RETORT" ./cmd/retort
fi
export RETORT ROUNDS=${ROUNDS:-3} PIN=${PIN:-0}

if [ $# -eq 0 ]; then
	for script in bench/peers/case_*.sh; do
		name=${script##*/case_}
		set -- "$@" "${name%.sh}"
	done
fi
echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, Linux $(uname -r)"
for name in "$@"; do
	script=bench/peers/case_$name.sh
	[ -f "$script" ] || { echo "bench/peers/run.sh: no case $name; there are:" bench/peers/case_*.sh >&2; exit 2; }
	echo "== $name"
	bash "$script"
done
