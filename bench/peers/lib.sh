# Sourced by the cases, from the repository's root.

# venv NAME REQUIREMENTS installs a peer into .peers/NAME, once, and sets
# $python to its interpreter.
venv() {
	python=.peers/$1/bin/python
	[ -x "$python" ] || python3 -m venv ".peers/$1"
	cmp -s "$2" ".peers/$1/installed" && return
	"$python" -m pip install --quiet --disable-pip-version-check -r "$2" >&2
	cp "$2" ".peers/$1/installed"
}
