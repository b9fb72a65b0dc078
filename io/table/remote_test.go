package table

import (
	"testing"

	"github.com/retort-ml/retort/internal/storetest"
	"github.com/retort-ml/retort/io/blob"
)

// TestTableInAStore: a table of labels is read from a bucket.
func TestTableInAStore(t *testing.T) {
	for _, scheme := range storetest.Schemes {
		d, err := blob.Open(storetest.Bucket(t, scheme)("x"))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.WriteFile("labels.csv", []byte("path,label\na.jpg,cat\nb.jpg,dog\n")); err != nil {
			t.Fatal(err)
		}
		opened, err := Open(d.At("labels.csv"), Labels)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for row, err := range opened.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			got += row.Key + "=" + row.Label + " "
		}
		if got != "a.jpg=cat b.jpg=dog " {
			t.Errorf("%s: %s", scheme, got)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}
}
