package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/retort-ml/retort/internal/storetest"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/ingest"
)

// mixed is a folder with images in folders and in archives of every kind, some of
// them twice, and some that cannot be used.
func mixed(t *testing.T) string {
	t.Helper()
	dir := folder(t, 13, "cat", "dog")
	names := func(prefix string, n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("%s%d/%03d.jpg", prefix, i%2, i))
		}
		return list
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write(tarOf(names("compressed", 17)))
	w.Close()
	write(t, filepath.Join(dir, "b.tar"), tarOf(names("plain", 23)))
	write(t, filepath.Join(dir, "c", "d.tar.gz"), zipped.Bytes())
	write(t, filepath.Join(dir, "c", "x.zip"), zipOf(names("zip", 9)))
	write(t, filepath.Join(dir, "z.tar"), tarOf(names("plain", 5)))
	write(t, filepath.Join(dir, "dog", "cut.jpg"), picture(5)[:300])
	write(t, filepath.Join(dir, "cat", "empty.jpg"), nil)
	return dir
}

// made is all that a stage left: the bytes of its files, and what its manifest says.
func made(t *testing.T, s *ingest.Images, r pipelines.Runner) map[string]string {
	t.Helper()
	root := t.TempDir()
	if err := execute(t.Context(), root, s, r); err != nil {
		t.Fatal(err)
	}
	return files(t, root)
}

func execute(ctx context.Context, root string, s *ingest.Images, r pipelines.Runner) error {
	g := pipelines.New("t", pipelines.Root(root))
	pipelines.Add(g, "ingest", s)
	_, err := runners.Run(ctx, g, runners.Options{Runner: r})
	return err
}

func files(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Join(root, "ingest"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "timings.json" {
			return err
		}
		data, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, root)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s is another one, of %d bytes; want %d", what, name, len(got[name]), len(want[name]))
		}
	}
	for name := range got {
		if _, known := want[name]; !known {
			t.Errorf("%s: there is %s", what, name)
		}
	}
}

// settings are configs over mixed, of every kind of labels.
func settings(t *testing.T) map[string]*ingest.Images {
	dir := mixed(t)
	table, list := filepath.Join(t.TempDir(), "labels.csv"), filepath.Join(t.TempDir(), "list.csv")
	write(t, table, []byte("path,label\ncat/003.jpg,x\nb.tar/plain0/000.jpg,x\nb.tar/plain1/001.jpg,y\nc/d.tar.gz/compressed0/014.jpg,y\ndog/cut.jpg,y\ncat/004.jpg,\n"))
	write(t, list, fmt.Appendf(nil, "path,label\n%s/b.tar,in\n%s/cat/001.jpg,x\n%[1]s/cat/nowhere.jpg,x\n%[1]s/c/d.tar.gz,\n", dir, dir))
	return map[string]*ingest.Images{
		"folders": {Source: []string{dir}, Labels: "folder", Limit: 1},
		"none":    {Source: []string{filepath.Join(dir, "*.tar"), dir, filepath.Join(dir, "c", "*")}, Labels: "none", Limit: 1},
		"table":   {Source: []string{dir}, Labels: table, Limit: 1},
		"list":    {Source: []string{list, dir}, Labels: "folder", Limit: 1},
		"some":    {Source: []string{dir}, Labels: table, MaxImages: 19, Limit: 1},
	}
}

// TestShardsDoNotShapeTheArtifact: into how many shards the work is parted, and who
// does them, is seen in no byte.
func TestShardsDoNotShapeTheArtifact(t *testing.T) {
	for name, s := range settings(t) {
		t.Run(name, func(t *testing.T) {
			want := made(t, s, nil)
			if len(want) < 2 {
				t.Fatalf("there are only %d files", len(want))
			}
			ingest.Finely(t)
			for _, workers := range []int{1, 2, 7} {
				before := runtime.GOMAXPROCS(workers)
				got := made(t, s, nil)
				runtime.GOMAXPROCS(before)
				same(t, fmt.Sprint(workers, " workers"), got, want)
			}
			if name != "table" { // its jobs take their time
				return
			}
			r, err := runners.ByName("prism")
			if err != nil {
				t.Fatal(err)
			}
			same(t, "prism", made(t, s, r), want)
		})
	}
}

