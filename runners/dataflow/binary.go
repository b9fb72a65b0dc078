package dataflow

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/retort-ml/retort/pipelines"
)

const (
	buildPlain = "CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -ldflags '-s -w' -o retort-linux ./cmd/retort"
	buildXLA   = "CGO_ENABLED=1 GOOS=linux GOARCH=amd64 go build -trimpath -tags xla -o retort-xla ./cmd/retort"
)

// program is the file that workers of a job run, and its SHA-256. It is one for
// linux/amd64; a container of one's own may have the libraries of one that is not
// static.
func (r Runner) program(job pipelines.JobPlan) (path, sum string, err error) {
	flag, own := "worker-binary", r.Image != ""
	if path = r.Binary; r.onGPU(job) {
		own = true
		if r.AcceleratorBinary != "" {
			flag, path = "accelerator-binary", r.AcceleratorBinary
		}
	}
	if path == "" {
		if path, err = os.Executable(); err != nil {
			return "", "", err
		}
	}
	what, mend := suits(path, own), buildPlain
	if flag == "accelerator-binary" {
		mend = buildXLA
	}
	if what != "" {
		return "", "", fmt.Errorf("%s cannot be a worker of Dataflow: %s (build one with: %s; and give --%s)", path, what, mend, flag)
	}
	sum, err = sumOf(path)
	return path, sum, err
}

// suits says what makes a file no program for workers; "" is nothing.
func suits(path string, dynamic bool) (problem string) {
	f, err := elf.Open(path)
	var format *elf.FormatError
	switch {
	case errors.As(err, &format) || errors.Is(err, io.EOF):
		return "it is no program for Linux"
	case err != nil:
		return err.Error()
	}
	defer f.Close()
	if f.Machine != elf.EM_X86_64 || f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return fmt.Sprintf("it is no program for amd64 (%s)", f.Machine)
	}
	if dynamic {
		return ""
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "it is not static, and Beam's container need not have the libraries that it was linked with"
		}
	}
	return ""
}

// sums are the SHA-256 of files that were looked at, for as long as they stay the
// same.
var sums sync.Map

type sumKey struct {
	path           string
	size, modified int64
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	key := sumKey{path, info.Size(), info.ModTime().UnixNano()}
	if sum, ok := sums.Load(key); ok {
		return sum.(string), nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	sums.Store(key, sum)
	return sum, nil
}
