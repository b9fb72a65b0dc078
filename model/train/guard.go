package train

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
)

// Panic is what graph code panicked with: misuse, such as shapes that do not fit,
// or a bug. Formatted with %+v it shows the stack.
type Panic struct {
	Value any
	At    string // the line of ours, or of an objective, that led to it
	Stack []byte
}

// Error is the cause and the line; of a bug it is the stack too.
func (p *Panic) Error() string {
	var bug runtime.Error
	if err, ok := p.Value.(error); ok && errors.As(err, &bug) {
		return fmt.Sprintf("this is a bug at %s: panic: %v\n%s", p.At, p.Value, p.Stack)
	}
	return fmt.Sprintf("%v (at %s)", p.Value, p.At)
}

// Unwrap is the error that was panicked with, if it was one.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// Format shows the stack for %+v.
func (p *Panic) Format(s fmt.State, verb rune) {
	io.WriteString(s, p.Error())
	if s.Flag('+') && !strings.Contains(p.Error(), string(p.Stack)) {
		fmt.Fprintf(s, "\n%s", p.Stack)
	}
}

// traced is deferred in graph code: it adds the stack to a panic before GoMLX,
// which calls that code, turns it into an error.
func traced() {
	if r := recover(); r != nil {
		panic(panicked(r))
	}
}

// guard turns the panics of graph and tensor functions into errors: the one
// door between GoMLX's conventions and ours.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
	}()
	return f()
}

// panicked must be called while the stack of the panic is there.
func panicked(value any) *Panic {
	if p, ok := value.(*Panic); ok {
		return p
	}
	return &Panic{Value: value, At: place(), Stack: debug.Stack()}
}

// place is the innermost line of a panicking stack that is neither Go's own nor
// GoMLX's.
func place() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
	passed := false
	for {
		f, more := frames.Next()
		foreign := strings.HasPrefix(f.Function, "runtime.") || strings.HasPrefix(f.Function, "github.com/gomlx/")
		if passed && !foreign {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		passed = passed || f.Function == "runtime.gopanic"
		if !more {
			return "an unknown line"
		}
	}
}
