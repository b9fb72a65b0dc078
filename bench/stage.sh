#!/usr/bin/env bash
# The views stage on the direct runner beside the speed of its kernels on as many
# cores, in turn: bench/stage.sh [IMAGES [SIZE]]
#
# Both work on all the images. RETORT (bin/retort); ROUNDS (5); CORES (all);
# SCRATCH (/dev/shm) takes the shards, so that the figure is of the stage and not
# of a disk. A virtual machine may give memory back to its host some seconds after it
# was freed, and wait for each page of it when it is used again; so the shards of the
# round before are written into that memory once more, right before the stage.
set -euo pipefail
images=${1:-../shared/data/imagenette-train.tar}
size=${2:-224}
retort=${RETORT:-bin/retort}
cores=${CORES:-$(nproc)}
strength=1
[ "$size" -gt 32 ] || strength=0.5 # as bench augment has it
scratch=$(mktemp -d -p "${SCRATCH:-/dev/shm}")
trap 'rm -rf "$scratch"' EXIT
run=("$retort" run --preset imagenet-r50 --images "$images" --labels folder --out "$scratch/run"
	--set "size=$size" --set views.passes=1 --set "views.strength=$strength")
"${run[@]}" --only views >/dev/null 2>&1
for _ in $(seq "${ROUNDS:-5}"); do
	kernel=$("$retort" bench augment --images "$images" --size "$size" --passes 1 --cores "$cores" --seconds 3 --limit 1000000 --json | tail -1)
	if [ "$(stat -f -c %T "$scratch")" = tmpfs ]; then
		cat "$scratch"/run/views/*.tfrecord >"$scratch/again"
	fi
	rm -rf "$scratch/run/views" "$scratch/again"
	"${run[@]}" --only views >/dev/null 2>&1
	echo "$kernel" | python3 -c '
import json, sys
kernel = json.load(sys.stdin)["views_per_s"]
folder = sys.argv[1]
stage = json.load(open(folder + "/manifest.json"))["counts"]["views"] / json.load(open(folder + "/timings.json"))["seconds"]
print(f"kernels {kernel:.0f} views/s, stage {stage:.0f} views/s: {100 * stage / kernel:.0f} %")' "$scratch/run/views"
done
