package ingest

import (
	"bytes"
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
)

// subset lists the sources once for their names and yields MaxImages of them, in
// the order of the listing: first those that the table labels, as evenly over
// the classes as they go, then others, as evenly over the folders.
func (s *Images) subset(ctx context.Context, labels *labelTable, opt imagefile.ListOptions) (iter.Seq2[imagefile.Entry, error], int64, error) {
	others, groups := map[string]*nearest{}, groupNames{}
	ids := labels != nil && labels.names.HasIDs()
	reader := &imagefile.Reader{}
	defer reader.Close()
	for e, err := range s.keyed(ctx, imagefile.ListOptions{}) {
		if err != nil {
			return nil, 0, err
		}
		if labels != nil {
			if err := labels.offer(idOf(reader, e.Entry, ids), e.Entry, e.key); err != nil {
				return nil, 0, err
			}
		}
		offer(others, groups.of(e.Entry), e.key, s.MaxImages)
	}
	taken, named := map[nameKey]bool{}, map[nameKey]bool{}
	if labels != nil {
		if err := labels.settle(s.Source); err != nil {
			return nil, 0, err
		}
		labels.names.Freeze()
		take(taken, labels.nearest(named, s.MaxImages), s.MaxImages, nil)
	}
	take(taken, others, s.MaxImages, named)
	return func(yield func(imagefile.Entry, error) bool) {
		for e, err := range s.keyed(ctx, opt) {
			if err == nil && !taken[e.key] {
				continue
			}
			if !yield(e.Entry, err) || err != nil {
				return
			}
		}
	}, int64(len(taken)), nil
}

// groupNames are the names of groups by folder; they sort by the folder's own
// name first.
type groupNames map[string]string

func (g groupNames) of(e imagefile.Entry) string {
	if e.Folder == "" {
		return e.Class
	}
	name, ok := g[e.Folder]
	if !ok {
		name = e.Class + "\x00" + classFolder(e.Folder)
		g[e.Folder] = name
	}
	return name
}

// nearest are the images that the table labels, by class; named gets all of them.
func (t *labelTable) nearest(named map[nameKey]bool, most int) map[string]*nearest {
	labelled := map[string]*nearest{}
	for _, k := range t.names.Keys() {
		class := classOf(k.Rows)
		if class == "" || len(k.Images) == 0 {
			continue
		}
		if key := k.Images[0].Tag.(nameKey); !named[key] {
			named[key] = true
			offer(labelled, class, key, most)
		}
	}
	return labelled
}

// idOf is the id of an image that can be read, where it is wanted.
func idOf(r *imagefile.Reader, e imagefile.Entry, wanted bool) *imagefile.ID {
	if !wanted || e.Reason != "" {
		return nil
	}
	data := e.Data
	if data == nil {
		var err error
		if data, err = r.ReadRef(imagefile.Ref{URI: e.URI, Offset: e.Offset, Length: e.Length}, nil); err != nil {
			return nil
		}
	}
	id := imagefile.IDOf(data)
	return &id
}

type nameKey [16]byte

type keyedEntry struct {
	imagefile.Entry
	key nameKey
}

// keyed lists the sources. A key is a hash of an entry's name, so that who is
// chosen depends neither on order nor on where the sources lie; further sources
// may have the same names and are told apart by their own.
func (s *Images) keyed(ctx context.Context, opt imagefile.ListOptions) iter.Seq2[keyedEntry, error] {
	opt.Several = len(s.Source) > 1
	return func(yield func(keyedEntry, error) bool) {
		for i, source := range s.Source {
			alone := i == 0 && !strings.ContainsAny(source, "*?[")
			for e, err := range imagefile.List(ctx, []string{source}, opt) {
				key := s.key(e.Name)
				if !alone {
					key = s.key(fmt.Sprintf("%s\x00%d\x00%s", e.Name, i, path.Base(strings.TrimSuffix(filepath.ToSlash(e.URI), e.Name))))
				}
				if !yield(keyedEntry{e, key}, err) || err != nil {
					return
				}
			}
		}
	}
}

func (s *Images) key(name string) nameKey {
	h := sha256.New()
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], s.Seed)
	h.Write(seed[:])
	h.Write([]byte(name))
	return nameKey(h.Sum(nil)[:16])
}

// nearest holds the smallest keys of one class, as a heap with the largest on
// top.
type nearest []nameKey

func (n nearest) Len() int           { return len(n) }
func (n nearest) Less(i, j int) bool { return bytes.Compare(n[i][:], n[j][:]) > 0 }
func (n nearest) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }
func (n *nearest) Push(x any)        { *n = append(*n, x.(nameKey)) }
func (n *nearest) Pop() any {
	last := (*n)[len(*n)-1]
	*n = (*n)[:len(*n)-1]
	return last
}

func offer(groups map[string]*nearest, name string, k nameKey, most int) {
	if groups[name] == nil {
		groups[name] = &nearest{}
	}
	groups[name].offer(k, most)
}

func (n *nearest) offer(k nameKey, most int) {
	switch {
	case len(*n) < most:
		heap.Push(n, k)
	case bytes.Compare(k[:], (*n)[0][:]) < 0:
		(*n)[0] = k
		heap.Fix(n, 0)
	}
}

// take chooses keys until total are taken, the same number of every class as far
// as they go, and none of but.
func take(taken map[nameKey]bool, classes map[string]*nearest, total int, but map[nameKey]bool) {
	sorted := map[string][]nameKey{}
	for name, n := range classes {
		list := make([]nameKey, n.Len())
		for i := len(list) - 1; i >= 0; i-- {
			list[i] = heap.Pop(n).(nameKey)
		}
		sorted[name] = slices.DeleteFunc(list, func(k nameKey) bool { return but[k] })
	}
	for round := 0; len(taken) < total; round++ {
		before := len(taken)
		for _, name := range pipelines.SortedKeys(sorted) {
			if list := sorted[name]; round < len(list) && len(taken) < total {
				taken[list[round]] = true
			}
		}
		if len(taken) == before {
			return
		}
	}
}
