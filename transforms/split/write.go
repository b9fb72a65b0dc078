package split

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
)

// part is one index of the artifact.
type part struct {
	port   string
	n      int64
	roles  []role // of its images
	labels bool   // they are written with their labels
}

// parts are those of the artifact. Labels that are not kept are not written: no
// later stage but evaluate, which reads the ingested index, can know them.
func (p *partition) parts() []part {
	parts := []part{
		{port: labelledPort, roles: []role{labelled}, labels: true},
		{port: unlabelledPort, roles: []role{unlabelled}},
		{port: trainPort, roles: []role{labelled, unlabelled, validation}},
		{port: testPort, roles: []role{test}, labels: true, n: int64(p.TestSize)},
	}
	if p.stage.Validation > 0 {
		parts = append(parts, part{port: validationPort, roles: []role{validation}, labels: true})
	}
	for i := range parts {
		for _, chunk := range p.Chunks {
			parts[i].n += parts[i].of(chunk)
		}
	}
	return parts
}

// of is how many images of a chunk are the part's.
func (to *part) of(chunk roles) (n int64) {
	for _, r := range to.roles {
		n += chunk[r]
	}
	return n
}

// planWrite makes sure that as many images have a role as were to have it.
func (s *ByLabel) planWrite(_ context.Context, in images, out output) (int, error) {
	p, err := s.start(in, out)
	if err != nil {
		return 0, err
	}
	if p.decided, err = load(out, rolesPhase); err != nil {
		return 0, err
	}
	chunks, err := pipelines.PhaseNotes[[]roles](out.Job, rolesPhase)
	if err != nil {
		return 0, err
	}
	p.Chunks = slices.Concat(chunks...)
	var have roles
	for _, chunk := range p.Chunks {
		for r, n := range chunk {
			have[r] += n
		}
	}
	var want roles
	for c := range p.classes {
		want[test] += int64(p.Held[c])
		want[labelled] += int64(p.Quota[c])
		want[validation] += int64(p.Aside[c])
	}
	want[labelled] += int64(len(p.Listed)) - want[validation]
	want[gone] = int64(p.Excluded)
	want[unlabelled] = int64(p.Images-p.Excluded) - want[test] - want[labelled] - want[validation]
	if have != want {
		return 0, fmt.Errorf("of the images %v are unlabelled, labelled, held out, for validation and in the test set; want %v (run again; if it stays, this is a bug)", have, want)
	}
	shards := 0
	for _, part := range p.parts() {
		shards += index.ShardsOf(part.n)
	}
	return shards, p.save(out, writePhase)
}

// writeShard writes one shard of the index of one part.
func (s *ByLabel) writeShard(ctx context.Context, in images, out output, shard int) error {
	p, err := s.open(in, out, writePhase)
	if err != nil {
		return err
	}
	for _, part := range p.parts() {
		n := index.ShardsOf(part.n)
		if shard < n {
			return p.write(ctx, out, &part, shard)
		}
		shard -= n
	}
	return fmt.Errorf("there is no shard %d behind the last (this is a bug)", shard)
}

func (p *partition) write(ctx context.Context, out output, to *part, shard int) error {
	label := map[string]int32{}
	for i, name := range p.classes {
		label[name] = int32(i)
	}
	w := out.IndexShard(to.port, to.n, shard)
	defer w.Discard()
	from := int64(shard) * index.ShardRecords
	err := p.entries(ctx, out, to, from, min(to.n, from+index.ShardRecords), func(e index.Entry) error {
		if !to.labels {
			e.Class, e.Label, e.Name = "", imagefile.UnknownLabel, "" // a folder's name would tell the class
		} else if l, ok := label[e.Class]; ok {
			e.Label = l
		} else {
			return fmt.Errorf("%s: the class %q is not among those of the training images", e.Name, e.Class)
		}
		return w.Write(e.Ref, e.Class)
	})
	if err != nil {
		return err
	}
	files, err := w.Close()
	for _, f := range files {
		out.AddDescribed(f)
	}
	return err
}

// entries hands over the images of a part from number from up to, not including,
// to. Chunks that have none of them are not read.
func (p *partition) entries(ctx context.Context, out output, to *part, from, end int64, do func(index.Entry) error) error {
	at := int64(0)                   // number of the next one among the part's
	each, inRange := []byte(nil), -1 // roles of the images of a range
	next := func(e index.Entry) error {
		at++
		if at <= from || at > end {
			return ctx.Err()
		}
		return do(e)
	}
	for i, chunk := range p.Chunks {
		n := to.of(chunk)
		if at+n <= from || at >= end {
			at += n
			continue
		}
		first := int64(i) * chunkImages
		if shard := int(first / rangeImages); shard != inRange {
			var err error
			if each, err = taken(out, rolesPhase, shard, 0); err != nil {
				return err
			}
			inRange = shard
		}
		each := each[first%rangeImages:]
		wanted := func(number int64) bool {
			k := number - first
			return k < int64(len(each)) && slices.Contains(to.roles, role(each[k]))
		}
		for e, err := range pipelines.ReferencesOf(p.in, first, first+chunkImages, wanted) {
			if err == nil {
				err = next(e)
			}
			if err := errors.Join(err, ctx.Err()); err != nil {
				return err
			}
		}
	}
	if to.port != testPort || p.TestSize == 0 {
		return nil
	}
	for e, err := range p.testReferences() {
		if err == nil {
			err = next(e)
		}
		if err != nil || at >= end {
			return err
		}
	}
	return nil
}
