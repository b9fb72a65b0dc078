# Sourced by the cases, from the repository's root.

# venv NAME REQUIREMENTS installs a peer into .peers/NAME, once, and sets
# $python to its interpreter.
venv() {
	python=.peers/$1/bin/python
	cmp -s "$2" ".peers/$1/installed" && return
	"$python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear ".peers/$1" # none, or half of one
	"$python" -m pip install --quiet --disable-pip-version-check -r "$2" >&2 && cp "$2" ".peers/$1/installed"
}

# begin sets $data, where the pictures are, $each, the seconds of a side, and $scratch,
# a folder for files that goes with the script.
begin() {
	data=${DATA:-../shared/data} each=${SECONDS_EACH:-4}
	scratch=$(mktemp -d -p "${SCRATCH:-/tmp}")
	trap 'rm -rf "$scratch"' EXIT
}

# with_cores SHARE sets what "one" pins to and $cores: 1 is core PIN, all the
# whole machine.
with_cores() {
	case $1 in
	1) pinned=(taskset -c "$PIN") cores=1 ;;
	all) pinned=(env) cores=$(nproc) ;;
	*) echo "CORES: want 1 or all, not $1" >&2; exit 2 ;;
	esac
}

# one CASE WHO COMMAND… is one side's turn: the last line of its output, the
# result, goes into the file $rounds. What else it says is shown if it fails.
one() {
	local what=$1 who=$2 said result
	shift 2
	said=$(mktemp)
	if ! result=$("${pinned[@]}" "$@" 2>"$said"); then
		cat "$said" >&2
		rm -f "$said"
		echo "bench/peers: $who failed: $*" >&2
		exit 1
	fi
	rm -f "$said"
	printf '%s\t%s\t%s\n' "$what" "$who" "$(tail -1 <<<"$result")" | tee -a "$rounds" >&2
}

# large_photos DATA makes photos of 4000x3000 out of the small ones, once, and sets
# $large to their archive.
large_photos() {
	large=.peers/large.tar
	[ -f "$large" ] && return
	venv augment bench/peers/requirements-augment.txt
	"$python" bench/peers/large_photos.py "$1/imagenette-train.tar" "$large"
}
