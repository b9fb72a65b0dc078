package tfrecord

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// slowRead is the format said in the plainest way: the records of an
// uncompressed file up to the first bad one, and what is wrong with that (0 at a
// clean end).
func slowRead(file []byte) (recs [][]byte, wrong Cause) {
	for len(file) >= 12 {
		if maskedCRC(file[:8]) != binary.LittleEndian.Uint32(file[8:12]) {
			return recs, cause(LengthChecksum, int64(len(recs)))
		}
		n := binary.LittleEndian.Uint64(file)
		file = file[12:]
		if uint64(len(file)) < n || uint64(len(file))-n < 4 {
			return recs, Truncated
		}
		if maskedCRC(file[:n]) != binary.LittleEndian.Uint32(file[n:]) {
			return recs, DataChecksum
		}
		recs, file = append(recs, file[:n]), file[n+4:]
	}
	return recs, 0
}

// seeds are TensorFlow's own good and damaged files, and some of ours.
func seeds(f *testing.F, add func(file []byte)) {
	files, err := filepath.Glob("testdata/reference/tfrecord/*.tfrecord")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, path := range files {
		file, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		add(file)
	}
	for _, c := range Compressions {
		add(encode(f, Options{Compression: c}, fewRecords))
	}
}

// cut splits data into records of lengths that step decides.
func cut(data []byte, step uint16) (recs [][]byte) {
	for n := 0; len(data) > 0 && len(recs) < 1000; n = (n*7 + int(step)) % 5000 {
		k := min(n, len(data))
		recs, data = append(recs, data[:k]), data[k:]
	}
	return recs
}

// damage edits file: of each four bytes two say where, one how, one with what.
func damage(file, edits []byte) []byte {
	for ; len(edits) >= 4 && len(file) > 0; edits = edits[4:] {
		at, with := int(binary.LittleEndian.Uint16(edits))%len(file), edits[3]
		switch edits[2] % 4 {
		case 0:
			file[at] ^= 1 << (with % 8)
		case 1: // cut out
			file = append(file[:at], file[min(at+int(with), len(file)):]...)
		case 2: // put in
			file = append(file[:at:at], append(bytes.Repeat([]byte{with}, int(with)%20), file[at:]...)...)
		case 3: // cut off
			file = file[:at]
		}
	}
	return file
}

// FuzzReadMatchesSlow: any bytes, and any damage to records, give the records
// and the verdict of the slow reader; Verify finds damage exactly where there is
// some. step 0 takes data as the file, else it is what the records hold: checksums
// are nothing that fuzzing finds by itself.
func FuzzReadMatchesSlow(f *testing.F) {
	seeds(f, func(file []byte) { f.Add(file, uint16(0), []byte{}) })
	f.Add(bytes.Repeat([]byte("some data"), 99), uint16(17), []byte("ab\x00\x07cd\x01\x21ef\x02\x09gh\x03\x00"))
	f.Fuzz(func(t *testing.T, data []byte, step uint16, edits []byte) {
		file := data
		if step > 0 {
			file = damage(encode(t, Options{Compression: None}, cut(data, step)), edits)
		}
		want, wrong := slowRead(file)
		got, err := decode(bytes.NewReader(file), Options{Compression: None})
		if e := same(got, want); e != nil {
			t.Fatal(e)
		}
		var format *FormatError
		if errors.As(err, &format) != (wrong != 0) || wrong != 0 && format.Cause != wrong {
			t.Fatalf("%v; the slow reader says %v", err, wrong)
		}
		whole := 0
		for _, rec := range want {
			whole += len(rec) + frameSize
		}
		report := verify(t, file, Options{Compression: None})
		if report.Records < int64(len(want)) || (len(report.Damage) == 0) != (whole == len(file)) {
			t.Fatalf("%d records, then %d bytes more; Verify: %+v", len(want), len(file)-whole, report)
		}
		if len(report.Damage) > 0 && report.Damage[0].Offset != int64(whole) {
			t.Fatalf("damage starts at byte %d; Verify: %+v", whole, report.Damage[0])
		}
	})
}

// FuzzRepair: whatever a file holds, in whatever compression, the repaired one
// reads strictly and holds the records that Verify counts as intact.
func FuzzRepair(f *testing.F) {
	seeds(f, func(file []byte) {
		for c := range Compressions {
			f.Add(file, uint8(c), uint16(0), []byte{})
		}
	})
	f.Add(bytes.Repeat([]byte("some data"), 99), uint8(2), uint16(17), []byte("ab\x00\x07cd\x01\x21"))
	f.Fuzz(func(t *testing.T, data []byte, c uint8, step uint16, edits []byte) {
		opts := Options{Compression: Compressions[int(c)%len(Compressions)], MaxRecordBytes: 1 << 20}
		file := data
		if step > 0 {
			file = damage(encode(t, Options{Compression: opts.Compression}, cut(data, step)), edits)
		}
		var saved bytes.Buffer
		w, err := NewWriter(&saved, Options{})
		if err != nil {
			t.Fatal(err)
		}
		opts.recordsOnly = true
		report, err := scan(t.Context(), &endless{r: bytes.NewReader(file)}, opts, w.Write, &tally{})
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		recs, err := decode(&saved, Options{Strict: true})
		if err != nil || int64(len(recs)) != report.Records {
			t.Fatalf("%d records read of %d saved: %v", len(recs), report.Records, err)
		}
		read, _ := decode(bytes.NewReader(file), opts)
		if len(read) > len(recs) || same(recs[:len(read)], read) != nil {
			t.Fatalf("the reader yields %d records, repairing saves %d", len(read), len(recs))
		}
	})
}

// endless fails a reader that asks for more long after the end.
type endless struct {
	r    io.Reader
	past int
}

func (e *endless) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil {
		if e.past++; e.past > 1000 {
			panic("reading on and on behind the end")
		}
	}
	return n, err
}

// FuzzRoundTrip: records of any bytes and lengths come back, whatever the
// compression, and the writer's count and checksum are the file's.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("one two three"), uint16(3))
	f.Add([]byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, data []byte, step uint16) {
		recs := cut(data, step)
		for _, c := range Compressions {
			var file bytes.Buffer
			w, err := NewWriter(&file, Options{Compression: c})
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range recs {
				if err := w.Write(rec); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil || w.CRC32C() != crc(file.Bytes()) || w.Bytes() != int64(file.Len()) {
				t.Fatalf("%v: %v, %d bytes, crc %x", c, err, w.Bytes(), w.CRC32C())
			}
			got, err := decode(&file, Options{Strict: true, Compression: c})
			if err != nil || same(got, recs) != nil {
				t.Fatalf("%v: %v, %v", c, err, same(got, recs))
			}
		}
	})
}
