package artifact

import (
	"fmt"
	"strconv"
	"strings"
)

// Block is a part of a file that can be read by itself: whole records, and in a
// compressed file a stream of their own.
type Block struct {
	Offset  int64 // of its first byte in the file
	Records int64
}

// Blocks is how a manifest lists the blocks of a file: "records@offset", one after
// the other, with spaces between. The empty string is one block, all of the file.
type Blocks string

// ListBlocks makes the list of several blocks; that of one is empty.
func ListBlocks(blocks []Block) Blocks {
	if len(blocks) < 2 {
		return ""
	}
	var b []byte
	for i, block := range blocks {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, block.Records, 10)
		b = append(b, '@')
		b = strconv.AppendInt(b, block.Offset, 10)
	}
	return Blocks(b)
}

// Parts are the blocks of the file, in the order in which they lie: the first
// begins where the file does, each ends where the next begins, and their records
// are all that the file has.
func (f File) Parts() ([]Block, error) {
	if f.Blocks == "" {
		return []Block{{0, f.Records}}, nil
	}
	var blocks []Block
	var records, at int64
	for entry := range strings.SplitSeq(string(f.Blocks), " ") {
		n, offset, _ := strings.Cut(entry, "@")
		var b Block
		var err error
		if b.Records, err = strconv.ParseInt(n, 10, 64); err == nil {
			b.Offset, err = strconv.ParseInt(offset, 10, 64)
		}
		if err != nil || b.Records < 0 || b.Offset < at || b.Offset > f.Bytes || len(blocks) == 0 && b.Offset != 0 {
			return nil, fmt.Errorf("%s: impossible block %q in the manifest", f.Name, entry)
		}
		at = b.Offset
		records += b.Records
		blocks = append(blocks, b)
	}
	if records != f.Records {
		return nil, fmt.Errorf("%s: its blocks have %d records, the file %d", f.Name, records, f.Records)
	}
	return blocks, nil
}
