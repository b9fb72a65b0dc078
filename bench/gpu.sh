#!/usr/bin/env bash
# Measures training and labelling on a GPU beside PyTorch and JAX, in about 20
# minutes on a bare machine, and prints rows for docs/results.md (P9, P11, P12).
#
#   bench/gpu.sh               on CUDA; ResNet-50 of width 1, 224 px, bf16
#   bench/gpu.sh --try         the same on xla:cpu, a small network: is all there?
#
# Wanted: Go, a C compiler, Python. PyTorch and JAX are taken from python3 where
# it has them and they see the device, else they go into .peers/gpu. The plugin is
# JAX's own (retort doctor shows it). PAIRS (128 on 40 GB of memory, less on less),
# BATCH (twice that), SECONDS_EACH (15), ROUNDS (3), MINUTES (20), TURN_LIMIT (240
# seconds) and PRECISION (bf16) may be set; RETORT is a program built with -tags xla.
#
# What is measured first is what is needed most: one round, what training waits for
# data, then further rounds as long as the minutes last. Ctrl-C prints the tables of
# what there is by then; the rounds stay in .peers/gpu-rounds.
set -euo pipefail
cd "$(dirname "$0")/.."

stop() { echo "bench/gpu.sh: $*" >&2; exit 1; }

backend=xla:cuda device=cuda arch=50 width=1 size=224 requirements=bench/peers/requirements-gpu.txt place=gpu epochs=20
each=${SECONDS_EACH:-15} rounds=${ROUNDS:-3} minutes=${MINUTES:-20} precision=${PRECISION:-bf16}
case ${1:-} in
"") ;;
--try)
	backend=xla:cpu device=cpu arch=18 width=0.25 size=32 requirements=bench/peers/requirements-engine.txt place=engine epochs=2
	pairs=${PAIRS:-16} batch=${BATCH:-32} each=${SECONDS_EACH:-2} rounds=${ROUNDS:-1}
	;;
*)
	echo "bench/gpu.sh: no such argument: $1 (none, or --try)" >&2
	exit 2
	;;
esac

# what is missing is told before anything is installed
for tool in python3 $([ -n "${RETORT:-}" ] || echo go "${CC:-cc}"); do
	command -v "$tool" >/dev/null || stop "$tool is not on the PATH; wanted are Go, a C compiler and Python"
done
if [ "$device" = cuda ]; then
	gpu=$(nvidia-smi --query-gpu=memory.total,compute_cap --format=csv,noheader,nounits 2>&1 | head -1) &&
		[[ $gpu =~ ^([0-9]+),\ ([0-9]+)\. ]] || stop "nvidia-smi lists no GPU here: ${gpu:-it says nothing}"
	most=128
	[ "${BASH_REMATCH[1]}" -ge 38000 ] || most=64
	[ "${BASH_REMATCH[1]}" -ge 20000 ] || most=32
	pairs=${PAIRS:-$most} batch=${BATCH:-$((2 * most))}
	if [ "${BASH_REMATCH[2]}" -lt 8 ] && [ -z "${PRECISION:-}" ]; then
		precision=f32 # the chip has no bf16
	fi
	export JAX_COMPILATION_CACHE_DIR=$PWD/.peers/gpu-jax-cache # a round does not compile what one before did
fi
export JAX_PLATFORMS=$device # else JAX would take the CPU in silence

mkdir -p .peers
work=$(mktemp -d) raw=.peers/gpu-rounds building=
: >"$raw.pairs_per_s"
: >"$raw.images_per_s"
ended() {
	[ -z "$building" ] || kill "$building" 2>/dev/null || true
	tables || true
	rm -rf "$work"
}
tables() {
	[ -s "$raw.pairs_per_s" ] || [ -s "$raw.images_per_s" ] || return 0
	echo "ResNet-$arch, width $width, $size px, $precision, $backend, $(git rev-parse --short HEAD 2>/dev/null || echo 'no commit')"
	[ "$device" != cuda ] || nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true
	for figure in pairs_per_s images_per_s; do
		[ ! -s "$raw.$figure" ] || "$python" bench/peers/table.py "$figure" <"$raw.$figure"
	done
	[ ! -s "$work/waited" ] || cat "$work/waited"
}
trap ended EXIT
trap 'exit 130' INT TERM

# the program is built while the peers are fetched
if [ -z "${RETORT:-}" ]; then
	RETORT=$PWD/bin/retort-xla
	CGO_ENABLED=1 go build -trimpath -tags xla -o "$RETORT" ./cmd/retort &
	building=$!
fi

