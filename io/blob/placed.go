package blob

import (
	"fmt"
	"io"
	"sync"
)

// placed is a PlacedWriter of a store that takes a file from its beginning to
// its end: it lies in memory until Commit.
type placed struct {
	Writer
	mu   sync.RWMutex
	data []byte
}

// Write appends.
func (p *placed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data = append(p.data, b...)
	return len(b), nil
}

// WriteAt writes at a place.
func (p *placed) WriteAt(b []byte, at int64) (int, error) {
	if at < 0 {
		return 0, fmt.Errorf("writing at %d", at)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if lacks := at + int64(len(b)) - int64(len(p.data)); lacks > 0 {
		p.data = append(p.data, make([]byte, lacks)...)
	}
	return copy(p.data[at:], b), nil
}

// ReadAt reads back what was written.
func (p *placed) ReadAt(b []byte, at int64) (int, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return readAt(p.data, b, at)
}

func readAt(data, b []byte, at int64) (int, error) {
	if at < 0 {
		return 0, fmt.Errorf("reading at %d", at)
	}
	if at >= int64(len(data)) {
		return 0, io.EOF
	}
	n := copy(b, data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Truncate cuts the file to size.
func (p *placed) Truncate(size int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if size < 0 || size > int64(len(p.data)) {
		return fmt.Errorf("cutting %d bytes to %d", len(p.data), size)
	}
	p.data = p.data[:size]
	return nil
}

// WriteBehind does nothing.
func (p *placed) WriteBehind(int64) {}

// Commit hands the file over.
func (p *placed) Commit() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.Writer.Write(p.data); err != nil {
		p.Writer.Discard()
		return err
	}
	return p.Writer.Commit()
}
