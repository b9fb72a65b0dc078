#!/usr/bin/env bash
# Checks our files against TensorFlow, TensorBoard and PyTorch themselves, which
# it installs from PyPI into .peers/interop (git ignores it). WITH_TORCH=0 leaves
# PyTorch out, a download of several gigabytes.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=.peers/interop
python=$venv/bin/python
[ -x "$python" ] || python3 -m venv "$venv"
"$python" -m pip install --quiet --disable-pip-version-check -r bench/interop/requirements.txt

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/emit" ./bench/interop/emit
mkdir "$work/files"
"$python" bench/interop/check.py "$work/emit" "$work/files"

if [ "${WITH_TORCH:-1}" = 1 ]; then
	"$python" -m pip install --quiet --disable-pip-version-check -r bench/interop/requirements-torch.txt
	"$python" bench/interop/torch_reads.py "$work/files"
fi
