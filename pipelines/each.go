package pipelines

import (
	"context"
)

// Elementwise is an element-wise stage in a graph: it reads an artifact of kind
// In, image by image or record by record, and writes one of kind Out. [Each]
// makes it.
//
// Its work splits into shards, a range of the index or a file of records, which
// are the elements of its Beam pipeline; the images or records of a shard are
// spread over all cores, and what they emit is written in the order of the
// input. So an artifact of images stays sorted by id, and counts add up: what
// was looked at is kept, dropped or quarantined.
type Elementwise[In, Out any] struct{ each }

// Each makes an element-wise stage a stage of a graph:
//
//	clean := pipelines.Add(g, "contrasty", pipelines.Each(&Contrasty{MinRange: 24}), images)
//
// The kinds of its edges follow from what its ProcessElement takes and emits.
//
// The artifact's fingerprint covers the struct's type, its exported fields (but
// for those tagged fingerprint:"-") and its StageVersion. When the code of a
// stage changes and its config does not, let StageVersion return a higher
// number; otherwise what the old code made is kept.
func Each[In Item[KI], Out Item[KO], KI, KO any](e Element[In, Out]) *Elementwise[KI, KO] {
	return &Elementwise[KI, KO]{newEach(linksOf(e))}
}

// Run does the whole work, shard after shard.
func (s *Elementwise[In, Out]) Run(ctx context.Context, in Artifact[In], out *Output[Out]) error {
	for shard := range s.shards(folder(in)) {
		if err := s.runShard(ctx, folder(in), out.Job, shard); err != nil {
			return err
		}
	}
	return s.finish(ctx, folder(in), out.Job)
}

// each is an Elementwise without its type parameters: the stages that every
// element goes through, one after the other.
type each struct {
	links    []link
	from, to carrier
}

// link is one stage of an each.
type link struct {
	step   *step
	stage  any    // pointer to the user's struct
	config []byte // that instances are made from; set where stage was decoded
}

func newEach(links []link) each {
	return each{links: links, from: links[0].step.from, to: links[len(links)-1].step.to}
}

// DefaultElementsPerShard is how many images a shard of an element-wise stage
// has at most, unless the stage is [Coarse].
const DefaultElementsPerShard = 1024

// Coarse is an element-wise stage over images that says how many of them make
// a shard: fewer, where one takes long, so that a cluster has shards to spread
// and an interruption loses little. It does not change the result.
type Coarse interface{ ElementsPerShard() int }

func (e *each) perShard() int64 {
	n := int64(0)
	for _, l := range e.links {
		if c, ok := l.stage.(Coarse); ok && (n == 0 || int64(c.ElementsPerShard()) < n) {
			n = int64(c.ElementsPerShard())
		}
	}
	if n < 1 {
		return DefaultElementsPerShard
	}
	return n
}

func (e *each) shards(in folder) int { return len(e.from.parts(in, e.perShard())) }

func (e *each) finish(ctx context.Context, in folder, job *Job) error {
	return e.to.finish(ctx, e.from, in, job)
}

// erase makes the each known under the name of its stages. Workers that never
// saw this composition put it together from the same name (see lookupEach).
func (e *each) erase() *erased {
	return &erased{
		name: nameOf(e.links), kind: e.to.kind(),
		decode: func(config []byte) (any, error) { return e.decode(config) },
		phases: []phase{{
			shards: func(_ context.Context, stage any, job *Job) (int, error) {
				in, err := input[None](job)
				if err != nil {
					return 0, err
				}
				return stage.(*each).shards(in), nil
			},
			run: func(ctx context.Context, stage any, job *Job, shard int) error {
				in, err := input[None](job)
				if err != nil {
					return err
				}
				return stage.(*each).runShard(ctx, in, job, shard)
			},
		}},
		run: func(ctx context.Context, stage any, job *Job) error {
			in, err := input[None](job)
			if err != nil {
				return err
			}
			return stage.(*each).finish(ctx, in, job)
		},
	}
}
