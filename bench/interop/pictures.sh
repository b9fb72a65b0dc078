#!/usr/bin/env bash
# Compares pictures with what Pillow makes of them: pictures.sh [FOLDER...].
# Without folders it makes some two thousand odd ones. Pillow is installed from
# PyPI into .peers/pictures (git ignores it). Exits 1 if pixels differ by more
# than one level anywhere. The source distribution of Pillow has its own odd
# pictures, in Tests/images.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=.peers/pictures
python=$venv/bin/python
[ -x "$python" ] || python3 -m venv "$venv"
"$python" -m pip install --quiet --disable-pip-version-check pillow==13.0.0 numpy

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/pixels" ./bench/interop/pixels
if [ $# = 0 ]; then
	"$python" bench/interop/odd_pictures.py "$work/odd"
	set -- "$work/odd"
fi
"$python" bench/interop/pictures.py "$work/pixels" "$@"
