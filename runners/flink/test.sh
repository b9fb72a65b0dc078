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
if [ ! -f "$here/complete" ]; then
	command -v mvn >/dev/null || { echo "no mvn: install Maven, which fetches Flink (Debian: maven)" >&2; exit 1; }
	echo "installing Flink 1.19 and Beam's job server into .flink (157 MB)" >&2
	mkdir -p "$here"
	cp runners/flink/pom.xml "$here/pom.xml"
	mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$here/lib"
	touch "$here/complete"
fi
if [ ! -d "$here/gradle/wrapper" ]; then # Beam's job server does not send jars of such a folder with every job
	mkdir -p "$here/gradle"
	cp -al "$here/lib" "$here/gradle/wrapper"
fi
if [ ! -f "$here/spark/complete" ]; then
	command -v mvn >/dev/null || { echo "no mvn: install Maven, which fetches Spark (Debian: maven)" >&2; exit 1; }
	echo "installing Spark 3.5 and Beam's job server for it into .flink (270 MB)" >&2
	mkdir -p "$here/spark"
	cp runners/flink/spark.xml "$here/spark/pom.xml"
	mvn -q -B -f "$here/spark/pom.xml" dependency:copy-dependencies -DoutputDirectory="$here/spark"
	touch "$here/spark/complete"
fi
for program in ./cmd/retort ./examples/sharp ./examples/barlowtwins; do
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$here/bin/" "$program"
done
RETORT_FLINK=$here exec nice -n 2 go test -count=1 -timeout 60m ./runners/flink -v "$@"
