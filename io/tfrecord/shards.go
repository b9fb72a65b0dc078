package tfrecord

import (
	"fmt"
	"regexp"
	"strconv"
)

// Shard is one file of a data set that is cut into Count files. Its name is
// "views-00012-of-00100.tfrecord", then the compression's suffix.
type Shard struct {
	Name        string // "views"
	Index       int    // from 0
	Count       int
	Compression Compression
}

// String is the file's name.
func (s Shard) String() string {
	return fmt.Sprintf("%s-%05d-of-%05d.tfrecord%s", s.Name, s.Index, s.Count, s.Compression.Ext())
}

var shardName = regexp.MustCompile(`^(.+)-(\d{5,9})-of-(\d{5,9})\.tfrecord((?:\.[a-z]+)?)$`)

// ParseShard reads a file's name (without folder) as String writes it.
func ParseShard(name string) (Shard, error) {
	m := shardName.FindStringSubmatch(name)
	if m == nil {
		return Shard{}, fmt.Errorf("%q is no shard's name; want NAME-00000-of-00001.tfrecord[.gz|.zlib|.zst]", name)
	}
	index, _ := strconv.Atoi(m[2])
	count, _ := strconv.Atoi(m[3])
	s := Shard{m[1], index, count, CompressionOf(m[4])}
	if index >= count || s.String() != name {
		return Shard{}, fmt.Errorf("%q is no shard's name: it is number %d of %d", name, index, count)
	}
	return s, nil
}
