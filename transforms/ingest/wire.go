package ingest

import (
	"strings"

	"github.com/retort-ml/retort/internal/wire"
	"github.com/retort-ml/retort/io/imagefile"
)

// Entries lie between the phases in files of TFRecords, one a record: flags, and
// what they say is there.

const (
	wireUnlabelled = 1 << iota
	wireFolder     // the class is the last part of the folder
	wireReason
	wireRow
	wireClass
)

// appendEntry appends an entry without bytes of its own to b.
func appendEntry(b []byte, e *imagefile.Entry) []byte {
	flags := byte(0)
	if e.Unlabelled {
		flags |= wireUnlabelled
	}
	if e.Folder != "" {
		flags |= wireFolder
	}
	if e.Reason != "" {
		flags |= wireReason
	}
	if e.Row != "" {
		flags |= wireRow
	}
	if e.Class != classIn(e.Folder) {
		flags |= wireClass
	}
	b = append(b, flags)
	b = wire.AppendNumber(b, uint64(e.Offset))
	b = wire.AppendNumber(b, uint64(e.Length))
	b = wire.AppendNumber(b, uint64(e.CRC))
	b = wire.AppendText(wire.AppendText(b, e.URI), e.Name)
	if flags&wireFolder != 0 {
		b = wire.AppendText(b, e.Folder)
	}
	if flags&wireClass != 0 {
		b = wire.AppendText(b, e.Class)
	}
	if flags&wireReason != 0 {
		b = wire.AppendText(wire.AppendText(b, string(e.Reason)), e.Detail)
	}
	if flags&wireRow != 0 {
		b = wire.AppendText(b, e.Row)
	}
	return b
}

// classIn is the class that the name of a folder gives.
func classIn(folder string) string { return folder[strings.LastIndexByte(folder, '/')+1:] }

// entryReader reads entries one after another.
type entryReader struct{ r wire.Reader }

func (d *entryReader) read(record []byte) (e imagefile.Entry, err error) {
	r := &d.r
	r.Open(record)
	flags := r.Byte()
	e.Unlabelled = flags&wireUnlabelled != 0
	e.Offset, e.Length, e.CRC = int64(r.Number()), int64(r.Number()), uint32(r.Number())
	e.URI, e.Name = r.Shared(), r.Text()
	if flags&wireFolder != 0 {
		e.Folder = r.Shared()
		e.Class = classIn(e.Folder)
	}
	if flags&wireClass != 0 {
		e.Class = r.Shared()
	}
	if flags&wireReason != 0 {
		e.Reason, e.Detail = imagefile.Reason(r.Text()), r.Text()
	}
	if flags&wireRow != 0 {
		e.Row = r.Text()
	}
	return e, r.Close()
}
