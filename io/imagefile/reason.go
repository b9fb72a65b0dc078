package imagefile

import "fmt"

// Reason says in one word why an image was set aside. The list is closed:
// manifests, summaries and documentation count by it.
type Reason string

// The reasons.
const (
	Unsupported   Reason = "unsupported-format" // not an image, or a kind of image that is not decoded
	Corrupt       Reason = "corrupt"            // the bytes contradict their format
	Truncated     Reason = "truncated"          // the bytes end before the image does
	Empty         Reason = "empty"              // no bytes at all
	TooManyPixels Reason = "too-many-pixels"    // above Options.MaxPixels
	TooSmall      Reason = "too-small"          // a side below Options.MinSide
	TooLarge      Reason = "too-large"          // more encoded bytes than ListOptions.MaxBytes
	BadName       Reason = "bad-name"           // an archive entry with "..", or an absolute path
	Link          Reason = "link"               // a link in an archive; never followed
	SpecialFile   Reason = "special-file"       // a device, pipe or socket
	Missing       Reason = "missing"            // a list names a file that is not there
	Unreadable    Reason = "unreadable"         // no permission, or the disk failed
	Changed       Reason = "changed"            // the file is no longer what was listed
	TwoLabels     Reason = "two-labels"         // rows or folders give the same image different labels
)

// Reasons lists them all, in the order of the documentation.
var Reasons = []Reason{Unsupported, Corrupt, Truncated, Empty, TooManyPixels, TooSmall, TooLarge,
	BadName, Link, SpecialFile, Missing, Unreadable, Changed, TwoLabels}

// meanings say each reason in words.
var meanings = map[Reason]string{
	Unsupported:   "not an image, or a kind of image that is not decoded",
	Corrupt:       "the bytes contradict their format",
	Truncated:     "the bytes end before the image does",
	Empty:         "no bytes at all",
	TooManyPixels: "more pixels than the limit allows",
	TooSmall:      "a side is shorter than the limit",
	TooLarge:      "more encoded bytes than the limit allows",
	BadName:       "an archive entry with \"..\", or an absolute path",
	Link:          "a link in an archive; never followed",
	SpecialFile:   "a device, pipe or socket",
	Missing:       "a list names a file that is not there",
	Unreadable:    "no permission, or the disk failed",
	Changed:       "the file is no longer what was listed",
	TwoLabels:     "rows or folders give the same image different labels",
}

// Meaning is the reason in words; "" for one that is not of the list.
func (r Reason) Meaning() string { return meanings[r] }

// QuarantineError is the error of an image that is to be set aside while the
// run goes on.
type QuarantineError struct {
	Reason Reason
	Detail string // what was found where, for a person
}

func (e *QuarantineError) Error() string {
	if e.Detail == "" {
		return string(e.Reason)
	}
	return string(e.Reason) + ": " + e.Detail
}

func reject(r Reason, format string, args ...any) *QuarantineError {
	return &QuarantineError{Reason: r, Detail: fmt.Sprintf(format, args...)}
}
