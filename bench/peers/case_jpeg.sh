# JPEG files decoded whole to RGB beside libjpeg-turbo, one core each, in turn.
# Needs a C compiler and libjpeg-turbo's TurboJPEG: TURBOJPEG names a folder of an
# own build (with include/ and lib/), else the system's is taken.
# DATA (../shared/data) holds imagenette-train.tar and cifar10-train.tar;
# SECONDS_EACH (4) is how long a side runs; SCRATCH (/tmp) takes the files.
set -euo pipefail
. bench/peers/lib.sh
begin

"${CC:-cc}" -O3 -march=native ${TURBOJPEG:+-I"$TURBOJPEG/include" -L"$TURBOJPEG/lib"} \
	bench/peers/jpeg_decode.c -lturbojpeg -o "$scratch/decode" || { echo "bench/peers: JPEG needs TurboJPEG (Debian: libturbojpeg0-dev, or TURBOJPEG=FOLDER)" >&2; exit 1; }
large_photos "$data"
rounds=$scratch/rounds
with_cores 1

for _ in $(seq "$ROUNDS"); do
	for kind in "224_px $data/imagenette-train.tar" "32_px $data/cifar10-train.tar" "4000x3000 $large"; do
		read -r what tar <<<"$kind"
		one "${what/_/ }" retort "$RETORT" bench jpeg --images "$tar" --cores 1 --seconds "$each" --json
		one "${what/_/ }" libjpeg-turbo "$scratch/decode" "$tar" "$each"
	done
done
python3 bench/peers/table.py mpx_per_cpu_s mpx_per_s <"$rounds"
