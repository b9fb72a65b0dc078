package evaluate

import (
	"fmt"
	"slices"
	"sync"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
)

// network is one of those that are measured.
type network struct {
	number  int
	name    string
	encoder bool // of it, kNN is all
	model   pipelines.Edge[pipelines.Classifier]
}

// networks are the models by name, then the encoder.
func (s *Stage) networks() []network {
	var all []network
	for i, name := range pipelines.SortedKeys(s.Models) {
		all = append(all, network{number: i, name: name, model: s.Models[name]})
	}
	if !s.Encoder.IsZero() && !s.Labelled.IsZero() {
		all = append(all, network{number: len(all), name: "encoder", encoder: true})
	}
	return all
}

// named tells which network an error is of.
func (n network) named(err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", n.name, err)
	}
	return err
}

// bytes is how large the checkpoint of a network is.
func (s *Stage) bytes(out output, n network) (int64, error) {
	if n.encoder {
		return checkpointBytes(out, s.Encoder)
	}
	return checkpointBytes(out, n.model)
}

func checkpointBytes[T any](out output, edge pipelines.Edge[T]) (int64, error) {
	a, err := pipelines.Open(out.Job, edge)
	if err != nil {
		return 0, err
	}
	for _, f := range a.Manifest.Files {
		if f.Name == training.ModelName {
			return f.Bytes, nil
		}
	}
	return 0, nil
}

// compiled are networks that a process has at hand, the last that shards asked for:
// those that fit into mostCompiled, and two at least, since where one's shards end the
// next one's begin.
type compiled struct {
	mu  sync.Mutex
	all []atHand
}

const mostCompiled = 1 << 30 // bytes of their checkpoints

// predictor is a network, compiled. Shards share it.
func (s *Stage) predictor(in images, out output, n network) (*train.Predictor, error) {
	c, err := pipelines.Shared(out.Job, "networks", func() (*compiled, error) { return &compiled{}, nil })
	if err != nil {
		return nil, err
	}
	bytes, err := s.bytes(out, n)
	if err != nil {
		return nil, err
	}
	return c.get(n.number, bytes, func() (*train.Predictor, error) { return s.compile(in, out, n) })
}

// atHand is one of them.
type atHand struct {
	network int
	bytes   int64
	get     func() (*train.Predictor, error)
}

// get makes a network that is not at hand, and lets go of those that are too many.
func (c *compiled) get(network int, bytes int64, create func() (*train.Predictor, error)) (*train.Predictor, error) {
	c.mu.Lock()
	var a atHand
	if i := slices.IndexFunc(c.all, func(a atHand) bool { return a.network == network }); i >= 0 {
		a = c.all[i]
		c.all = slices.Delete(c.all, i, i+1)
	} else {
		a = atHand{network, bytes, sync.OnceValues(create)}
	}
	c.all = append(c.all, a)
	var sum int64
	for _, a := range c.all {
		sum += a.bytes
	}
	for ; sum > mostCompiled && len(c.all) > 2; c.all = c.all[1:] {
		sum -= c.all[0].bytes
	}
	c.mu.Unlock()
	p, err := a.get()
	if err != nil { // whoever comes next tries again
		c.mu.Lock()
		c.all = slices.DeleteFunc(c.all, func(a atHand) bool { return a.network == network })
		c.mu.Unlock()
	}
	return p, err
}

func (s *Stage) compile(in images, out output, n network) (*train.Predictor, error) {
	choice, err := backend.New(s.Backend)
	if err != nil {
		return nil, err
	}
	if n.encoder {
		a, err := pipelines.Open(out.Job, s.Encoder)
		if err != nil {
			return nil, err
		}
		return open(a, choice, s.batch())
	}
	a, err := pipelines.Open(out.Job, n.model)
	if err != nil {
		return nil, err
	}
	p, err := open(a, choice, s.batch())
	if err != nil {
		return nil, err
	}
	classes, err := classesOf(in)
	if err == nil && !slices.Equal(p.Classes(), classes) {
		err = fmt.Errorf("it was trained on the classes %q, the images to evaluate on have %q (train it again, or evaluate on images of its classes)", p.Classes(), classes)
	}
	return p, err
}

// open is the network of a training's artifact.
func open[T any](a pipelines.Artifact[T], choice *backend.Choice, batch int) (*train.Predictor, error) {
	c, err := training.Load(a)
	if err != nil {
		return nil, err
	}
	return train.NewPredictor(choice.Backend, c, batch)
}
