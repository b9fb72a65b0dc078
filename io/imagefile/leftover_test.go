package imagefile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLeftovers holds the table to what people met, in folders and archives.
func TestLeftovers(t *testing.T) {
	for name, want := range map[string]bool{
		".ipynb_checkpoints/0-checkpoint.jpg": true, "cat/@eaDir/0.jpg/SYNOPHOTO_THUMB_M.jpg": true, ".Trash-1000/files/x.jpg": true,
		"$RECYCLE.BIN/x.jpg": true, "$Recycle.Bin/x.jpg": true, "dog/.thumbnails/t.jpg": true, "__MACOSX/cat/._1.jpg": true, "lost+found/1.jpg": true,
		"System Volume Information/x.jpg": true, "#recycle/x.jpg": true, "cat/Thumbs.db": true, "cat/thumbs.db": true, "._x.jpg": true, "desktop.ini": true,
		".git/x.png": true, "@Recycle/x.jpg": true, ".AppleDouble/x.jpg": true, ".Spotlight-V100/x.jpg": true, "__pycache__/x.png": true, ".hidden.jpg": true,
		"cat/1.jpg": false, "./cat/1.jpg": false, "../cat/1.jpg": false, "trash/1.jpg": false, "recycled glass/1.jpg": false, "cat.d/1.jpg": false,
		"#1/1.jpg": false, "@home/1.jpg": false, "thumbs/1.jpg": false, "_/1.jpg": false,
	} {
		if as, got := leftover(name); got != want {
			t.Errorf("%s: %v (%s)", name, got, as)
		}
	}
}

// TestDocumentedLeftovers compares the table with docs/formats.md.
func TestDocumentedLeftovers(t *testing.T) {
	text, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range leftovers {
		row := "| " + l.who + " | `" + strings.ReplaceAll(strings.Join(l.names, "`, `"), "\r", `\r`) + "` |"
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/formats.md lacks the row\n%s", row)
		}
	}
	for _, s := range streams {
		for _, suffix := range s.suffixes {
			if !strings.Contains(string(text), "`"+suffix+"`") {
				t.Errorf("docs/formats.md does not name %s", suffix)
			}
		}
	}
}

// TestLinks follows links to folders and files, and sees circles.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	images := pictures(t, 3)
	write(t, filepath.Join(dir, "full/n01/1.png"), images[0])
	write(t, filepath.Join(dir, "full/n02/1.png"), images[1])
	write(t, filepath.Join(dir, "sub/n03/1.png"), images[2])
	for link, target := range map[string]string{"sub/n01": "../full/n01", "sub/n04": "n05", "sub/n05": "n04", "sub/n03/up": "..", "sub/n03/2.png": "../../full/n02/1.png",
		"full/n02/back": "../../sub/n02", "sub/n02": "../full/n02", "sub/gone": "nowhere", "sub/gone.png": "nowhere.png"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	var stats ListStats
	got, err := collect(t, &stats, filepath.Join(dir, "sub"))
	want := []string{"gone.png||unreadable", "n01/1.png|n01|", "n02/1.png|n02|", "n03/1.png|n03|", "n03/2.png|n03|"}
	if err != nil || !slices.Equal(names(got), want) {
		t.Errorf("got  %q, %v\nwant %q", names(got), err, want)
	}
	checkStats(t, &stats, 4, 1, 5, "3 links to nowhere, 2 links back to a folder above")
	sameBytes(t, got, images)
}
