package pipelines

import (
	"context"
	"fmt"
	"iter"

	"github.com/retort-ml/retort/io/artifact"
)

// Element is an element-wise stage: what it does to one image or record. It is
// a pointer to a plain struct, as a Beam DoFn is: exported fields are its
// config, ProcessElement is its work, and what it emits goes on.
//
//	type Contrasty struct{ MinRange int }
//
//	func (c *Contrasty) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
//		pixels, err := img.Pixels()
//		if err != nil {
//			return err
//		}
//		if grayRange(pixels) >= c.MinRange {
//			emit(img)
//		}
//		return nil
//	}
//
// [Each] makes it a stage of a graph, [Fuse] joins two into one, [ParDo]
// applies it in a Beam pipeline. Elements are *[Image], or *[Record] of a kind.
//
// Not to emit an element drops it. An error of [Reject], of Image.Pixels or of
// Record.Example sets the element aside, with its reason, and the run goes on;
// any other error ends the stage.
//
// ProcessElement runs on all cores at once, each with an instance of its own
// made from the config: it may use its receiver's fields as scratch memory, but
// must not count on the order of elements, nor carry anything from one to the
// next. What it emits may depend on config and element alone; then the artifact
// is the same, to the bit, on every runner and after every retry.
//
// A stage that has work before its first element implements [Setup]. It may
// also be a [Validator], [Versioned], [Stateful] or [Tolerant].
type Element[In, Out any] interface {
	ProcessElement(ctx context.Context, in In, emit func(Out)) error
}

// Item is what elements are, for artifacts of kind K: *Image for Images,
// *Record[K] for any kind K whose files are TFRecord shards of Examples.
type Item[K any] interface {
	carries() K
	carrier() carrier
}

// Setup is an element-wise stage that prepares something before its first
// element: a table, an input by field (see [Open]). It is called once for each
// instance, of which there are as many as cores.
type Setup interface {
	Setup(ctx context.Context, job *Job) error
}

// Teardown is an element-wise stage that has something to put away after its
// last element.
type Teardown interface {
	Teardown() error
}

// Reject is the error with which a stage sets one element aside: it goes to
// the quarantine under a reason in a word or two ("too-dark"), which summaries
// count by, and a detail for people. Above a share (see [Tolerant]) of rejected
// elements the stage fails.
func Reject(reason, format string, args ...any) error {
	return &rejection{reason, fmt.Sprintf(format, args...)}
}

type rejection struct{ reason, detail string }

func (r *rejection) Error() string { return r.reason + ": " + r.detail }

// Count adds n to a count of the stage's manifest. It is for element-wise
// stages; outside of one it does nothing.
func Count(ctx context.Context, name string, n int64) {
	if c, ok := ctx.Value(countKey{}).(*counts); ok {
		(*c)[name] += n
	}
}

type (
	countKey struct{}
	counts   map[string]int64 // of one element
)

// carrier is how the elements of one kind of artifact are read and written.
type carrier interface {
	kind() string
	unit() string // what counts and progress call the elements

	// parts cuts an artifact up, perShard elements a shard where that is free.
	parts(in folder, perShard int64) []part
	// open yields the elements of one part; done closes it.
	open(in folder, p part) (elements iter.Seq2[element, error], done func())
	// create starts what the shard that reads p, of an artifact that from
	// carries, writes.
	create(job *Job, from carrier, p part) (sink, error)
	// finish makes an artifact of what all shards wrote.
	finish(ctx context.Context, from carrier, in folder, job *Job) error
}

// folder is an artifact whose kind does not matter.
type folder = Artifact[None]

// part is what one shard of an element-wise stage reads and writes.
type part struct {
	index, count int    // shard of shards
	file         string // that it reads, for records
	from, to     int64  // its elements, numbered through the whole artifact
}

// element is an *Image or a *Record.
type element interface {
	// origin is where it came from, for messages and the quarantine.
	origin() artifact.Rejected
	// size is how many bytes of memory it holds on to until it is written.
	size() int64
	// release frees what only ProcessElement needs.
	release()
}

// sink writes the elements that one shard emits, in the order of the input.
type sink interface {
	write(from, e element) error
	commit() error
	discard()
}
