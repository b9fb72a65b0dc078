// Package stdio is the one way by which the program's words leave it. What is
// written is watched: a program whose output was lost, on a full disk say, must
// not end as if all were well.
package stdio

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// Out is standard output, for data; Err is standard error, for people.
var (
	Out = New(os.Stdout, "standard output")
	Err = New(os.Stderr, "standard error")
)

// Finish closes Out at the program's end and returns what was lost of it or of
// Err: who is not told cannot know, so the exit code has to say it. Until then
// work goes on; a training of hours is not stopped for a line of its progress.
func Finish() error {
	if err := Out.Close(); err != nil {
		return err
	}
	return Err.Lost()
}

// Stream is a file that remembers the first write that failed. A closed pipe at
// standard output or error ends the program quietly, as the system has it.
type Stream struct {
	file *os.File
	name string

	mu   sync.Mutex
	lost error
}

// New makes a Stream of a file; name says in errors which one it is.
func New(file *os.File, name string) *Stream { return &Stream{file: file, name: name} }

func (s *Stream) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	if err == nil {
		return n, nil
	}
	err = s.failed(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost == nil {
		s.lost = err
	}
	return n, err
}

// failed is an error of the file without its path, which says nothing to people.
func (s *Stream) failed(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s cannot be written: %w", s.name, err)
}

// File is the file itself, for what has to ask whether it is a terminal.
func (s *Stream) File() *os.File { return s.file }

// Lost is the first write that failed, nil where none did.
func (s *Stream) Lost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// Close closes the file, for the systems that tell only then what was lost, and
// returns what Lost does. Nothing can be written afterwards.
func (s *Stream) Close() error {
	if err := s.file.Close(); err != nil && s.Lost() == nil {
		return s.failed(err)
	}
	return s.Lost()
}
