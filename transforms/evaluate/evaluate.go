// Package evaluate is the stage that measures classifiers on held-out images:
// top-1, top-5, per class, confusion, calibration, kNN on encoder features. It
// is the only stage that reads labels that were hidden from training.
package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/pipelines"
)

// Stage is the stage. Its input are the held-out images, with labels.
type Stage struct {
	// Models are the classifiers to measure, by the name that they get in the
	// results (supervised, finetuned, distilled).
	Models map[string]pipelines.Edge[pipelines.Classifier]
	// Encoder, if set, is measured by kNN on its features.
	Encoder pipelines.Edge[pipelines.Encoder]
	// Labelled are the images whose labels training saw: the neighbours of kNN.
	Labelled pipelines.Edge[pipelines.Images]
	// Validation, if set, are images whose labels decided when trainings stopped: not
	// hidden either.
	Validation pipelines.Edge[pipelines.Images] `json:",omitzero"`
	// Targets and Truth, if set, tell how often the teacher was right about the
	// unlabelled images. Truth is the ingested index with all its labels.
	Targets pipelines.Edge[pipelines.Targets]
	Truth   pipelines.Edge[pipelines.Images]
	// Train is where Targets' images can be looked up to be shown.
	Train     pipelines.Edge[pipelines.Images]
	K         int    // neighbours of kNN
	MaxPixels int64  // of one image; 0 is imagefile's default
	Exact     bool   // decode large photos at full size, as views.Stage.Exact does
	Batch     int    `fingerprint:"-"` // images computed at once; 0 is 64
	Backend   string `fingerprint:"-"`
}

func init() { pipelines.Register(&Stage{}) }

// StageVersion is 3 since the CPU engine computes inference by other kernels; at 1
// some pictures began to be decoded otherwise, as for views.
func (s *Stage) StageVersion() int { return 3 }

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	switch {
	case len(s.Models) == 0:
		return errors.New("Models is empty; want at least one classifier")
	case s.K < 1:
		return fmt.Errorf("K = %d; want at least 1", s.K)
	}
	return nil
}

// MetricsName is the file of Results.
const MetricsName = "metrics.json"

// Results is what the stage finds out.
type Results struct {
	Classes []string          `json:"classes"`
	Images  int               `json:"images"` // held out
	Models  map[string]*Model `json:"models"`
	// EncoderKNN is the top-1 of kNN on the pretrained encoder's features.
	EncoderKNN float64  `json:"encoder_knn,omitempty"`
	Teacher    *Teacher `json:"teacher,omitempty"`
}

// Model is how one classifier does.
type Model struct {
	Top1      float64   `json:"top1"` // share of images whose likeliest class is right
	Top5      float64   `json:"top5"`
	ECE       float64   `json:"ece"`         // expected calibration error over 15 bins
	KNN       float64   `json:"knn"`         // top-1 of kNN on its features
	Loss      float64   `json:"loss"`        // mean cross entropy, in nats
	Params    int64     `json:"params"`      // trainable values
	Bytes     int64     `json:"bytes"`       // of its checkpoint
	Arch      string    `json:"arch"`        // "ResNet-18 0.25x"
	PerClass  []float64 `json:"per_class"`   // top-1 of each class; -1 where no image is of it
	Confusion [][]int64 `json:"confusion"`   // [true][predicted]
	Bins      []Bin     `json:"calibration"` // by confidence
	Images    int       `json:"images"`      //
	// Temperature is what the logits were divided by, if not 1; ECEBefore and
	// LossBefore are what ECE and Loss were without that.
	Temperature float64 `json:"temperature,omitempty"`
	ECEBefore   float64 `json:"ece_before,omitempty"`
	LossBefore  float64 `json:"loss_before,omitempty"`
}

// Bin is one bin of a reliability diagram.
type Bin struct {
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	N          int64   `json:"n"`
	Confidence float64 `json:"confidence"` // mean
	Accuracy   float64 `json:"accuracy"`
}

// Run adds up what the phases found.
func (s *Stage) Run(ctx context.Context, in images, out output) error {
	classes, err := classesOf(in)
	if err != nil {
		return err
	}
	results := Results{Classes: classes, Models: map[string]*Model{}}
	for _, net := range s.networks() {
		m, err := s.sum(ctx, in, out, net)
		if err != nil {
			return net.named(err)
		}
		if net.encoder {
			results.EncoderKNN = m.KNN
			continue
		}
		if m.Bytes, err = s.bytes(out, net); err != nil {
			return net.named(err)
		}
		results.Models[net.name], results.Images = m, m.Images
		out.Metric(map[string]float64{net.name + ".top1": m.Top1, net.name + ".top5": m.Top5, net.name + ".ece": m.ECE, net.name + ".knn": m.KNN})
	}
	if results.Teacher, err = s.sumTeacher(ctx, out); err != nil {
		return err
	}
	data, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	out.Count("images", int64(results.Images))
	return out.WriteFile(MetricsName, append(data, '\n'))
}

func classesOf(in images) ([]string, error) {
	var meta pipelines.ImagesMeta
	if err := in.Meta(&meta); err != nil {
		return nil, err
	}
	if len(meta.Classes) == 0 {
		return nil, errors.New("the images to evaluate on have no classes (give a test set with labels)")
	}
	return meta.Classes, nil
}

func (s *Stage) batch() int {
	if s.Batch == 0 {
		return 64
	}
	return s.Batch
}
