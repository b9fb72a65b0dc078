package augment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is derived from the table of operations anew; replay files that are there are never written")

// A replay is a stored recipe and the view that it makes: what a run with
// store: recipe relies on for as long as it is kept.
type replay struct {
	Config Config `json:"config"`
	Recipe string `json:"recipe"` // hexadecimal
	View   string `json:"view"`   // SHA-256 of the pixels
}

// Files of replays are added, by version of the format, and never changed:
// recipes written by any version are read by this one and give the same pixels.
func TestStoredRecipesGiveTheSamePixelsForEver(t *testing.T) {
	files, err := filepath.Glob("testdata/replay-*.jsonl")
	if err != nil || len(files) < 1 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
			var want replay
			if err := json.Unmarshal([]byte(line), &want); err != nil {
				t.Fatalf("%s:%d: %v", file, n+1, err)
			}
			for _, l := range levels() {
				atLevel(l, func() {
					if got := replayed(t, want.Config, want.Recipe); got != want {
						t.Errorf("%s:%d: with %v\ngot  %+v\nwant %+v", file, n+1, l, got, want)
					}
				})
			}
			if config, err := json.Marshal(want.Config); err != nil || !strings.Contains(line, string(config)) {
				t.Errorf("%s:%d: the config is now written as %s (%v): every run with it would be made again", file, n+1, config, err)
			}
		}
	}
}

// replayed is what today's code makes of a config and a recipe.
func replayed(t *testing.T, cfg Config, recipe string) replay {
	t.Helper()
	data, err := hex.DecodeString(recipe)
	if err != nil {
		t.Fatal(err)
	}
	var r Recipe
	if err := r.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if again, err := r.MarshalBinary(); err != nil || !bytes.Equal(again, data) {
		t.Errorf("%x is now written as %x (%v)", data, again, err)
	}
	pix := make([]uint8, 3*cfg.Size*cfg.Size)
	if err := Render(pix, &cfg, pattern(r.Width, r.Height), r); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(pix)
	return replay{cfg, recipe, hex.EncodeToString(sum[:])}
}

// pattern is an image of many colours, the same for ever.
func pattern(width, height int) Image {
	img := Image{Width: width, Height: height, Pix: make([]uint8, 3*width*height)}
	for i := range img.Pix {
		x, y, c := i/3%width, i/3/width, i%3
		img.Pix[i] = uint8((x*(3+c) + y*(5-c) + x*y/(7+c)) % 256)
	}
	return img
}

// writeReplays writes a file of replays, once.
func writeReplays(t *testing.T, file string, configs []Config) {
	if _, err := os.Stat(file); err == nil || !*update {
		return
	}
	var out bytes.Buffer
	lines := json.NewEncoder(&out)
	for i, cfg := range configs {
		r := Draw(&cfg, 90+7*i, 70+5*i, Key{Seed: 5, Pass: i, View: i % 3})
		data, _ := r.MarshalBinary()
		if err := lines.Encode(replayed(t, cfg, hex.EncodeToString(data))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
