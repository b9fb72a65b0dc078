package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/sysmem"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/runners/progress"
)

func benchTFRecord() *cobra.Command {
	var f benchFlags
	var size int
	var compression, dir, payload string
	cmd := &cobra.Command{
		Use:   "tfrecord",
		Short: "TFRecord bytes per second, written and read with checksums",
		Long: `Measure how many bytes of records a second are written to files and read from
them again, every checksum verified, in a folder for temporary files. Records
are pixels of made-up photos, or the bytes of a file. Beside them stands how fast
these cores copy memory that lies in no cache.`,
		Example: `  taskset -c 0 retort bench tfrecord --record-bytes 150528 --cores 1
  retort bench tfrecord --record-bytes 3072 --compression gzip --json`,
		Args: noArguments(""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := tfrecord.ParseCompression(compression)
			if err != nil {
				return usageError{err}
			}
			if size < 1 || size > 256<<20 {
				return usage("--record-bytes %d: want 1 to %d", size, 256<<20)
			}
			duration, err := f.start()
			if err != nil {
				return err
			}
			if err := tfrecordFits(dir, f.cores); err != nil {
				return err
			}
			temp, err := os.MkdirTemp(dir, "retort-bench-*")
			if err != nil {
				return err
			}
			defer os.RemoveAll(temp)
			records, err := benchRecords(payload, size)
			if err != nil {
				return err
			}
			b := tfrecordBench{records: records, compression: c, dir: temp}
			write, read, err := b.measure(cmd.Context(), f.cores, duration/2)
			if err != nil {
				return err
			}
			machine := copyRate(f.cores, 300*time.Millisecond)
			return f.show(figure{"record_bytes", size}, figure{"compression", c.String()}, figure{"write_bytes_per_s", write.wall},
				figure{"read_bytes_per_s", read.wall}, figure{"write_bytes_per_cpu_s", write.cpu}, figure{"read_bytes_per_cpu_s", read.cpu},
				figure{"ratio", b.ratio()}, figure{"copy_bytes_per_s", machine})
		},
	}
	cmd.Flags().IntVar(&size, "record-bytes", 150528, "size of a record")
	cmd.Flags().StringVar(&compression, "compression", "none", "none, gzip, zlib, zstd")
	pathVar(cmd.Flags(), &dir, "dir", "", "folder for the files (default: that for temporary files)")
	pathVar(cmd.Flags(), &payload, "payload", "", "file whose bytes fill the records")
	f.register(cmd, 1)
	return cmd
}

// tfrecordFits is an error where the cores' files have no room in a folder, or what
// they hold in memory none in the machine.
func tfrecordFits(dir string, cores int) error {
	if dir == "" {
		dir = os.TempDir()
	}
	if free, err := diskRoom(dir); err == nil && 2*tfrecordFile*uint64(cores) > free {
		return usage("--cores %d: their files need up to %s; %s has room for %s (fewer cores, or another --dir)",
			cores, progress.Bytes(2*tfrecordFile*float64(cores)), dir, progress.Bytes(float64(free)))
	}
	if need, has := 8<<20*uint64(cores), sysmem.Total(); has > 0 && need > uint64(has) {
		return usage("--cores %d need about %s of memory; there are %s", cores, progress.Bytes(float64(need)), progress.Bytes(float64(has)))
	}
	return nil
}

// copyRate is how many bytes a second the cores copy from memory to memory.
func copyRate(cores int, duration time.Duration) float64 {
	const size = 128 << 20 // more than caches hold
	from, to := make([]byte, size), make([]byte, size)
	part := size / cores
	total := 0.0
	var mu sync.Mutex
	var group sync.WaitGroup
	for w := range cores {
		group.Go(func() {
			a, b := to[w*part:(w+1)*part], from[w*part:(w+1)*part]
			copy(a, b) // brings the pages
			n, start := 0, time.Now()
			for n == 0 || time.Since(start) < duration {
				n += copy(a, b)
			}
			mu.Lock()
			total += float64(n) / time.Since(start).Seconds()
			mu.Unlock()
		})
	}
	group.Wait()
	return total
}

// tfrecordFile is how many bytes of records one file gets.
const tfrecordFile = 64 << 20

