package ingest

import (
	"fmt"

	"github.com/retort-ml/retort/internal/crash"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
)

// finish sorts what was spilled into the index and checks that nothing is lost:
// ingested = written + duplicates + quarantined.
func (c *checker) finish(s *index.Sorter) error {
	var written int64
	classes, r := map[string]int64{}, c.resolver()
	for m, err := range s.Images() { // a first pass, for the number and the classes
		if err != nil {
			return err
		}
		e, conflict := r.resolve(m)
		if conflict != "" {
			c.contradicted(e, conflict)
			c.setAside += int64(len(m.Copies))
			continue
		}
		classes[e.Class]++
		written++
	}
	if quarantined := c.quarantined(); written+s.Copies()+quarantined != c.seen {
		return fmt.Errorf("%d images were found, but %d are to be indexed, %d are duplicates and %d quarantined; the temporary files lost some (run again; if it stays, this is a bug)",
			c.seen, written, s.Copies(), quarantined)
	}
	if written == 0 {
		return c.nothing()
	}
	crash.At(crash.SpillSorted)
	return c.write(s, &r, classes, written)
}

func (c *checker) write(s *index.Sorter, r *resolver, classes map[string]int64, written int64) error {
	unlabelled := classes[""]
	delete(classes, "")
	meta := pipelines.ImagesMeta{Classes: pipelines.SortedKeys(classes)}
	label := map[string]int32{}
	for i, name := range meta.Classes {
		label[name] = int32(i)
	}
	w := c.out.Index("index", written)
	defer w.Discard()
	for m, err := range s.Images() {
		if err != nil {
			return err
		}
		e, conflict := r.resolve(m)
		if conflict != "" {
			continue
		}
		e.Label = imagefile.UnknownLabel
		if e.Class != "" {
			e.Label = label[e.Class]
		}
		if err := w.WriteEntry(e); err != nil {
			return err
		}
	}
	files, err := w.Close()
	if err != nil {
		return err
	}
	for _, f := range files {
		c.out.AddDescribed(f)
	}
	c.count(written, s.Copies(), unlabelled, classes)
	c.tellLabels(meta.Classes)
	return c.out.SetMeta(meta)
}

// quarantined is how many images were set aside.
func (c *checker) quarantined() int64 { return c.seen - c.kept + c.conflicts }

func (c *checker) count(written, duplicates, unlabelled int64, classes map[string]int64) {
	c.out.Count("ingested", c.seen)
	c.out.Count("images", written)
	c.out.Count("duplicates", duplicates)
	c.out.Count("quarantined", c.quarantined())
	c.out.Count("labelled", written-unlabelled)
	c.out.Count("classes", int64(len(classes)))
	c.say(written, duplicates, unlabelled, classes)
	if used := duplicates - c.setAside; used > 0 {
		c.out.Note("exact copies of other images, used once: %d", used)
	}
	for _, meaning := range pipelines.SortedKeys(c.lenient) {
		c.out.Note("images read although they have this fault (%s: %s): %d", index.NotePrefix+lenientNote, meaning, c.lenient[meaning])
	}
}
