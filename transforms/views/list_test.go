package views

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
)

// listed is an index of n images, whose Length is their number.
func listed(t *testing.T, n int) pipelines.Artifact[pipelines.Images] {
	t.Helper()
	dir := blob.Local(t.TempDir())
	w := index.NewWriter(dir, "index", int64(n))
	for i := range n {
		if err := w.Write(imagefile.Ref{ID: imagefile.ID{byte(i >> 8), byte(i)}, URI: "x", Length: int64(i), Width: 8, Height: 8}, ""); err != nil {
			t.Fatal(err)
		}
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := artifact.Commit(dir, &artifact.Manifest{Schema: artifact.Schema, Kind: "images", Files: files}); err != nil {
		t.Fatal(err)
	}
	a, err := pipelines.LoadArtifact[pipelines.Images](dir.String())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// However many cores read them, the shards together have every image once, in the
// order of the index.
func TestListOnAnyNumberOfCores(t *testing.T) {
	for _, n := range []int{0, 1, 511, 512, 513, 1023, 1024, 1025, 3000} {
		in := listed(t, n)
		for _, procs := range []int{1, 2, 3, 64} {
			for _, shards := range []int{1, 3} {
				t.Run(fmt.Sprintf("n=%d/procs=%d/shards=%d", n, procs, shards), func(t *testing.T) {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
					at := 0
					for number := range shards {
						sh := &shard{Stage: &Stage{Passes: 2}, number: number, of: shards}
						if err := sh.list(in, int64(n)); err != nil {
							t.Fatal(err)
						}
						for _, it := range sh.items {
							if it.ref.Length != int64(at) {
								t.Fatalf("image %d in place of %d", it.ref.Length, at)
							}
							at++
						}
						if len(sh.order) != 2 || len(sh.order[1]) != len(sh.items) {
							t.Fatalf("the order of shard %d has not its images", number)
						}
					}
					if at != n {
						t.Fatalf("%d images", at)
					}
				})
			}
		}
	}
}

func TestIndexThatEndsEarly(t *testing.T) {
	in := listed(t, 700)
	in.Manifest.Files[0].Records = 2000
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	sh := &shard{Stage: &Stage{Passes: 1}, of: 1}
	if err := sh.list(in, 2000); err == nil || !strings.Contains(err.Error(), "fewer images") {
		t.Errorf("got %v", err)
	}
}
