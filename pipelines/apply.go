package pipelines

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/io/blob"
)

// Apply applies a stage as a PTransform of the caller's own Beam pipeline. Its
// artifact goes into dir, whose last part is the stage's name in messages; the
// edge carries it on to further stages, or, by [Edge.Folder], to other
// transforms.
//
//	p, s := beam.NewPipelineWithRoot()
//	images := pipelines.Apply(s, "run/ingest", &ingest.Images{Source: []string{"photos/"}})
//	clean := pipelines.Apply(s, "run/clean", pipelines.Each(&Contrasty{MinRange: 24}), images)
//	beam.ParDo0(s, &announceFn{}, clean.Folder())
//
// An artifact that is there already, for the same config and inputs, is kept.
// Like Beam's own verbs it panics where the pipeline is put together wrongly.
func Apply[In, Out any](s beam.Scope, dir string, stage Stage[In, Out], in ...Edge[In]) Edge[Out] {
	e, err := TryApply(s, dir, stage, in...)
	if err != nil {
		panic(err)
	}
	return e
}

// TryApply is Apply that returns the error.
func TryApply[In, Out any](s beam.Scope, dir string, stage Stage[In, Out], in ...Edge[In]) (Edge[Out], error) {
	g := New("apply")
	place, err := blob.Open(dir)
	if err != nil {
		return Edge[Out]{}, err
	}
	out := Add(g, strings.ToLower(place.Base()), stage, in...)
	n := out.node
	for _, in := range n.inputs() {
		if in.applied == nil {
			g.fail("%s: its input %q belongs to a graph, not to a Beam pipeline (make it with Apply or FromFolder)", n.name, in.name)
		}
	}
	if len(g.errs) > 0 {
		return Edge[Out]{}, g.errs[0]
	}
	b, err := beginning(n, place)
	if err != nil {
		return Edge[Out]{}, err
	}
	s = s.Scope(n.name)
	folders := []beam.PCollection{beam.Create(s, "")} // a Flatten of nothing has no type
	for _, in := range n.inputs() {
		folders = append(folders, beam.ParDo(s, &tagFn{in.fingerprint}, in.applied.folder))
	}
	tasks := beam.ParDo(s.Scope("begin"), b, beam.Impulse(s), beam.SideInput{Input: beam.Flatten(s, folders...)})
	n.apply(kindName[Out](), expand(s, tasks, n.erased))
	n.applied.dir = place
	return out, nil
}

// FromFolder is the edge of an artifact that lies in the one folder that the
// collection of strings names: of an earlier run, or of transforms before.
func FromFolder[T any](_ beam.Scope, folder beam.PCollection) Edge[T] {
	n := &node{name: "folder"}
	n.apply(kindName[T](), folder)
	return Edge[T]{node: n}
}

// applied is what a node of a Beam pipeline has in place of a graph.
type applied struct {
	kind   string
	folder beam.PCollection // of string
	dir    blob.Dir         // zero where only the pipeline knows it
}

// apply gives n a name of its own in the place of the fingerprint, which is
// known only when the pipeline runs.
func (n *node) apply(kind string, folder beam.PCollection) {
	n.applied = &applied{kind: kind, folder: folder}
	n.fingerprint = fmt.Sprintf("%s%s-%d", placeholder, n.name, serial.Add(1))
}

// placeholder begins such a name; no fingerprint has these letters.
const placeholder = "@edge:"

// beginFn makes the task of a stage once its inputs are finished.
type beginFn struct {
	Task  []byte            // the part that is known beforehand
	Kinds map[string]string // name of an input (see node.apply) -> kind
}

// tagFn puts the name of an input before its folder.
type tagFn struct{ Name string }

func (f *tagFn) ProcessElement(folder string) string { return f.Name + " " + folder }

func beginning(n *node, dir blob.Dir) (*beginFn, error) {
	t := newTask(n, dir)
	t.Applied, t.Runner = true, "beam"
	var err error
	if t.Config, err = json.Marshal(n.stage); err != nil {
		return nil, err
	}
	if n.in != nil && !n.in.IsZero() {
		t.Input = edgeJSON{n.in.source().fingerprint, n.inPort}
	}
	b := &beginFn{Kinds: map[string]string{}}
	for _, in := range n.inputs() {
		b.Kinds[in.fingerprint] = in.applied.kind
	}
	for _, before := range n.before() {
		if before.applied != nil && !before.applied.dir.IsZero() {
			t.Past[before.name] = before.applied.dir
		}
	}
	b.Task, err = json.Marshal(t)
	return b, err
}

func init() {
	beam.RegisterDoFn(&tagFn{})
	beam.RegisterDoFn(&beginFn{})
}
