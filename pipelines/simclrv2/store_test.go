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
	"github.com/retort-ml/retort/internal/storetest"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners"
)

// TestRunInAStore: the whole graph leaves the same bytes in every store, also in
// one that has whole files and nothing else, as on a disk, goes on from them, and
// copies of images out of an archive are found wherever the run is.
func TestRunInAStore(t *testing.T) {
	images := filepath.Join(t.TempDir(), "images.tar.gz")
	pack(t, images, stagetest.Folder(t, 24, 12, "across", "along", "both"))
	for _, store := range []string{"pixels", "recipe"} {
		t.Run(store, func(t *testing.T) {
			c, err := simclrv2.Load("smoke", "", []string{"images=" + images, "labels=folder", "views.store=" + store})
			if err != nil {
				t.Fatal(err)
			}
			disk := t.TempDir()
			run(t, c, disk, true)
			want := artifacts(t, blob.Local(disk))
			if len(want) < 30 {
				t.Errorf("only %d files", len(want))
			}
			bucket := map[string]string{"pixels": "gs", "recipe": "s3"}[store]
			for _, url := range []string{"mem://TestRunInAStore/" + store, storetest.Bucket(t, bucket)("runs/x")} {
				same(t, c, url, want)
			}
		})
	}
}

// TestRunInAnUnsteadyStore: a store that spoils every fifth answer ends up with
// the same bytes.
func TestRunInAnUnsteadyStore(t *testing.T) {
	if os.Getenv("RETORT_STORE_TEST") == "" {
		t.Skip("make store-test runs it")
	}
	c, err := simclrv2.Load("smoke", "", []string{"images=" + stagetest.Folder(t, 24, 12, "across", "along", "both"), "labels=folder"})
	if err != nil {
		t.Fatal(err)
	}
	disk := t.TempDir()
	run(t, c, disk, true)
	want := artifacts(t, blob.Local(disk))
	for _, scheme := range storetest.Schemes {
		t.Run(scheme, func(t *testing.T) {
			faults := &storetest.Faults{Share: 0.2}
			same(t, c, storetest.Bucket(t, scheme, faults.Front)("runs/x"), want)
			if t.Logf("%d answers were spoilt", faults.Count.Load()); faults.Count.Load() < 50 {
				t.Error("too few to prove anything")
			}
		})
	}
}

// same runs a graph in a store and compares what it leaves.
func same(t *testing.T, c simclrv2.Config, url string, want map[string][]byte) {
	t.Helper()
	run(t, c, url, true)
	run(t, c, url, false)
	got := artifacts(t, open(t, url))
	for name, data := range want {
		if other, there := got[name]; !there || !bytes.Equal(other, data) {
			t.Errorf("%s differs in %s", name, url)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files in %s, %d on disk", len(got), url, len(want))
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
