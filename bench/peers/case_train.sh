# The pretraining step on the CPU beside PyTorch and JAX: ResNet-18 with the
# CIFAR stem, 64 pairs of 32 pixels; on one core (PIN), then on the whole machine.
# WIDTHS ("0.25 1") are the widths; SECONDS_EACH (10) how long a side runs; CORES
# ("1 all") what it has; WITH_JAX (1).
set -euo pipefail
. bench/peers/lib.sh
venv engine bench/peers/requirements-engine.txt
each=${SECONDS_EACH:-10}
rounds=$(mktemp)
trap 'rm -f "$rounds"' EXIT

for width in ${WIDTHS:-0.25 1}; do
	for share in ${CORES:-1 all}; do
		with_cores "$share"
		what="width $width, $share"
		# the fastest way of PyTorch's is found once
		best=$("${pinned[@]}" "$python" bench/peers/train_torch.py --width "$width" --cores "$cores" --seconds "$each" | tail -1 | sed 's/.*"variant": "\([a-z_]*\)".*/\1/')
		for _ in $(seq "$ROUNDS"); do
			one "$what" retort "$RETORT" bench train --arch resnet18 --width "$width" --size 32 --pairs 64 --backend cpu --cores "$cores" --seconds "$each" --json
			one "$what" "torch $best" "$python" bench/peers/train_torch.py --width "$width" --cores "$cores" --seconds "$each" --variant "$best"
			if [ "${WITH_JAX:-1}" = 1 ]; then
				one "$what" jax "$python" bench/peers/train_jax.py --width "$width" --seconds "$each"
			fi
		done
	done
done
python3 bench/peers/table.py pairs_per_cpu_s pairs_per_s <"$rounds"
