# Inference on the CPU beside onnxruntime, OpenVINO and PyTorch: ResNet-18 at 32
# pixels, ResNet-50 at 224; on one core (PIN), then on the whole machine.
# SECONDS_EACH (10) is how long a side runs; CORES ("1 all") what it has; NETS
# ("18,32,64 50,224,32") depths, sizes and batches; WITH_TORCH (1).
set -euo pipefail
. bench/peers/lib.sh
venv label bench/peers/requirements-label.txt
label=$python
if [ "${WITH_TORCH:-1}" = 1 ]; then
	venv engine bench/peers/requirements-engine.txt
fi
each=${SECONDS_EACH:-10}
rounds=$(mktemp)
trap 'rm -f "$rounds"' EXIT

for _ in $(seq "$ROUNDS"); do
	for share in ${CORES:-1 all}; do
		with_cores "$share"
		for net in ${NETS:-18,32,64 50,224,32}; do
			IFS=, read -r depth size batch <<<"$net"
			what="resnet$depth $size px, $share"
			peer=(--depth "$depth" --size "$size" --batch "$batch" --cores "$cores" --seconds "$each")
			one "$what" retort "$RETORT" bench label --arch "resnet$depth" --width 1 --size "$size" --batch "$batch" --backend cpu --cores "$cores" --seconds "$each" --json
			one "$what" onnxruntime "$label" bench/peers/label_ort.py "${peer[@]}"
			one "$what" openvino "$label" bench/peers/label_openvino.py "${peer[@]}"
			if [ "${WITH_TORCH:-1}" = 1 ]; then
				one "$what" torch "$python" bench/peers/label_torch.py "${peer[@]}"
			fi
		done
	done
done
python3 bench/peers/table.py images_per_cpu_s images_per_s <"$rounds"
