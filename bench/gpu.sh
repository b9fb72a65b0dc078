#!/usr/bin/env bash
# Measures training and labelling on a GPU beside PyTorch and JAX, in about 20
# minutes on a bare machine, and prints rows for docs/results.md (P9, P11, P12).
#
#   bench/gpu.sh               on CUDA; ResNet-50 of width 1, 224 px, bf16
#   bench/gpu.sh --try         the same on xla:cpu, a small network: is all there?
#
# Wanted: Go, a C compiler, Python. PyTorch and JAX are taken from python3 where
# it has them, else they go into .peers/gpu. The plugin is JAX's own (retort
# doctor shows it). PAIRS (128), BATCH (256), SECONDS_EACH (15), ROUNDS (3) and
# PRECISION (bf16) may be set; RETORT is a program built with -tags xla.
set -euo pipefail
cd "$(dirname "$0")/.."

backend=xla:cuda device=cuda arch=50 width=1 size=224 requirements=bench/peers/requirements-gpu.txt place=gpu epochs=20
pairs=${PAIRS:-128} batch=${BATCH:-256} each=${SECONDS_EACH:-15} rounds=${ROUNDS:-3} precision=${PRECISION:-bf16}
case ${1:-} in
"") ;;
--try)
	backend=xla:cpu device=cpu arch=18 width=0.25 size=32 requirements=bench/peers/requirements-engine.txt place=engine epochs=2
	pairs=${PAIRS:-16} batch=${BATCH:-32} each=${SECONDS_EACH:-2} rounds=${ROUNDS:-1}
	PJRT_PLUGIN_LIBRARY_PATH=${PJRT_PLUGIN_LIBRARY_PATH:-$(bash bench/xla/test.sh install)}
	export PJRT_PLUGIN_LIBRARY_PATH JAX_PLATFORMS=cpu
	;;
*)
	echo "bench/gpu.sh: no such argument: $1 (none, or --try)" >&2
	exit 2
	;;
esac

python=$(command -v python3)
if ! "$python" -c 'import torch, jax' 2>/dev/null; then
	. bench/peers/lib.sh
	venv "$place" "$requirements"
fi
if [ "$device" = cuda ] && [ -z "${PJRT_PLUGIN_LIBRARY_PATH:-}" ]; then
	# JAX's own plugin lies in the Python that was chosen
	PATH=$(cd "$(dirname "$python")" && pwd):$PATH
	export PATH
fi

if [ -z "${RETORT:-}" ]; then
	RETORT=$PWD/bin/retort-xla
	CGO_ENABLED=1 go build -trimpath -tags xla -o "$RETORT" ./cmd/retort
fi
"$RETORT" doctor --backend "$backend" >&2

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

one() { # FIGURE CASE WHO COMMAND…: the last line of stdout is the result
	local figure=$1 what=$2 who=$3 line
	shift 3
	if line=$("$@" | tail -1) && [ "${line#\{}" != "$line" ]; then
		printf '%s\t%s\t%s\n' "$what" "$who" "$line" | tee -a "$results/$figure" >&2
	else
		echo "left out: $who, $what: ${line:-it printed nothing}" >&2
	fi
}

network=(--arch "resnet$arch" --width "$width" --size "$size" --backend "$backend" --precision "$precision" --seconds "$each" --json)
peer=(--depth "$arch" --width "$width" --size "$size" --precision "$precision" --seconds "$each")
for _ in $(seq "$rounds"); do
	what="train, $pairs pairs"
	one pairs_per_s "$what" retort "$RETORT" bench train "${network[@]}" --pairs "$pairs"
	one pairs_per_s "$what" torch "$python" bench/peers/gpu_torch.py --task train --batch "$pairs" --device "$device" "${peer[@]}"
	one pairs_per_s "$what" jax "$python" bench/peers/gpu_jax.py --task train --batch "$pairs" "${peer[@]}"
	what="label, batch $batch"
	one images_per_s "$what" retort "$RETORT" bench label "${network[@]}" --batch "$batch"
	one images_per_s "$what" torch "$python" bench/peers/gpu_torch.py --task label --batch "$batch" --device "$device" "${peer[@]}"
	one images_per_s "$what" jax "$python" bench/peers/gpu_jax.py --task label --batch "$batch" "${peer[@]}"
done

echo "ResNet-$arch, width $width, $size px, $precision, $backend, $(git rev-parse --short HEAD 2>/dev/null || echo 'no commit')"
[ "$device" != cuda ] || nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
for figure in pairs_per_s images_per_s; do
	[ ! -s "$results/$figure" ] || "$python" bench/peers/table.py "$figure" <"$results/$figure"
done

# P11: what a real training of that network waits for its data, epochs after the first
"$RETORT" synth --out "$results/images" --per-class 200 --size "$size"
"$RETORT" run --preset smoke --images "$results/images" --labels folder --out "$results/run" --backend "$backend" --precision "$precision" \
	--set size="$size" --set teacher.arch="resnet$arch" --set teacher.width="$width" --set ingest.max_images=0 \
	--set pretrain.batch="$pairs" --set pretrain.epochs="${EPOCHS:-$epochs}" --only pretrain >&2
echo "share of the time that pretraining waited for data, $backend:"
"$python" - "$results/run/pretrain/events/speed.jsonl" <<'END'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
rows = rows[len(rows) // 2:]  # the first steps compile
print(f"  {sum(r['data_wait_share'] for r in rows) / len(rows):.2%} in {len(rows)} records of the second half, at {rows[-1]['images_per_second']:.0f} images/s")
END