// benchRecords are the records of one file, out of payload or made up.
func benchRecords(payload string, size int) ([][]byte, error) {
	if payload == "" {
		return madeUpRecords(size), nil
	}
	data, err := os.ReadFile(payload)
	if err != nil {
		return nil, fmt.Errorf("reading the payload: %w", err)
	}
	if len(data) < size {
		return nil, usage("--payload %s: %d bytes do not fill a record of %d", payload, len(data), size)
	}
	records := make([][]byte, max(1, tfrecordFile/size))
	for i := range records {
		at := i * size % (len(data) - size + 1)
		records[i] = data[at : at+size]
	}
	return records, nil
}

// madeUpRecords fills one file: gradients with a little noise, which compress
// about as photos do.
func madeUpRecords(size int) [][]byte {
	rng := rand.New(rand.NewPCG(1, 1))
	records := make([][]byte, max(1, tfrecordFile/size))
	for i := range records {
		r := make([]byte, size)
		base, slope := rng.Float64()*200, rng.Float64()*0.2
		for j := range r {
			if j%672 == 0 {
				base, slope = rng.Float64()*200, (rng.Float64()-0.5)*0.3
			}
			r[j] = byte(base + slope*float64(j%672) + float64(rng.IntN(8)))
		}
		records[i] = r
	}
	return records
}

type tfrecordBench struct {
	records     [][]byte
	compression tfrecord.Compression
	dir         string

	stored, held int64 // bytes of the last file, and of its records
}

func (b *tfrecordBench) ratio() float64 { return float64(b.held) / float64(b.stored) }

// measure writes and then reads, each on so many goroutines for so long, and
// returns bytes of records per second.
func (b *tfrecordBench) measure(ctx context.Context, cores int, duration time.Duration) (write, read rate, err error) {
	if write, err = b.phase(ctx, cores, duration, b.write); err != nil {
		return write, read, err
	}
	info, err := os.Stat(b.path(0))
	if err != nil {
		return write, read, err
	}
	b.stored = info.Size()
	read, err = b.phase(ctx, cores, duration, b.read)
	return write, read, err
}

func (b *tfrecordBench) path(worker int) string {
	return filepath.Join(b.dir, "bench-"+strconv.Itoa(worker)+".tfrecord")
}

// spent is what one file took.
type spent struct {
	bytes     int64
	wall, cpu time.Duration
}

// phase repeats one whole file per goroutine until the time is over. What is
// left of the file before is removed outside of the time.
func (b *tfrecordBench) phase(ctx context.Context, cores int, duration time.Duration, once func(path string) (spent, error)) (rate, error) {
	all, errs := make([]spent, cores), make([]error, cores)
	var group sync.WaitGroup
	start := time.Now()
	for w := range cores {
		group.Go(func() {
			for first := true; first || time.Since(start) < duration && ctx.Err() == nil; first = false {
				s, err := once(b.path(w))
				if err != nil {
					errs[w] = err
					return
				}
				all[w] = spent{all[w].bytes + s.bytes, all[w].wall + s.wall, all[w].cpu + s.cpu}
			}
		})
	}
	group.Wait()
	var total rate
	for w, s := range all {
		if errs[w] != nil {
			return rate{}, errs[w]
		}
		file := rateOf(float64(s.bytes), s.wall, s.cpu) // the processor time is of the whole process: every core's files are in it
		total = rate{total.wall + file.wall, total.cpu + file.cpu}
	}
	return total, ctx.Err()
}

// write does not force the bytes to the disk, which is another's speed.
func (b *tfrecordBench) write(path string) (n spent, err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return n, err
	}
	start, used := time.Now(), cpuTime()
	f, err := os.Create(path)
	if err != nil {
		return n, err
	}
	defer f.Close()
	w, err := tfrecord.NewWriter(f, tfrecord.Options{Compression: b.compression, Path: path})
	if err != nil {
		return n, err
	}
	for _, r := range b.records {
		if err := w.Write(r); err != nil {
			return n, err
		}
		n.bytes += int64(len(r))
	}
	if err := w.Close(); err != nil {
		return n, err
	}
	if path == b.path(0) {
		b.held = n.bytes
	}
	n.wall, n.cpu = time.Since(start), cpuTime()-used
	return n, nil
}

func (b *tfrecordBench) read(path string) (n spent, err error) {
	start, used := time.Now(), cpuTime()
	r, err := tfrecord.Open(path, tfrecord.Options{Compression: b.compression})
	if err != nil {
		return n, err
	}
	defer r.Close()
	for data, err := range r.All() {
		if err != nil {
			return n, err
		}
		n.bytes += int64(len(data))
	}
	n.wall, n.cpu = time.Since(start), cpuTime()-used
	return n, nil
}
