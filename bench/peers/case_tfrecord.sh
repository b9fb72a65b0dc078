# TFRecord written and read beside TensorFlow, one core each, in turn, on the
# same records: pixels of photos. Sourced variables: see run.sh.
# DATA (../shared/data) holds imagenette-train.tar; SECONDS_EACH (4) is how long
# our side runs; SCRATCH (/tmp) takes the files, which stay in the page cache: tmpfs is slower.
set -euo pipefail
. bench/peers/lib.sh
begin
rounds=$scratch/rounds
pixels=.peers/pixels.rgb
if [ ! -f "$pixels" ]; then
	venv augment bench/peers/requirements-augment.txt
	"$python" bench/peers/pixels.py "$data/imagenette-train.tar" "$pixels.part" && mv "$pixels.part" "$pixels"
fi
venv augment-tf bench/peers/requirements-augment-tf.txt

with_cores 1

measure() { # BYTES COMPRESSION
	local same=(--record-bytes "$1" --compression "$2" --dir "$scratch" --payload "$pixels")
	for _ in $(seq "$ROUNDS"); do
		one "$2, $1 B" retort "$RETORT" bench tfrecord "${same[@]}" --cores 1 --seconds "$each" --json
		one "$2, $1 B" tensorflow "$python" bench/peers/tfrecord_tf.py "${same[@]}" --total-bytes $((64 << 20))
	done
}

for compression in none gzip; do
	measure 150528 "$compression"
	measure 3072 "$compression"
done
python3 bench/peers/table.py write_bytes_per_cpu_s read_bytes_per_cpu_s ratio <"$rounds"
