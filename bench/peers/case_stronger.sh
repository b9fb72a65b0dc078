# Our views and reading beside programs written for nothing but speed, one core
# each, in turn: C++ on libjpeg-turbo, a mapped file summed from Python, plain C.
# Needs a C++ compiler and libjpeg-turbo's TurboJPEG: TURBOJPEG names a folder of
# an own build (with include/ and lib/), else the system's is taken.
# DATA (../shared/data) holds imagenette-train.tar and cifar10-train.tar;
# SECONDS_EACH (4) is how long a side runs; SCRATCH (/tmp) takes the files.
set -euo pipefail
. bench/peers/lib.sh
begin
views=$scratch/views reading=$scratch/reading

flags=(-O3 -march=native)
"${CC:-cc}" "${flags[@]}" bench/peers/tfrecord_read.c -o "$scratch/tfrecord_read" || { echo "bench/peers: the stronger peers need a C compiler (Debian: g++)" >&2; exit 1; }
"${CXX:-c++}" "${flags[@]}" -mprefer-vector-width=512 -ffast-math -std=c++17 -w ${TURBOJPEG:+-I"$TURBOJPEG/include" -L"$TURBOJPEG/lib"} \
	bench/peers/views.cpp -lturbojpeg -o "$scratch/views_cpp" || { echo "bench/peers: the stronger peers need TurboJPEG (Debian: libturbojpeg0-dev, or TURBOJPEG=FOLDER)" >&2; exit 1; }
large_photos "$data"
venv stronger bench/peers/requirements-stronger.txt

with_cores 1
for _ in $(seq "$ROUNDS"); do
	for kind in "32_px 32 $data/cifar10-train.tar" "224_px 224 $data/imagenette-train.tar" "4000x3000_to_224_px 224 $large"; do
		read -r what size images <<<"$kind"
		rounds=$views one "${what//_/ }" retort "$RETORT" bench augment --images "$images" --size "$size" --cores 1 --seconds "$each" --json
		rounds=$views one "${what//_/ }" C++ "$scratch/views_cpp" "$images" "$size" "$each"
	done
	for bytes in 150528 3072; do
		file=$scratch/$bytes.tfrecord payload=$data/imagenette-train.tar
		rounds=$reading one "$bytes B" retort "$RETORT" bench tfrecord --record-bytes "$bytes" --payload "$payload" --dir "$scratch" --cores 1 --seconds "$each" --json
		rounds=$reading one "$bytes B" "mapped, crc32c" "$python" bench/peers/tfrecord_mapped.py --record-bytes "$bytes" --payload "$payload" --file "$file" --seconds "$each"
		rounds=$reading one "$bytes B" C "$scratch/tfrecord_read" "$file" "$each"
	done
done
python3 bench/peers/table.py views_per_cpu_s views_per_s <"$views"
python3 bench/peers/table.py read_bytes_per_cpu_s read_bytes_per_s <"$reading"
