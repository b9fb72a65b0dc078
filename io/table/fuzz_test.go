package table

import (
	"bytes"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var seeds = []string{"path,label\nx/000.jpg,cat\n", "a;b\na;c\n", "\ufeffid,label\n00,x", "\"", "a\n", "#\n,\n", "x/../y, z ,w\n", "a,\"b\nc\"\n",
	"image,A,B\n1,0,1\n2,1,0\n", "\xff\xfep\x00,\x00l\x00\n\x00", "a.jpg cat\nb.jpg dog\n", "sep=;\r\npath;label\ra;b", "# x\n#path,label\n#1.jpg,NA\n", "caf\xe9,x\n", "\x00a\x00b"}

// FuzzOpen: any bytes are a table whose rows have a key and a line, the same each
// time, or an error that names the file.
func FuzzOpen(f *testing.F) {
	for _, s := range seeds {
		for kind := range 3 {
			f.Add([]byte(s), uint8(kind), kind == 0)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, kind uint8, asCSV bool) {
		name := "x.txt"
		if asCSV {
			name = "x.csv"
		}
		path := save(t, name, string(data))
		table, err := Open(path, Kind(kind%3))
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Fatalf("%v does not name the file", err)
			}
			return
		}
		defer table.Close()
		var first []Row
		for pass := range 2 {
			var rows []Row
			last := 0
			for row, err := range table.Rows() {
				if err != nil {
					if !strings.Contains(err.Error(), path) {
						t.Fatalf("%v does not name the file", err)
					}
					break
				}
				if strings.TrimSpace(row.Key) == "" || row.Line <= last || !utf8.ValidString(row.Key+row.Label) || row.Label != strings.TrimSpace(row.Label) {
					t.Fatalf("%+v", row)
				}
				last = row.Line
				rows = append(rows, row)
			}
			if pass == 0 {
				first = rows
			} else if !slices.Equal(rows, first) {
				t.Fatalf("%v, and then %v", first, rows)
			}
		}
		names := NewNames()
		for _, row := range first {
			names.Add(row)
		}
		for _, row := range first {
			names.Offer(Image{Name: row.Key, URI: "/data/" + row.Key, Place: row.Key})
		}
		_ = names.Settle(path)
		names.Explain(names.Idle(table.Comment))
		table.Notes()
	})
}

// FuzzRecordsMatchCSV: what encoding/csv reads, records read the same way.
func FuzzRecordsMatchCSV(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.ContainsRune(data, '\r') { // a line end here, a character there
			return
		}
		reference := csv.NewReader(bytes.NewReader(data))
		reference.FieldsPerRecord = -1
		want, err := reference.ReadAll()
		if err != nil {
			return
		}
		r := newRecords(bytes.NewReader(data), ',')
		var got [][]string
		for {
			rec, err := r.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				if strings.Contains(string(data), ` "`) || strings.Contains(string(data), `" `) {
					return // blanks around quotes
				}
				t.Fatalf("%v; encoding/csv reads %q", err, want)
			}
			if rec.raw == "" {
				continue
			}
			var cells []string
			for _, c := range rec.cells {
				cells = append(cells, c.text)
			}
			got = append(got, cells)
		}
		if len(got) != len(want) {
			t.Fatalf("%q, want %q", got, want)
		}
		for i := range got {
			if !slices.Equal(got[i], want[i]) && !strings.Contains(string(data), ` "`) {
				t.Fatalf("%q, want %q", got[i], want[i])
			}
		}
	})
}

// TestCutsAnywhere: a record does not depend on how the bytes come.
func TestCutsAnywhere(t *testing.T) {
	text := "a,\"b\r\nc\",d\r\"x \"\"y\"\"\",z\n\n,,\r\ne"
	want := all2(t, strings.NewReader(text))
	got := all2(t, io.MultiReader(func() (rs []io.Reader) {
		for i := range text {
			rs = append(rs, strings.NewReader(text[i:i+1]))
		}
		return rs
	}()...))
	if !slices.Equal(got, want) || len(want) != 5 {
		t.Errorf("%q, want %q", got, want)
	}
}

func all2(t *testing.T, r io.Reader) (list []string) {
	records := newRecords(r, ',')
	for {
		rec, err := records.next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, c := range rec.cells {
			b.WriteString("[" + c.text + "]")
		}
		list = append(list, b.String())
	}
}