sees() { # PEER: whether Python has it, and it has the device
	case $1-$device in
	torch-cuda) "$python" -c 'import torch; torch.zeros(1, device="cuda")' ;;
	jax-cuda) "$python" -c 'import jax; assert jax.devices()[0].platform == "gpu"' ;;
	*) "$python" -c "import $1" ;;
	esac
}
python=$(command -v python3)
if ! { sees torch && sees jax; } 2>/dev/null; then
	. bench/peers/lib.sh
	if ! cmp -s "$requirements" ".peers/$place/installed" && [ "$device" = cuda ] && [ "$(df -Pk .peers | awk 'END { print $4 }')" -lt 15000000 ]; then
		stop "PyTorch and JAX for CUDA want 15 GB of disk in .peers; there are $(df -Ph .peers | awk 'END { print $4 }')"
	fi
	venv "$place" "$requirements" || echo "not all of $requirements could be installed" >&2
fi
peers=()
for who in torch jax; do
	if why=$(sees "$who" 2>&1); then
		peers+=("$who")
	else
		echo "left out: $who: $(tail -1 <<<"$why")" >&2
	fi
done

if [ "$device" = cpu ]; then
	PJRT_PLUGIN_LIBRARY_PATH=${PJRT_PLUGIN_LIBRARY_PATH:-$(bash bench/xla/test.sh install)}
	export PJRT_PLUGIN_LIBRARY_PATH
elif [ -z "${PJRT_PLUGIN_LIBRARY_PATH:-}" ]; then
	# JAX's own plugin lies in the Python that was chosen
	PATH=$(cd "$(dirname "$python")" && pwd):$PATH
	export PATH
fi
if [ -n "$building" ]; then
	wait "$building" || { building=; stop "retort could not be built"; }
	building=
fi
"$RETORT" doctor --backend "$backend" >&2 || stop "retort cannot compute on $backend (see above)"

limited() { timeout --foreground -k 10 "${TURN_LIMIT:-240}" "$@"; }

failed=" "
one() { # FIGURE CASE WHO COMMAND…: the last line of stdout is the result
	local figure=$1 what=$2 who=$3 line
	shift 3
	case $failed in *" $figure-$who "*) return ;; esac # it would fail again
	if line=$(limited "$@" | tail -1) && [ "${line#\{}" != "$line" ]; then
		printf '%s\t%s\t%s\n' "$what" "$who" "$line" | tee -a "$raw.$figure" >&2
	else
		echo "left out from here on: $who, $what: ${line:-it printed nothing}" >&2
		failed+="$figure-$who "
	fi
}

network=(--arch "resnet$arch" --width "$width" --size "$size" --backend "$backend" --precision "$precision" --seconds "$each" --json)
peer=(--depth "$arch" --width "$width" --size "$size" --precision "$precision" --seconds "$each")
round() {
	local what="train, $pairs pairs" who
	one pairs_per_s "$what" retort "$RETORT" bench train "${network[@]}" --pairs "$pairs"
	for who in "${peers[@]}"; do
		one pairs_per_s "$what" "$who" "$python" "bench/peers/gpu_$who.py" --task train --batch "$pairs" "${peer[@]}" --device "$device"
	done
	what="label, batch $batch"
	one images_per_s "$what" retort "$RETORT" bench label "${network[@]}" --batch "$batch"
	for who in "${peers[@]}"; do
		one images_per_s "$what" "$who" "$python" "bench/peers/gpu_$who.py" --task label --batch "$batch" "${peer[@]}" --device "$device"
	done
}

# P11: what a real training of that network waits for its data, epochs after the first
waits() {
	"$RETORT" synth --out "$work/images" --per-class 200 --size "$size" &&
		limited "$RETORT" run --preset smoke --images "$work/images" --labels folder --out "$work/run" --backend "$backend" --precision "$precision" \
			--set size="$size" --set teacher.arch="resnet$arch" --set teacher.width="$width" --set ingest.max_images=0 \
			--set pretrain.batch="$pairs" --set pretrain.epochs="${EPOCHS:-$epochs}" --only pretrain >&2 &&
		"$python" - "$work/run/pretrain/events/speed.jsonl" "$backend" >"$work/waited" <<'END'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
rows = rows[len(rows) // 2:]  # the first steps compile
print(f"share of the time that pretraining waited for data, {sys.argv[2]}:")
print(f"  {sum(r['data_wait_share'] for r in rows) / len(rows):.2%} in {len(rows)} records of the second half, at {rows[-1]['images_per_second']:.0f} images/s")
END
}

for n in $(seq "$rounds"); do
	start=$SECONDS
	if [ "$n" -gt 1 ] && [ $((SECONDS + took)) -gt $((60 * minutes)) ]; then
		echo "$((n - 1)) of $rounds rounds: another one would pass $minutes minutes (MINUTES)" >&2
		break
	fi
	round
	took=$((SECONDS - start))
	[ "$n" -gt 1 ] || waits || echo "left out: what training waits for data (see above)" >&2
done
