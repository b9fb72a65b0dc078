#!/usr/bin/env bash
# Tests Retort on a real Flink, and on a Spark: their jars go into .flink, programs are built there,
# and the tests of this folder start and stop job managers, task managers and job
# servers on free ports of this machine. It needs Java 11 or later, and Maven for
# the first time, and for workers in containers a Docker that answers; without one
# those tests are skipped.
#
#   runners/flink/test.sh              everything
#   runners/flink/test.sh -run NAME    some tests; other flags of go test too
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/.flink
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
command -v "$java" >/dev/null || { echo "no java: install a JDK or JRE, 11 or later (Debian: openjdk-17-jre-headless), or set JAVA_HOME" >&2; exit 1; }
# install WHAT POM FOLDER MB: the jars that a POM lists
install() {
	[ ! -f "$here/$3/complete" ] || return 0
	command -v mvn >/dev/null || { echo "no mvn: install Maven, which fetches $1 (Debian: maven)" >&2; exit 1; }
	echo "installing $1 and Beam's job server for it into .flink ($4 MB)" >&2
	mkdir -p "$here/$3"
	cp "runners/flink/$2" "$here/$3/pom.xml"
	mvn -q -B -f "$here/$3/pom.xml" dependency:copy-dependencies -DoutputDirectory="$here/$3"
	touch "$here/$3/complete"
}
install "Flink 1.19" pom.xml lib 157
install "Spark 3.5" spark.xml spark 270
if [ ! -d "$here/gradle/wrapper" ]; then # Beam's job server does not send jars of such a folder with every job
	mkdir -p "$here/gradle"
	cp -al "$here/lib" "$here/gradle/wrapper"
fi
for program in ./cmd/retort ./examples/sharp ./examples/barlowtwins; do
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$here/bin/" "$program"
done
RETORT_FLINK=$here exec nice -n 2 go test -count=1 -timeout 60m ./runners/flink -v "$@"
