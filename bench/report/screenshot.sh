#!/bin/sh
# Saves a picture of a report as a headless Chromium shows it:
#   bench/report/screenshot.sh RUN/report/index.html page.png [light|dark] [width] [height]
# Without a report the sample page of the tests is rendered and shown.
set -eu
page=${1:-}
out=${2:-report.png}
scheme=${3:-light}
width=${4:-1280}
height=${5:-6400}

for browser in chromium chromium-browser google-chrome chrome; do
	command -v "$browser" >/dev/null 2>&1 && break
done
if ! command -v "$browser" >/dev/null 2>&1; then
	echo "screenshot: no Chromium found (install the package chromium)" >&2
	exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$page" ]; then
	page=$work/sample.html
	go test ./transforms/report/html -run 'TestWriteSample$' -sample "$page" >/dev/null
fi
if [ ! -f "$page" ]; then
	echo "screenshot: $page: no such file" >&2
	exit 1
fi
case $scheme in
light) number=1 ;;
dark) number=0 ;;
*) echo "screenshot: scheme $scheme; want light or dark" >&2; exit 2 ;;
esac

"$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
	--disable-background-networking --disable-component-update --disable-sync \
	--hide-scrollbars --user-data-dir="$work/profile" --blink-settings=preferredColorScheme=$number \
	--window-size="$width,$height" --screenshot="$work/shot.png" \
	"file://$(cd "$(dirname "$page")" && pwd)/$(basename "$page")" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
mv "$work/shot.png" "$out"
echo "$out"
