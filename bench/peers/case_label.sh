# Inference on the CPU beside onnxruntime: ResNet-18 at 32 pixels, ResNet-50 at
# 224, whole machine. SECONDS_EACH (10) is how long a side runs.
set -euo pipefail
. bench/peers/lib.sh
venv engine bench/peers/requirements-engine.txt
cores=$(nproc)
each=${SECONDS_EACH:-10}
rounds=$(mktemp)
trap 'rm -f "$rounds"' EXIT

one() { # CASE WHO COMMAND…
	local what=$1 who=$2
	shift 2
	printf '%s\t%s\t%s\n' "$what" "$who" "$("$@" | tail -1)" | tee -a "$rounds" >&2
}

for _ in $(seq "$ROUNDS"); do
	for net in "18 32 64" "50 224 32"; do
		read -r depth size batch <<<"$net"
		one "resnet$depth $size px" retort "$RETORT" bench label --arch "resnet$depth" --width 1 --size "$size" --batch "$batch" --backend cpu --seconds "$each" --json
		one "resnet$depth $size px" onnxruntime "$python" bench/peers/label_ort.py --depth "$depth" --size "$size" --batch "$batch" --cores "$cores" --seconds "$each"
	done
done
python3 bench/peers/table.py images_per_s <"$rounds"
