package tfrecord

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repaired writes file, repairs it and returns the records of the new file.
func repaired(t *testing.T, name string, file []byte) ([][]byte, FileReport) {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, name), filepath.Join(dir, "new-"+name)
	if err := os.WriteFile(in, file, 0o644); err != nil {
		t.Fatal(err)
	}
	report, err := Repair(context.Background(), in, out, nil)
	if err != nil {
		t.Fatal(err)
	}
	fixed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	recs, err := decode(bytes.NewReader(fixed), Options{Strict: true})
	if err != nil {
		t.Fatalf("the repaired file: %v", err)
	}
	return recs, report.Files[0]
}

func without(recs [][]byte, lost ...int) (kept [][]byte) {
	for i, rec := range recs {
		if len(lost) > 0 && i == lost[0] {
			lost = lost[1:]
			continue
		}
		kept = append(kept, rec)
	}
	return kept
}

func TestRepair(t *testing.T) {
	recs := someRecords(50)
	file := encode(t, Options{}, recs)
	at := starts(recs)
	cut := func(from, to int) []byte { return append(bytes.Clone(file[:from]), file[to:]...) }
	zero := func(from, to int) []byte {
		bad := bytes.Clone(file)
		clear(bad[from:to])
		return bad
	}
	huge := bytes.Clone(file)
	binary.LittleEndian.PutUint64(huge[at[5]:], 1<<40)
	binary.LittleEndian.PutUint32(huge[at[5]+8:], maskedCRC(huge[at[5]:at[5]+8]))
	for name, c := range map[string]struct {
		file  []byte
		kept  [][]byte
		cause Cause
	}{
		"intact":            {file, recs, 0},
		"header zeroed":     {zero(at[7], at[7]+12), without(recs, 7), LengthChecksum},
		"across records":    {zero(at[10]+40, at[13]+3), without(recs, 10, 11, 12, 13), DataChecksum},
		"middle cut out":    {cut(at[21]+30, at[23]+5), without(recs, 21, 22, 23), DataChecksum},
		"start cut off":     {file[at[2]+7:], recs[3:], NotTFRecord},
		"end cut off":       {file[:at[50]-3], recs[:49], Truncated},
		"bytes put in":      {append(append(bytes.Clone(file[:at[9]]), "hello there"...), file[at[9]:]...), recs, LengthChecksum},
		"valid huge length": {huge, without(recs, 5), Truncated},
		"rubbish after":     {append(bytes.Clone(file), "rubbish"...), recs, TrailingBytes},
		"nothing but":       {bytes.Repeat([]byte("rubbish"), 100_000), nil, NotTFRecord},
		"empty":             {nil, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, report := repaired(t, "x.tfrecord", c.file)
			if err := same(got, c.kept); err != nil {
				t.Fatalf("%v; %+v", err, report.Damage)
			}
			if want := min(int(c.cause), 1); len(report.Damage) != want || want == 1 && report.Damage[0].Cause != c.cause {
				t.Fatalf("%+v, want %v", report.Damage, c.cause)
			}
			if report.Bytes != int64(len(c.file)) || report.CRC32C != crc(c.file) {
				t.Fatalf("%+v", report)
			}
		})
	}
}

func TestRepairCompressed(t *testing.T) {
	recs := someRecords(2000)
	for _, c := range Compressions[1:] {
		file := encode(t, Options{Compression: c}, recs)
		got, report := repaired(t, "x.tfrecord"+c.Ext(), file[:len(file)/2])
		if len(got) < 500 || same(got, recs[:len(got)]) != nil || len(report.Damage) != 1 || report.Damage[0].Cause != Truncated {
			t.Errorf("%v: %d records, %+v", c, len(got), report)
		}
		trailer := bytes.Clone(file)
		trailer[len(file)-1] ^= 1
		got, report = repaired(t, "x.tfrecord", trailer)
		if same(got, recs) != nil || report.Compression != c {
			t.Errorf("%v: %d records, %+v", c, len(got), report)
		}
	}
}

func TestRepairRefusesItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.tfrecord")
	if err := os.WriteFile(path, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(filepath.Dir(path), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{path, link} {
		if _, err := Repair(context.Background(), path, out, nil); err == nil || !strings.Contains(err.Error(), "another name") {
			t.Error(err)
		}
	}
}
