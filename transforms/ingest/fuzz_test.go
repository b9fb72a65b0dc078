package ingest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/imagefile"
)

// FuzzLabels: any bytes as a CSV of labels are a table that answers, or an error
// that names the file.
func FuzzLabels(f *testing.F) {
	for _, text := range []string{"path,label\nx/000.jpg,cat\n", "a,b\na,c\n", "\ufeffid,label\n00,x", "\"", "a\n", "#\n,\n", "x/../y, z ,w\n", "a,\"b\nc\"\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "labels.csv")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		labels, err := readLabels(path)
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Fatalf("%v does not name the file", err)
			}
			return
		}
		for _, k := range labels.names.Keys() {
			labels.offer(nil, imagefile.Entry{Name: k.Rows[0].Key, URI: "/x"}, nil)
		}
		if err := labels.settle([]string{"here"}); err != nil && !strings.Contains(err.Error(), path) {
			t.Fatalf("%v does not name the file", err)
		}
		for _, k := range labels.names.Keys() {
			if len(k.Images) == 0 && !k.Rows[0].Comment && !strings.ContainsAny(k.Key, "/\\") {
				t.Fatalf("%q names nothing", k.Rows[0].Key)
			}
		}
	})
}
