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

// bytes is how large the checkpoint of a model is.
func (n network) bytes(out output) (int64, error) {
	a, err := pipelines.Open(out.Job, n.model)
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

// compiled are the networks that a process has at hand: the last two that shards
// asked for. Where one's shards end the next one's begin.
type compiled struct {
	mu  sync.Mutex
	has []at
}

type at struct {
	network int
	once    func() (*train.Predictor, error)
}

const mostCompiled = 2

// predictor is a network, compiled. Shards share it.
func (s *Stage) predictor(in images, out output, n network) (*train.Predictor, error) {
	c, err := pipelines.Shared(out.Job, "networks", func() (*compiled, error) { return &compiled{}, nil })
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	i := slices.IndexFunc(c.has, func(a at) bool { return a.network == n.number })
	if i < 0 {
		c.has = append(c.has, at{n.number, sync.OnceValues(func() (*train.Predictor, error) { return s.compile(in, out, n) })})
		c.has = c.has[max(0, len(c.has)-mostCompiled):]
		i = len(c.has) - 1
	}
	once := c.has[i].once
	c.mu.Unlock()
	return once()
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
