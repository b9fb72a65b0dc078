#!/usr/bin/env bash
# Tests Retort on XLA, on the CPU: a plugin of PJRT for CPUs goes into .xla, a
# program with the tag xla is built (CGO: a C compiler), and on xla:cpu run every
# test of model/ (the reference's among them, and those of modes, devices and
# precision), then the whole smoke graph, beside the same graph on our engine.
#
#   bench/xla/test.sh            everything
#   bench/xla/test.sh model      the tests alone
#   bench/xla/test.sh graph      the graph alone
#   bench/xla/test.sh install    the plugin alone; prints its folder
set -euo pipefail
cd "$(dirname "$0")/../.."

version=2026.6.23
folder=$PWD/.xla/fastatomstruct_xla_cpu
if [ ! -f "$folder/libpjrt_cpu.so" ]; then
	echo "installing fastatomstruct-xla-cpu==$version into .xla" >&2
	python3 -m pip install --quiet --disable-pip-version-check --no-deps --target .xla "fastatomstruct-xla-cpu==$version"
fi
[ "${1:-}" != install ] || { echo "$folder"; exit; }
export PJRT_PLUGIN_LIBRARY_PATH=$folder CGO_ENABLED=1

if [ "${1:-model}" = model ]; then
	echo "== tests of model/ on xla:cpu"
	RETORT_BACKEND=xla:cpu go test -tags xla -timeout 60m ${TESTFLAGS:-} $(go list -tags xla ./model/... | grep -v /backend/cpu)
fi

if [ "${1:-graph}" = graph ]; then
	echo "== the smoke graph on xla:cpu and on cpu"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	go build -trimpath -tags xla -o "$work/retort" ./cmd/retort
	"$work/retort" doctor --backend xla:cpu
	"$work/retort" synth --out "$work/images" --classes 4 --per-class 100 --size 32
	for backend in xla:cpu cpu; do
		"$work/retort" run --preset smoke --images "$work/images" --labels folder --out "$work/${backend/:/-}" --backend "$backend"
		"$work/retort" run --preset smoke --images "$work/images" --labels folder --out "$work/${backend/:/-}" --backend "$backend" 2>&1 | grep 'everything kept'
	done
fi
