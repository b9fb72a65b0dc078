package imagefile

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/tfrecord"
)

// recordsOf makes an uncompressed TFRecord file of Examples of bytes and integers.
func recordsOf(t testing.TB, records ...map[string]any) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := tfrecord.NewWriter(&b, tfrecord.Options{Compression: tfrecord.None})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		var e example.Builder
		for name, v := range r {
			switch v := v.(type) {
			case []byte:
				e.Bytes(name, v)
			case string:
				e.Bytes(name, []byte(v))
			case int:
				e.Int64s(name, int64(v))
			}
		}
		if err := w.Write(e.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestListRecords reads what other tools write, by the names that they give it.
func TestListRecords(t *testing.T) {
	images := pictures(t, 6)
	slim := recordsOf(t,
		map[string]any{"image/encoded": images[0], "image/class/text": "daisy", "image/class/label": 0, "image/filename": "d/1.png", "image/format": "png"},
		map[string]any{"image/encoded": images[1], "image/class/text": "", "image/class/label": -1})
	tfds := recordsOf(t, map[string]any{"image": images[2], "label": 1}, map[string]any{"image": images[3], "label": 0}, map[string]any{"label": 0})
	numbers := recordsOf(t, map[string]any{"picture": images[4], "label": 7})
	dir := t.TempDir()
	write(t, filepath.Join(dir, "slim/train-00000-of-01024"), slim)
	write(t, filepath.Join(dir, "slim/dataset_info.json"), []byte("{}"))
	write(t, filepath.Join(dir, "tfds/flowers-train.tfrecord-00000-of-00001"), tfds)
	write(t, filepath.Join(dir, "tfds/label.labels.txt"), []byte("rose\ntulip\n"))
	write(t, filepath.Join(dir, "kaggle/00-8x8.tfrec"), compressed(t, ".tgz", numbers))
	write(t, filepath.Join(dir, "kaggle/b.record"), numbers)
	write(t, filepath.Join(dir, "kaggle/not-00000-of-00001"), []byte("no record at all, by its header"))
	write(t, filepath.Join(dir, "mixed/cat/1.png"), images[5])
	write(t, filepath.Join(dir, "mixed/views.tfrecord"), recordsOf(t, map[string]any{"view/a": []byte("raw"), "pass": 0}))
	write(t, filepath.Join(dir, "tars/x.tar"), tarOf(t, file("a.tfrecords", slim)))
	for source, c := range map[string]struct {
		want   []string
		passed string
	}{
		"slim":                      {[]string{"train-00000-of-01024/d/1.png|daisy|", "train-00000-of-01024/00000001||"}, "1 .json"},
		"tfds":                      {[]string{"flowers-train.tfrecord-00000-of-00001/00000000|tulip|", "flowers-train.tfrecord-00000-of-00001/00000001|rose|", "flowers-train.tfrecord-00000-of-00001/00000002||unsupported-format"}, "1 .txt"},
		"kaggle":                    {[]string{"b.record/00000000|7|"}, "1 .tfrec, 1 without an extension"},
		"mixed":                     {[]string{"cat/1.png|cat|"}, "1 TFRecord file without encoded images"},
		"tars":                      {[]string{"x.tar/a.tfrecords/d/1.png|daisy|", "x.tar/a.tfrecords/00000001||"}, ""},
		"slim/train-00000-of-01024": {[]string{"train-00000-of-01024/d/1.png|daisy|", "train-00000-of-01024/00000001||"}, ""},
	} {
		var stats ListStats
		got, err := collect(t, &stats, filepath.Join(dir, source))
		if err != nil || !slices.Equal(names(got), c.want) || stats.Passed.String() != c.passed {
			t.Errorf("%s: got  %q, %v, passed over %s\nwant %q, passed over %s", source, names(got), err, stats.Passed.String(), c.want, c.passed)
		}
		sameBytes(t, got, images)
		for _, e := range got {
			if e.Class == "" && e.Reason == "" && !e.Unlabelled {
				t.Errorf("%s: %s: not said to be unlabelled", source, e.Name)
			}
		}
	}
}

func TestRecordsThatAreNoImages(t *testing.T) {
	whole := recordsOf(t, map[string]any{"image/encoded": tiny(t, 1)}, map[string]any{"image/encoded": tiny(t, 2)})
	damaged := bytes.Clone(whole)
	damaged[len(damaged)-9] ^= 1
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"raw.tfrecord":     {recordsOf(t, map[string]any{"image_raw": []byte("rgbrgb"), "height": 1}), "hold no encoded image (JPEG, PNG, … in image/encoded or image), but: height, image_raw"},
		"cut.tfrecord":     {whole[:len(whole)-20], "cut short"},
		"damaged.tfrecord": {damaged, `retort tfrecord repair`},
		"odd.tfrecord":     {[]byte("no records"), "odd.tfrecord"},
	} {
		p := filepath.Join(t.TempDir(), name)
		write(t, p, c.data)
		if _, err := collect(t, nil, p); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}

func TestSidecarLabels(t *testing.T) {
	images := pictures(t, 5)
	members := []member{
		file("0001.cls", []byte("7\n")), file("0001.jpg", images[0]), file("0001.json", []byte(`{"url": "x"}`)),
		file("0002.left.jpg", images[1]), file("0002.right.jpg", images[2]), file("0002.json", []byte(`{"label": "cat"}`)),
		file("0003.jpg", images[3]), file("0003.txt", []byte("dog")),
		file("0004.jpg", images[4]), file("0004.txt", []byte("0 0.5 0.5 0.2 0.2")), file("readme.txt", []byte("no label")),
	}
	want := []string{"0001.jpg|7|", "0002.left.jpg|cat|", "0002.right.jpg|cat|", "0003.jpg|dog|", "0004.jpg||"}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"a.tar": tarOf(t, members...), "a.tar.gz": compressed(t, ".tgz", tarOf(t, members...)), "a.zip": zipOf(t, members...)} {
		p := filepath.Join(dir, name)
		write(t, p, data)
		var stats ListStats
		got, err := collect(t, &stats, p)
		if err != nil || !slices.Equal(names(got), want) || stats.Sidecars != 3 || stats.Passed.String() != "2 .txt, 1 .json" {
			t.Errorf("%s: %q, %v, %d, %s", name, names(got), err, stats.Sidecars, stats.Passed.String())
		}
	}
	write(t, filepath.Join(dir, "cat/1.jpg"), images[0])
	write(t, filepath.Join(dir, "cat/1.cls"), []byte("tiger"))
	write(t, filepath.Join(dir, "cat/2.jpg"), images[1])
	if got, err := collect(t, nil, filepath.Join(dir, "cat")); err != nil || !slices.Equal(names(got), []string{"1.jpg|tiger|", "2.jpg||"}) {
		t.Errorf("%q, %v", names(got), err)
	}
}

func TestTinyImageNet(t *testing.T) {
	images := pictures(t, 3)
	members := []member{
		file("tiny/train/n01/images/n01_0.JPEG", images[0]),
		file("tiny/val/images/val_0.JPEG", images[1]), file("tiny/val/val_annotations.txt", []byte("val_0.JPEG\tn02\t0\t0\t3\t3\n")),
		file("tiny/test/images/test_0.JPEG", images[2])}
	dir := t.TempDir()
	for _, m := range members {
		write(t, filepath.Join(dir, "set", m.Name), m.data)
	}
	write(t, filepath.Join(dir, "set.zip"), zipOf(t, members...))
	want := []string{"tiny/test/images/test_0.JPEG|images|", "tiny/train/n01/images/n01_0.JPEG|images|", "tiny/val/images/val_0.JPEG|n02|"}
	for _, source := range []string{"set", "set.zip"} {
		got, err := collect(t, nil, filepath.Join(dir, source))
		list := names(got)
		slices.Sort(list)
		if err != nil || !slices.Equal(list, want) {
			t.Errorf("%s: %q, %v", source, list, err)
		}
	}
}
