package tensorbundle

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/table"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/retort-ml/retort/io/blob"
)

const indexSuffix = ".index"

// Open reads the index of the bundle that path stands for (see [Find]).
func Open(path string) (*Bundle, error) {
	prefix, err := Find(path)
	if err != nil {
		return nil, err
	}
	b := &Bundle{prefix: prefix, entries: map[string]Entry{}}
	f, err := blob.OpenFile(b.indexPath())
	if err != nil {
		return nil, fmt.Errorf("cannot read the checkpoint's index: %w", err)
	}
	defer f.Close()
	if err := b.readIndex(f); err != nil {
		return nil, err
	}
	b.finish()
	return b, nil
}

// readIndex walks the table. Its reader trusts sums: where a file was made to
// deceive it, what it throws is an error here.
func (b *Bundle) readIndex(f blob.File) (err error) {
	if err := b.checkFooter(f); err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = b.damaged(b.indexPath(), "", "its table cannot be read: %v", r)
		}
	}()
	file := storage.FileDesc{Type: storage.TypeTable}
	r, err := table.NewReader(f, f.Size(), file, nil, nil, &opt.Options{Strict: opt.StrictAll})
	if err != nil {
		return b.damaged(b.indexPath(), "", "%v", err)
	}
	defer r.Release()
	it := r.NewIterator(nil, nil)
	defer it.Release()
	if !it.Next() || len(it.Key()) > 0 {
		return b.damaged(b.indexPath(), "", "it does not begin with a header: %v", errOr(it.Error(), "another entry comes first"))
	}
	if err := b.readHeader(it.Value()); err != nil {
		return err
	}
	for it.Next() {
		key := string(it.Key())
		e, err := b.parseEntry(key, it.Value())
		if err != nil {
			return err
		}
		if err := b.add(key, e); err != nil {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return b.damaged(b.indexPath(), "", "%v", err)
	}
	return nil
}

func errOr(err error, otherwise string) error {
	if err != nil {
		return err
	}
	return errors.New(otherwise)
}

// The end of a table: the places of two blocks, filled up to 40 bytes, and a
// number that tells the format.
const (
	footerSize   = 48
	tableMagic   = 0xdb4775248b80fb57
	blockTrailer = 5 // behind each block: its compression and its sum
)

// checkFooter keeps the table's reader from making room for blocks that the file
// cannot hold: no sum covers these numbers.
func (b *Bundle) checkFooter(f blob.File) error {
	if f.Size() < footerSize {
		return b.damaged(b.indexPath(), "", "%d bytes are too few for an index", f.Size())
	}
	footer := make([]byte, footerSize)
	if _, err := f.ReadAt(footer, f.Size()-footerSize); err != nil {
		return fmt.Errorf("cannot read %s: %w", b.indexPath(), err)
	}
	if binary.LittleEndian.Uint64(footer[40:]) != tableMagic {
		return b.damaged(b.indexPath(), "", "it does not end as an index does: it is another kind of file, or cut short")
	}
	rest, size := footer[:40], uint64(f.Size())
	for range 2 {
		offset, n := binary.Uvarint(rest)
		length, m := binary.Uvarint(rest[max(n, 0):])
		if n <= 0 || m <= 0 {
			return b.damaged(b.indexPath(), "", "its footer does not parse")
		}
		if length > size || offset > size || offset+length+blockTrailer > size {
			return b.damaged(b.indexPath(), "", "its footer names a block of %d bytes at %d; the file has %d", length, offset, size)
		}
		rest = rest[n+m:]
	}
	return nil
}

// readHeader: 1 number of data files, 2 byte order (0 little), 3 version {2 the
// least that a reader must know}.
func (b *Bundle) readHeader(raw []byte) error {
	path := b.indexPath()
	err := fields(raw, func(number protowire.Number, v value) error {
		switch number {
		case 1:
			b.shards = int(v.number)
		case 2:
			if v.number != 0 {
				return &VersionError{Path: path, Cause: "it was saved on a big-endian machine, which this program does not read"}
			}
		case 3:
			return fields(v.bytes, func(number protowire.Number, v value) error {
				if number == 2 && v.number > 1 {
					return &VersionError{Path: path, Cause: fmt.Sprintf("it wants a reader of version %d, this one is of version 1 (update the program)", v.number)}
				}
				return nil
			})
		}
		return nil
	})
	var version *VersionError
	switch {
	case errors.As(err, &version):
		return err
	case err != nil:
		return b.damaged(path, "", "its header does not parse: %v", err)
	case b.shards < 1 || b.shards > 1<<20:
		return b.damaged(path, "", "its header says that there are %d data files", b.shards)
	}
	return nil
}
