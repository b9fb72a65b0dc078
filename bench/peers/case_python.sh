# Our views, JPEG decoding and reading beside the fastest of what Python offers, one
# core each, in turn: simplejpeg with OpenCV, NVIDIA DALI on the CPU; webdataset,
# grain, array_record. Sourced variables: see run.sh.
# DATA (../shared/data) holds imagenette-train.tar and cifar10-train.tar;
# SECONDS_EACH (4) is how long a variant of a side runs; WHAT ("views jpeg reading");
# WITH_DALI (1; 0.5 GB); SCRATCH (/tmp) takes the files.
set -euo pipefail
. bench/peers/lib.sh
begin
rounds=$scratch/rounds
venv python bench/peers/requirements-python.txt
peer=$python
if [ "${WITH_DALI:-1}" = 1 ]; then
	venv dali bench/peers/requirements-dali.txt
	dali=$python
fi
large_photos "$data"
with_cores 1

pictures() { # COMMAND: for each kind of pictures, its name, archive and size of views
	"$1" "32 px" "$data/cifar10-train.tar" 32
	"$1" "224 px" "$data/imagenette-train.tar" 224
	"$1" "4000x3000" "$large" 224
}

views() {
	local same=(--images "$2" --size "$3" --seconds "$each")
	one "$1" retort "$RETORT" bench augment "${same[@]}" --passes 1 --cores 1 --json
	one "$1" "simplejpeg, OpenCV" "$peer" bench/peers/augment_opencv.py "${same[@]}"
	[ -z "${dali:-}" ] || one "$1" DALI "$dali" bench/peers/augment_dali.py "${same[@]}"
}

jpeg() {
	one "$1" retort "$RETORT" bench jpeg --images "$2" --cores 1 --seconds "$each" --json
	one "$1" simplejpeg "$peer" bench/peers/jpeg_decode.py simplejpeg "$2" "$each"
	one "$1" OpenCV "$peer" bench/peers/jpeg_decode.py opencv "$2" "$each"
	[ -z "${dali:-}" ] || one "$1" DALI "$dali" bench/peers/jpeg_decode.py dali "$2" "$each"
}

reading() {
	for bytes in 150528 3072; do
		local same=(--record-bytes "$bytes" --payload "$data/imagenette-train.tar" --dir "$scratch" --seconds "$each")
		one "$bytes B" retort "$RETORT" bench tfrecord "${same[@]}" --cores 1 --json
		for reader in webdataset grain array_record; do
			one "$bytes B" "$reader" "$peer" bench/peers/records.py "$reader" "${same[@]}"
		done
	done
}

for what in ${WHAT:-views jpeg reading}; do
	rounds=$scratch/$what
	for _ in $(seq "$ROUNDS"); do
		case $what in
		views | jpeg) pictures "$what" ;;
		reading) reading ;;
		*) echo "WHAT: want views, jpeg or reading, not $what" >&2; exit 2 ;;
		esac
	done
	case $what in
	views) figures=(views_per_cpu_s views_per_s) ;;
	jpeg) figures=(mpx_per_cpu_s mpx_per_s) ;;
	reading) figures=(read_bytes_per_cpu_s read_bytes_per_s) ;;
	esac
	python3 bench/peers/table.py "${figures[@]}" <"$rounds"
done
