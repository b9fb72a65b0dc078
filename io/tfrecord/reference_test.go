package tfrecord

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/refdata"
)

// reference is what TensorFlow says about the files beside it.
type reference struct {
	Files []struct {
		File        string
		Compression string
		ReadsBack   bool `json:"tf_reads_back"`
	}
	UncompressedSHA256 string `json:"uncompressed_sha256"`
	Records            []struct {
		Offset     int64
		Length     int
		SHA256     string
		MaskLength uint32 `json:"masked_crc32c_length"`
		MaskData   uint32 `json:"masked_crc32c_data"`
	}
	Corrupted struct {
		Base []struct {
			Length int
			SHA256 string
		} `json:"base_records"`
		Rows []struct {
			File        string
			Compression string
			Note        string
			Read        int `json:"records_read_before_error"`
			Error       *string
		}
	}
}

func hexSHA(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func loadReference(t *testing.T) (dir string, ref reference) {
	dir = refdata.Dir(t, "tfrecord")
	refdata.JSON(t, filepath.Join(dir, "tfrecord.json"), &ref)
	return dir, ref
}

func forced(t *testing.T, name string) Compression {
	t.Helper()
	c, err := ParseCompression(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReferenceRecords(t *testing.T) {
	dir, ref := loadReference(t)
	for _, f := range ref.Files {
		for _, c := range []Compression{Auto, forced(t, f.Compression)} {
			r, err := Open(filepath.Join(dir, f.File), Options{Compression: c, Strict: true})
			if err != nil {
				t.Skipf("only a part of the reference set is here: %v", err)
			}
			n := 0
			for rec, err := range r.All() {
				if err != nil {
					t.Fatal(err)
				}
				if want := ref.Records[n]; hexSHA(rec) != want.SHA256 || r.Position().Offset != want.Offset ||
					maskedCRC(rec) != want.MaskData {
					t.Errorf("%s: record %d at %d differs", f.File, n, r.Position().Offset)
				}
				n++
			}
			if n != len(ref.Records) || r.Compression() != forced(t, f.Compression) {
				t.Errorf("%s: %d records of %d, %v", f.File, n, len(ref.Records), r.Compression())
			}
			r.Close()
		}
	}
}

// Written records must be TensorFlow's bytes exactly.
func TestReferenceWriter(t *testing.T) {
	dir, ref := loadReference(t)
	file, err := os.ReadFile(filepath.Join(dir, "records.tfrecord"))
	if err != nil {
		t.Skipf("only a part of the reference set is here: %v", err)
	}
	recs, err := decode(bytes.NewReader(file), Options{})
	if err != nil {
		t.Fatal(err)
	}
	written := encode(t, Options{}, recs)
	if hexSHA(written) != ref.UncompressedSHA256 {
		t.Error("the written file differs from TensorFlow's")
	}
	for i, rec := range ref.Records {
		if got := binary.LittleEndian.Uint32(written[rec.Offset+8:]); got != rec.MaskLength {
			t.Errorf("record %d: length checksum %d, want %d", i, got, rec.MaskLength)
		}
	}
}

func TestReferenceDamaged(t *testing.T) {
	dir, ref := loadReference(t)
	for _, row := range ref.Corrupted.Rows {
		t.Run(strings.TrimSuffix(row.File, ".tfrecord"), func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join(dir, row.File))
			if err != nil {
				t.Skipf("only a part of the reference set is here: %v", err)
			}
			recs, err := decode(bytes.NewReader(file), Options{Compression: forced(t, row.Compression)})
			if len(recs) != row.Read || (err == nil) != (row.Error == nil) {
				t.Fatalf("%s: %d records, then %v; TensorFlow yields %d, then %v", row.Note, len(recs), err, row.Read, deref(row.Error))
			}
			for i, rec := range recs {
				if base := ref.Corrupted.Base; hexSHA(rec) != base[i%len(base)].SHA256 {
					t.Errorf("record %d differs", i)
				}
			}
			if row.Error == nil {
				return
			}
			bad, ok := err.(*FormatError)
			if !ok {
				t.Fatalf("%T: %v", err, err)
			}
			if bad.Truncated() != strings.Contains(*row.Error, "truncated") {
				t.Errorf("%v; TensorFlow: %s", err, *row.Error)
			}
		})
	}
}

func deref(s *string) string {
	if s == nil {
		return "a clean end"
	}
	return *s
}
