package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/bits"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
)

// orderPlan is what the shards of the order know.
type orderPlan struct {
	Bits   int               `json:"bits"`             // of an id, which number the ranges
	Runs   []index.Run       `json:"runs"`             // of the parts
	Places map[string]int64  `json:"places,omitempty"` // of the parts' stretches in the tar
	Names  map[string]string `json:"names,omitempty"`  // of the classes of folders
	Rows   []int64           `json:"rows,omitempty"`   // images of each range that rows of the labels name
	Notes  []string          `json:"notes,omitempty"`  // on the listing
	Labels []string          `json:"labels,omitempty"` // notes on the labels
}

// ordered is what a shard of the order noted.
type ordered struct {
	Written   int64              `json:"written"`
	Copies    int64              `json:"copies,omitempty"`
	Conflicts int64              `json:"conflicts,omitempty"` // images that two labels are given to
	SetAside  int64              `json:"set_aside,omitempty"` // copies of these
	Classes   map[string]int64   `json:"classes,omitempty"`
	First     *artifact.Rejected `json:"first,omitempty"`
	Marks     []int64            `json:"marks,omitempty"` // where every so many-th reference begins
}

func orderedName(shard int) string  { return fmt.Sprintf("%s-%05d.refs", orderPhase, shard) }
func conflictName(shard int) string { return fmt.Sprintf("%s-%05d.bad", orderPhase, shard) }

// total adds up what the check came to.
func total(out output, a *arrangement) (*sum, error) {
	checks, err := pipelines.PhaseNotes[*part](out.Job, checkPhase)
	if err != nil {
		return nil, err
	}
	t := &sum{}
	for _, s := range a.slots {
		if s.part == nil {
			if s.shard >= len(checks) {
				return nil, errors.New("a part of the listing was not looked at; run again")
			}
			if s.part = checks[s.shard]; s.part.Listing != a.plan.Shards[s.shard].listing() { // work in progress of another program
				return nil, fmt.Errorf("%s: what was checked is not what was listed (remove this folder and run again)", out.At(""))
			}
		}
		t.add(s.part)
	}
	return t, nil
}

func (s *Images) planOrder(ctx context.Context, _ none, out output) (int, error) {
	a, err := s.arrange(out)
	if err != nil {
		return 0, err
	}
	t, err := total(out, a)
	if err != nil {
		return 0, err
	}
	if t.all.Kept == 0 {
		return 0, s.nothing(&t.all)
	}
	plan := orderPlan{Bits: max(0, bits.Len64(uint64((t.all.Kept-1)/sizes.rangeRefs))), Runs: t.runs(), Places: places(t.parts)}
	labels, err := s.joinLabels(ctx, out, a, t, &plan)
	if err != nil {
		return 0, err
	}
	l := layout{folders: t.all.Folders}
	if err := l.resolve(); err != nil {
		return 0, err
	}
	plan.Names = l.names
	plan.Notes = append(a.notes, listingNotes(&l, &a.stats, labels.folder)...)
	return 1 << plan.Bits, savePlan(out, orderPhase, plan)
}

// order sorts one range of ids and leaves out copies and images with two labels.
func (s *Images) order(ctx context.Context, _ none, out output, shard int) error {
	plan, err := loadPlan[orderPlan](out, orderPhase)
	if err != nil {
		return err
	}
	rows, err := plan.rows(ctx, out, shard)
	if err != nil {
		return err
	}
	r, err := index.ReadRange(out.Work(), plan.Runs, plan.Bits, shard)
	if err != nil {
		return err
	}
	o := &orderer{out: out, plan: plan, resolver: resolver{table: s.table(), named: rows},
		noted: ordered{Classes: map[string]int64{}}, bad: jsonFile{out: out, name: conflictName(shard)}}
	defer o.bad.discard()
	if o.refs, err = tfrecord.CreateIn(out.Work(), orderedName(shard), tfrecord.Options{}); err != nil {
		return err
	}
	defer o.refs.Discard()
	parts := r.Split(rangeParts)
	resolved := make([]stretch, workpool.Size())
	for len(parts) > 0 {
		n := min(len(parts), len(resolved))
		if err := workpool.Each(n, func(i int) error { return o.resolveAll(parts[i], &resolved[i]) }); err != nil {
			return err
		}
		for i := range n {
			if err := o.keep(&resolved[i]); err != nil {
				return err
			}
		}
		parts = parts[n:]
	}
	if err := o.refs.Commit(); err != nil {
		return err
	}
	out.KeepWork(orderedName(shard), o.refs)
	if o.noted.Conflicts, err = o.bad.commit(); err != nil {
		return err
	}
	return out.SetShardNote(o.noted)
}

// rangeParts is in how many parts a range is worked on at once.
const rangeParts = 16

type orderer struct {
	out      output
	plan     *orderPlan
	resolver resolver
	refs     *tfrecord.File
	at       int64 // bytes of it
	bad      jsonFile
	noted    ordered
}

// stretch is what part of a range came to.
type stretch struct {
	records   []byte // one behind the other
	ends      []int
	conflicts []artifact.Rejected
	ordered
}

// resolveAll resolves the images of part of a range.
func (o *orderer) resolveAll(r *index.Range, s *stretch) error {
	*s = stretch{records: s.records[:0], ends: s.ends[:0], ordered: ordered{Classes: map[string]int64{}}}
	tar := imagefile.Inside(o.out.At(spoolName))
	known := func(e *index.Entry) {
		inTar(e, o.plan.Places, tar)
		e.Class = className(e.Class, o.plan.Names)
	}
	for m, err := range r.Images(known) {
		if err != nil {
			return err
		}
		s.Copies += int64(len(m.Copies))
		e, conflict := o.resolver.resolve(m)
		if conflict != "" {
			s.conflicts = append(s.conflicts, rejected(e.Ref, imagefile.TwoLabels, conflict))
			s.SetAside += int64(len(m.Copies))
			continue
		}
		s.Classes[e.Class]++
		s.Written++
		e.Label = imagefile.UnknownLabel
		s.records = index.AppendCompact(s.records, &e)
		s.ends = append(s.ends, len(s.records))
	}
	return nil
}

// keep writes what part of a range came to.
func (o *orderer) keep(s *stretch) error {
	from := 0
	for _, end := range s.ends {
		if o.refs.Records()%sizes.markEvery == 0 {
			o.noted.Marks = append(o.noted.Marks, o.at)
		}
		if err := o.refs.Write(s.records[from:end]); err != nil {
			return err
		}
		o.at += frame + int64(end-from)
		from = end
	}
	for _, r := range s.conflicts {
		if o.noted.First == nil {
			o.noted.First = &r
		}
		if err := o.bad.add(r); err != nil {
			return err
		}
	}
	o.noted.Written += s.Written
	o.noted.Copies += s.Copies
	o.noted.SetAside += s.SetAside
	for class, n := range s.Classes {
		o.noted.Classes[class] += n
	}
	return nil
}
