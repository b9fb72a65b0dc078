# Views from JPEG beside albumentations, tf.data and torchvision, one core each,
# in turn. Sourced variables: see run.sh.
# DATA (../shared/data) holds imagenette-train.tar and cifar10-train.tar;
# SECONDS_EACH (4) is how long a variant of a side runs; WITH_TF, WITH_TORCH (1).
set -euo pipefail
. bench/peers/lib.sh
data=${DATA:-../shared/data}
each=${SECONDS_EACH:-4}
rounds=$(mktemp)
trap 'rm -f "$rounds"' EXIT
venv augment bench/peers/requirements-augment.txt
cv=$python
sides=("albumentations $cv augment_albumentations.py")
if [ "${WITH_TF:-1}" = 1 ]; then
	venv augment-tf bench/peers/requirements-augment-tf.txt
	sides+=("tf.data $python augment_tfdata.py")
fi
if [ "${WITH_TORCH:-1}" = 1 ]; then
	venv augment-torch bench/peers/requirements-augment-torch.txt
	sides+=("torchvision $python augment_torchvision.py")
fi
large_photos "$data"

with_cores 1

measure() { # NAME TAR SIZE PASSES
	for _ in $(seq "$ROUNDS"); do
		one "$1" retort "$RETORT" bench augment --images "$2" --size "$3" --passes "$4" --cores 1 --seconds "$each" --json
		for side in "${sides[@]}"; do
			read -r who interpreter script <<<"$side"
			one "$1" "$who" "$interpreter" "bench/peers/$script" --images "$2" --size "$3" --passes "$4" --seconds "$each"
		done
	done
}

measure "32 px" "$data/cifar10-train.tar" 32 1
measure "224 px" "$data/imagenette-train.tar" 224 1
measure "224 px, 10 passes" "$data/imagenette-train.tar" 224 10
measure "4000x3000 -> 224 px" "$large" 224 1
python3 bench/peers/table.py views_per_cpu_s views_per_s <"$rounds"
