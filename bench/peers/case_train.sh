# The pretraining step on the CPU beside PyTorch and JAX: ResNet-18 with the
# CIFAR stem, 64 pairs of 32 pixels, whole machine. Sourced variables: see run.sh.
# WIDTHS ("0.25 1") are the widths; SECONDS_EACH (10) how long a side runs.
set -euo pipefail
. bench/peers/lib.sh
venv engine bench/peers/requirements-engine.txt
cores=$(nproc)
each=${SECONDS_EACH:-10}
rounds=$(mktemp)
trap 'rm -f "$rounds"' EXIT

one() { # CASE WHO COMMAND…: the last line of stdout is the result
	local what=$1 who=$2
	shift 2
	printf '%s\t%s\t%s\n' "$what" "$who" "$("$@" | tail -1)" | tee -a "$rounds" >&2
}

for width in ${WIDTHS:-0.25 1}; do
	# the fastest way of PyTorch's is found once
	best=$("$python" bench/peers/train_torch.py --width "$width" --cores "$cores" --seconds "$each" | tail -1 | sed 's/.*"variant": "\([a-z_]*\)".*/\1/')
	for _ in $(seq "$ROUNDS"); do
		one "width $width" retort "$RETORT" bench train --arch resnet18 --width "$width" --size 32 --pairs 64 --backend cpu --seconds "$each" --json
		one "width $width" "torch $best" "$python" bench/peers/train_torch.py --width "$width" --cores "$cores" --seconds "$each" --variant "$best"
		one "width $width" jax "$python" bench/peers/train_jax.py --width "$width" --seconds "$each"
	done
done
python3 bench/peers/table.py pairs_per_s <"$rounds"
