#!/bin/sh
# Saves a picture of a report as a headless Chromium shows it:
#   bench/report/screenshot.sh RUN/report/index.html page.png [light|dark] [width] [height]
# Without a report the sample page of the tests is rendered and shown; without
# a height the whole page is. The page stands in a frame, because a window
# narrower than about 500 pixels is not to be had.
set -eu
page=${1:-}
out=${2:-report.png}
scheme=${3:-light}
width=${4:-1280}
height=${5:-}

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

cp "$page" "$work/page.html"
cat >"$work/frame.html" <<EOF
<!DOCTYPE html><meta name="color-scheme" content="light dark">
<style>*{margin:0;border:0}iframe{display:block;width:${width}px;height:${height:-800}px}</style>
<iframe id="frame" src="page.html"></iframe>
<script>
onload = () => {
	const page = frame.contentDocument.documentElement
	if (page.scrollWidth > $width) console.warn("wider than its window")
	const height = "$height" || page.scrollHeight
	frame.style.height = height + "px"
	document.title = "height=" + height + " width=" + page.scrollWidth + "."
}
</script>
EOF
show() {
	"$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--hide-scrollbars --allow-file-access-from-files --user-data-dir="$work/profile" \
		--blink-settings=preferredColorScheme=$number "$@" "file://$work/frame.html" 2>"$work/log" ||
		{ cat "$work/log" >&2; exit 1; }
}
show --dump-dom >"$work/dom"
tall=$(sed -n 's/.*height=\([0-9]*\) .*/\1/p' "$work/dom" | head -n 1)
wide=$(sed -n 's/.*width=\([0-9]*\)\..*/\1/p' "$work/dom" | head -n 1)
if [ "$wide" -gt "$width" ]; then
	echo "screenshot: the page is $wide pixels wide in a window of $width" >&2
fi
show --window-size="$width,$tall" --screenshot="$work/shot.png"
mv "$work/shot.png" "$out"
echo "$out"
