#!/usr/bin/env bash
# Checks our files against TensorFlow, TensorBoard, pyarrow, onnxruntime and PyTorch
# themselves, which it installs from PyPI into .peers/interop (git ignores it).
# WITH_TORCH=0 leaves PyTorch out, a download of several gigabytes.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=.peers/interop
python=$venv/bin/python
[ -x "$python" ] || python3 -m venv "$venv"
"$python" -m pip install --quiet --disable-pip-version-check -r bench/interop/requirements.txt

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/emit" ./bench/interop/emit
mkdir "$work/files" "$work/networks"
"$python" bench/interop/check.py "$work/emit" "$work/files"
go run ./bench/interop/networks "$work/networks"
"$python" bench/interop/onnx_runs.py "$work/networks"

go build -o "$work/retort" ./cmd/retort
mkdir "$work/embed"
"$work/retort" synth --out "$work/small" --classes 2 --per-class 20 --size 16 >/dev/null
"$work/retort" run --preset smoke --set size=16 --images "$work/small" --labels folder --out "$work/pretrained" --only pretrain 2>/dev/null
"$python" bench/interop/embed_reads.py "$work/retort" "$work/pretrained/pretrain" "$work/embed"

if [ "${WITH_TORCH:-1}" = 1 ]; then
	"$python" -m pip install --quiet --disable-pip-version-check -r bench/interop/requirements-torch.txt
	"$python" bench/interop/torch_reads.py "$work/files"
	"$python" bench/interop/torch_loads.py "$work/networks"
	mkdir "$work/imports"
	"$python" bench/interop/torch_imports.py "$work/retort" "$work/imports"
	"$work/retort" synth --out "$work/images" --per-class 30 >/dev/null
	"$work/retort" run --preset smoke --images "$work/images" --labels folder --out "$work/run" --only views 2>/dev/null
	"$python" examples/pytorch/train.py "$work/run/views"
	echo "ok   PyTorch trains from the shards of a run"
fi
