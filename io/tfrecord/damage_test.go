package tfrecord

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
)

// fewRecords are small, so that every bit and every cut can be tried.
var fewRecords = [][]byte{[]byte("first"), {}, bytes.Repeat([]byte("abcdefgh"), 9), []byte("last one")}

// starts are the offsets of the records, then the length of the file.
func starts(recs [][]byte) []int {
	at := []int{0}
	for _, rec := range recs {
		at = append(at, at[len(at)-1]+len(rec)+frameSize)
	}
	return at
}

func verify(t *testing.T, file []byte, opts Options) FileReport {
	t.Helper()
	report, err := VerifyReader(context.Background(), bytes.NewReader(file), opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestEveryFlippedBitIsFoundAndLocated(t *testing.T) {
	file := encode(t, Options{}, fewRecords)
	at := starts(fewRecords)
	for bit := range len(file) * 8 {
		bad := bytes.Clone(file)
		bad[bit/8] ^= 1 << (bit % 8)
		hit := 0
		for at[hit+1] <= bit/8 {
			hit++
		}
		want := DataChecksum
		if bit/8-at[hit] < headerSize {
			want = cause(LengthChecksum, int64(hit))
		}
		recs, err := decode(bytes.NewReader(bad), Options{Compression: None})
		var format *FormatError
		if !errors.As(err, &format) || format.Cause != want || format.Record != int64(hit) || format.Offset != int64(at[hit]) {
			t.Fatalf("bit %d: %v; want record %d at byte %d: %v", bit, err, hit, at[hit], want)
		}
		if err := same(recs, fewRecords[:hit]); err != nil {
			t.Fatalf("bit %d: %v", bit, err)
		}
		report := verify(t, bad, Options{Compression: None})
		if len(report.Damage) != 1 || report.Records != int64(len(fewRecords)-1) {
			t.Fatalf("bit %d: %+v", bit, report)
		}
		d := report.Damage[0]
		if d.Offset != int64(at[hit]) || d.End != int64(at[hit+1]) || d.Record != int64(hit) || d.Records != 1 || d.Cause != want {
			t.Fatalf("bit %d: %+v", bit, d)
		}
	}
}

func TestTruncatedAtEveryByte(t *testing.T) {
	file := encode(t, Options{}, fewRecords)
	at := starts(fewRecords)
	for cut := range file {
		whole := 0
		for at[whole+1] <= cut {
			whole++
		}
		left := cut - at[whole]
		for _, strict := range []bool{false, true} {
			recs, err := decode(bytes.NewReader(file[:cut]), Options{Compression: None, Strict: strict})
			if e := same(recs, fewRecords[:whole]); e != nil {
				t.Fatalf("cut at %d: %v", cut, e)
			}
			var format *FormatError
			switch {
			case left == 0 || left < headerSize && !strict:
				if err != nil {
					t.Fatalf("cut at %d: %v", cut, err)
				}
			case !errors.As(err, &format) || !format.Truncated():
				t.Fatalf("cut at %d: %v", cut, err)
			case format.Record != int64(whole) || format.Offset != int64(at[whole]):
				t.Fatalf("cut at %d: %v", cut, err)
			}
		}
		report := verify(t, file[:cut], Options{Compression: None})
		if (left == 0) != (len(report.Damage) == 0) || left > 0 && report.Damage[0].Cause != Truncated || report.Records != int64(whole) {
			t.Fatalf("cut at %d: %+v", cut, report)
		}
	}
}

// Behind the last record a header that was cut is not taken for rubbish, nor
// rubbish for one.
func TestLeftovers(t *testing.T) {
	file := encode(t, Options{}, [][]byte{[]byte("whole"), []byte("cut")})
	for _, c := range []struct {
		left string
		want Cause
	}{
		{string(file[21:29]), Truncated}, {string(file[21:32]), Truncated}, {"\x03", Truncated}, {"abc", Truncated},
		{string(file[21:29]) + "x", TrailingBytes}, {"rubbish", TrailingBytes}, {"rubbish here", NotTFRecord},
	} {
		report := verify(t, []byte(c.left), Options{Compression: None})
		if len(report.Damage) != 1 || report.Damage[0].Cause != c.want {
			t.Errorf("%q: %+v, want %v", c.left, report.Damage, c.want)
		}
	}
}

func TestCompressedTruncatedAtEveryByte(t *testing.T) {
	recs := someRecords(12)
	for _, c := range Compressions[1:] {
		file := encode(t, Options{Compression: c}, recs)
		for cut := 1; cut < len(file); cut++ {
			got, err := decode(bytes.NewReader(file[:cut]), Options{Compression: c, Strict: true})
			var format *FormatError
			if !errors.As(err, &format) || !format.Truncated() {
				t.Fatalf("%v cut at %d of %d: %v", c, cut, len(file), err)
			}
			if err := same(got, recs[:len(got)]); err != nil {
				t.Fatalf("%v cut at %d: %v", c, cut, err)
			}
			report := verify(t, file[:cut], Options{Compression: c})
			if len(report.Damage) != 1 || report.Damage[0].Cause != Truncated || report.Records != int64(len(got)) {
				t.Fatalf("%v cut at %d: %+v, the reader yields %d", c, cut, report, len(got))
			}
		}
	}
}

func TestCompressedFlippedBits(t *testing.T) {
	recs := someRecords(12)
	for _, c := range Compressions[1:] {
		file := encode(t, Options{Compression: c}, recs)
		for bit := 0; bit < len(file)*8; bit += 29 {
			bad := bytes.Clone(file)
			bad[bit/8] ^= 1 << (bit % 8)
			got, err := decode(bytes.NewReader(bad), Options{Compression: c, Strict: true})
			if same(got, recs) != nil && err == nil {
				t.Fatalf("%v bit %d: not found", c, bit)
			}
			for i := range min(len(got), len(recs)) {
				if !bytes.Equal(got[i], recs[i]) {
					t.Fatalf("%v bit %d: record %d is wrong", c, bit, i)
				}
			}
			if report := verify(t, bad, Options{Compression: c}); err != nil && len(report.Damage) == 0 {
				t.Fatalf("%v bit %d: the reader says %v, Verify nothing", c, bit, err)
			}
		}
	}
}

// slow gives a byte at a time, and errors of its own.
type slow struct {
	r   io.Reader
	err error
}

func (s slow) Read(p []byte) (int, error) {
	n, err := s.r.Read(p[:min(len(p), 1)])
	if err == io.EOF && s.err != nil {
		err = s.err
	}
	return n, err
}

func TestOtherErrorsAreNotBlamedOnTheFile(t *testing.T) {
	gone := errors.New("the disk is gone")
	for _, c := range Compressions {
		file := encode(t, Options{Compression: c}, fewRecords)
		_, err := decode(slow{bytes.NewReader(file[:len(file)/2]), gone}, Options{Compression: c})
		var format *FormatError
		if !errors.Is(err, gone) || errors.As(err, &format) {
			t.Errorf("%v: %v", c, err)
		}
		_, err = VerifyReader(context.Background(), slow{bytes.NewReader(file[:len(file)/2]), gone}, Options{Compression: c}, nil)
		if !errors.Is(err, gone) {
			t.Errorf("%v: Verify: %v", c, err)
		}
		recs, err := decode(slow{bytes.NewReader(file), nil}, Options{Strict: true})
		if err != nil || same(recs, fewRecords) != nil {
			t.Errorf("%v: byte by byte: %v", c, err)
		}
	}
}
