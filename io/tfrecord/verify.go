package tfrecord

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/retort-ml/retort/internal/crc32c"
	"github.com/retort-ml/retort/internal/workpool"
)

// Progress tells how far Verify or Repair is.
type Progress struct {
	Files      int   // how many there are
	Done       int   // how many of them are read
	Bytes      int64 // read so far, over all files
	TotalBytes int64 // of all files; 0 when it is not known
	Records    int64 // intact ones so far
	Damaged    int64 // stretches so far
}

// tally adds up the progress of files that are read side by side.
type tally struct {
	mu   sync.Mutex
	sum  Progress
	tell func(Progress) // may be nil
}

func (t *tally) add(done int, bytes, records, damaged int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Done += done
	t.sum.Bytes += bytes
	t.sum.Records += records
	t.sum.Damaged += damaged
	if t.tell != nil {
		t.tell(t.sum)
	}
}

// FileReport says what a file holds.
type FileReport struct {
	Path        string      `json:"path"`
	Compression Compression `json:"compression"`
	Records     int64       `json:"records"` // intact
	Bytes       int64       `json:"bytes"`   // of the file
	DataBytes   int64       `json:"data_bytes"`
	CRC32C      uint32      `json:"crc32c"` // of the file, Castagnoli, not masked
	Damage      []Damage    `json:"damage,omitempty"`
}

// Report is what Verify and Repair return.
type Report struct {
	Files []FileReport `json:"files"`
}

// OK reports whether no file is damaged.
func (r Report) OK() bool { return len(r.Damage()) == 0 }

// Records is the number of intact records.
func (r Report) Records() (n int64) {
	for _, f := range r.Files {
		n += f.Records
	}
	return n
}

// Damage lists all damage in all files.
func (r Report) Damage() (all []Damage) {
	for _, f := range r.Files {
		all = append(all, f.Damage...)
	}
	return all
}

// maxDamage bounds a report: beyond it, damage is only counted, in the last
// entry.
const maxDamage = 10_000

// Verify reads files whole, several at once, and reports all that is wrong with
// them, more strictly than TensorFlow reads: see Options.Strict. An error means
// that it could not look into some file, of all such files; the report holds the
// others. Calls of progress, which may be nil, do not overlap.
func Verify(ctx context.Context, paths []string, progress func(Progress)) (Report, error) {
	t := &tally{sum: Progress{Files: len(paths), TotalBytes: totalSize(paths)}, tell: progress}
	reports, errs := make([]FileReport, len(paths)), make([]error, len(paths))
	workpool.For(len(paths), func(i int) { reports[i], errs[i] = verifyFile(ctx, paths[i], t) })
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	var report Report
	for i, file := range reports {
		if errs[i] == nil {
			report.Files = append(report.Files, file)
		}
	}
	return report, errors.Join(errs...)
}

func verifyFile(ctx context.Context, path string, t *tally) (FileReport, error) {
	f, err := os.Open(path)
	if err != nil {
		return FileReport{}, fmt.Errorf("verifying: %w", err)
	}
	defer f.Close()
	return scan(ctx, f, Options{Path: path}, keepNothing, t)
}

func keepNothing([]byte) error { return nil }

// VerifyReader is Verify for one file that is already open, say in an object
// store; opts.Path names it.
func VerifyReader(ctx context.Context, r io.Reader, opts Options, progress func(Progress)) (FileReport, error) {
	return scan(ctx, r, opts, keepNothing, &tally{sum: Progress{Files: 1}, tell: progress})
}

// tickBytes is how much of a file is read between two reports of progress.
const tickBytes = 4 << 20

// scan walks over one file, gives keep its intact records and reports.
func scan(ctx context.Context, r io.Reader, opts Options, keep func([]byte) error, t *tally) (FileReport, error) {
	sum := &checksum{r: r}
	report := FileReport{Path: opts.Path}
	var bytes, records int64 // told so far
	tell := func(done int) {
		t.add(done, sum.n-bytes, report.Records-records, 0)
		bytes, records = sum.n, report.Records
	}
	s := scanner{opts: opts,
		keep: func(data []byte) error {
			report.Records++
			report.DataBytes += int64(len(data))
			return keep(data)
		},
		lose: func(d Damage) {
			report.add(d)
			t.add(0, 0, 0, 1)
		},
		tick: func() {
			if sum.n-bytes >= tickBytes {
				tell(0)
			}
		},
	}
	s.win.init(sum, opts, true)
	defer s.win.release()
	if err := s.run(ctx); err != nil {
		return report, err
	}
	if _, err := io.Copy(io.Discard, sum); err != nil { // what follows the stream
		return report, err
	}
	report.Compression, report.Bytes, report.CRC32C = s.win.compression, sum.n, sum.crc
	tell(1)
	return report, nil
}

func (r *FileReport) add(d Damage) {
	if len(r.Damage) < maxDamage {
		r.Damage = append(r.Damage, d)
		return
	}
	last := &r.Damage[maxDamage-1]
	last.Records, last.End, last.AtLeast = last.Records+d.Records, d.End, true
}

// checksum passes the file's bytes on and keeps their count and CRC.
type checksum struct {
	r   io.Reader
	n   int64
	crc uint32
}

func (c *checksum) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.crc = crc32c.Update(c.crc, p[:n])
	return n, err
}

// totalSize is that of the files that can be looked at.
func totalSize(paths []string) (n int64) {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			n += info.Size()
		}
	}
	return n
}