// TestStoppedIngestGoesOn: what was stopped, at any shard, ends with the same bytes
// and leaves nothing else.
func TestStoppedIngestGoesOn(t *testing.T) {
	s := settings(t)["table"]
	want := made(t, s, nil)
	ingest.Finely(t)
	root, stops := t.TempDir(), 0
	for ; ; stops++ {
		g := pipelines.New("t", pipelines.Root(root))
		pipelines.Add(g, "ingest", s)
		ctx, cancel := context.WithCancel(t.Context())
		before := reports(root)
		go func() {
			for ctx.Err() == nil && reports(root) <= before {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		_, err := runners.Run(ctx, g, runners.Options{})
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) || stops == 300 {
			t.Fatal(stops, err)
		}
	}
	if stops == 0 {
		t.Error("it was never stopped")
	}
	t.Logf("stopped %d times", stops)
	same(t, "gone on", files(t, root), want)
	for _, name := range []string{".work", ".shards", ".scratch"} {
		if _, err := os.Stat(filepath.Join(root, "ingest", name)); !os.IsNotExist(err) {
			t.Errorf("%s stays: %v", name, err)
		}
	}
}

func reports(root string) int {
	list, _ := os.ReadDir(filepath.Join(root, "ingest", ".shards"))
	return len(list)
}

// TestIngestLooksAgainAfterItFailed for images that cannot be used, and takes what
// was mended.
func TestIngestLooksAgainAfterItFailed(t *testing.T) {
	dir, root := folder(t, 20, "cat", "dog"), t.TempDir()
	for i := range 15 {
		write(t, filepath.Join(dir, "cat", fmt.Sprintf("%03d.jpg", i)), nil)
	}
	s := &ingest.Images{Source: []string{dir}, Labels: "folder"}
	if err := execute(t.Context(), root, s, nil); err == nil || !strings.Contains(err.Error(), "15 of 40 images cannot be used") {
		t.Fatal(err)
	}
	if n := reports(root); n != 0 {
		t.Errorf("%d shards would be taken as they are", n)
	}
	for i := range 15 {
		write(t, filepath.Join(dir, "cat", fmt.Sprintf("%03d.jpg", i)), picture(i))
	}
	if err := execute(t.Context(), root, s, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "mended", files(t, root), made(t, s, nil))
}

// TestNamesThatAreNoUTF8 are found again from phase to phase, whatever they are.
func TestNamesThatAreNoUTF8(t *testing.T) {
	dir := t.TempDir()
	for i := range 2 {
		write(t, filepath.Join(dir, "ok", fmt.Sprint(i, ".jpg")), picture(100+i))
	}
	if err := os.Mkdir(filepath.Join(dir, "caf\xe9"), 0o755); err != nil {
		t.Skip("the file system here wants UTF-8: ", err)
	}
	write(t, filepath.Join(dir, "caf\xe9", "a.jpg"), picture(110))
	write(t, filepath.Join(dir, "caf\xe8", "a\xff.jpg"), picture(111))
	write(t, filepath.Join(dir, "caf\xe8", "b\xff.jpg"), nil)
	write(t, filepath.Join(dir, "t\xe9.tar"), tarOf([]string{"in/1.jpg", "in/2.jpg"}))
	ingest.Finely(t)
	list, a, err := run(t, &ingest.Images{Source: []string{dir}, Labels: "folder"})
	if err != nil {
		t.Fatal(err)
	}
	var meta pipelines.ImagesMeta
	if err := json.Unmarshal(a.Manifest.Meta, &meta); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%q", meta.Classes), "[\"caf\\\\xe8\" \"caf\\\\xe9\" \"in\" \"ok\"]"; got != want {
		t.Errorf("classes %s, want %s", got, want)
	}
	if q := a.Manifest.Quarantine; len(list) != 6 || q == nil || q.Total != 1 || q.First[0].Name != `caf\xe8/b\xff.jpg` {
		t.Errorf("%d images, quarantine %+v", len(list), q)
	}
}

// TestSourcesInStores are parted as those on a disk.
func TestSourcesInStores(t *testing.T) {
	dir := mixed(t)
	for _, scheme := range storetest.Schemes {
		t.Run(scheme, func(t *testing.T) {
			in := storetest.Bucket(t, scheme)
			d, err := blob.Open(in("photos"))
			if err != nil {
				t.Fatal(err)
			}
			err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return err
				}
				data, err := os.ReadFile(path)
				return errors.Join(err, d.WriteFile(filepath.ToSlash(strings.TrimPrefix(path, dir+string(filepath.Separator))), data))
			})
			if err != nil {
				t.Fatal(err)
			}
			s := &ingest.Images{Source: []string{in("photos"), in("photos/c/d.tar.gz")}, Labels: "folder", Limit: 1}
			want := made(t, s, nil)
			ingest.Finely(t)
			same(t, scheme, made(t, s, nil), want)
		})
	}
}
