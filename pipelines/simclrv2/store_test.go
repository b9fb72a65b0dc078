package simclrv2_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners"
)

// TestRunInAStore: the whole graph leaves the same bytes in a store that has
// whole files and nothing else as on a disk, goes on from them, and copies of
// images out of an archive are found wherever the run is.
func TestRunInAStore(t *testing.T) {
	images := filepath.Join(t.TempDir(), "images.tar.gz")
	pack(t, images, stagetest.Folder(t, 24, 12, "across", "along", "both"))
	for _, store := range []string{"pixels", "recipe"} {
		t.Run(store, func(t *testing.T) {
			c, err := simclrv2.Load("smoke", "", []string{"images=" + images, "labels=folder", "views.store=" + store})
			if err != nil {
				t.Fatal(err)
			}
			disk, url := t.TempDir(), "mem://TestRunInAStore/"+store
			for _, root := range []string{disk, url} {
				run(t, c, root, true)
			}
			run(t, c, url, false)
			want, got := artifacts(t, blob.Local(disk)), artifacts(t, open(t, url))
			if len(want) < 30 {
				t.Errorf("only %d files", len(want))
			}
			for name, data := range want {
				if other, there := got[name]; !there || !bytes.Equal(other, data) {
					t.Errorf("%s differs in the store", name)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d files in the store, %d on disk", len(got), len(want))
			}
		})
	}
}

func open(t *testing.T, url string) blob.Dir {
	t.Helper()
	d, err := blob.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func run(t *testing.T, c simclrv2.Config, root string, first bool) {
	t.Helper()
	g, err := simclrv2.Build(c, root, "auto")
	if err != nil {
		t.Fatal(err)
	}
	results, err := runners.Run(t.Context(), g, runners.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if (r.State == "ran") != first {
			t.Errorf("%s: %s %s", root, r.Name, r.State)
		}
	}
}

// artifacts are the files of a run but those that measure time.
func artifacts(t *testing.T, root blob.Dir) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for info, err := range root.List("") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(info.Name, "report/") || strings.HasSuffix(info.Name, "timings.json") || slices.Contains(strings.Split(info.Name, "/"), "events") {
			continue
		}
		data, err := root.ReadFile(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		files[info.Name] = data
	}
	return files
}

// pack makes a .tar.gz of a folder.
func pack(t *testing.T, path, folder string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := w.AddFS(os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	stagetest.Write(t, path, b.Bytes())
}
