package evaluate

import (
	"context"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
)

// The work splits into shards three times. Those of the first two are ranges of
// images, once for each network.
//
//	known    features of the images whose labels training saw
//	predict  what a network makes of held-out images, and what those known vote for
//	teacher  targets of a range of image ids beside the labels that were hidden
//
// What a range finds is noted image by image and added up by Run, in the order of
// the images: where ranges end decides nothing.
const (
	knownPhase   = "known"
	predictPhase = "predict"
	teacherPhase = "teacher"
)

// rangeImages is how many images a range has. Who changes it, or what a range leaves,
// changes [Stage.StageVersion] too: a run that was interrupted would go on from other
// ranges.
var rangeImages int64 = 4096

type (
	images = pipelines.Artifact[pipelines.Images]
	output = *pipelines.Output[pipelines.Metrics]
)

// Phases are the rounds of the work.
func (s *Stage) Phases() []pipelines.Phase[pipelines.Images, pipelines.Metrics] {
	return []pipelines.Phase[pipelines.Images, pipelines.Metrics]{
		{Name: knownPhase, Shards: s.planKnown, RunShard: s.knownRange},
		{Name: predictPhase, Shards: s.planPredict, RunShard: s.predictRange},
		{Name: teacherPhase, Shards: s.planTeacher, RunShard: s.teacherGroup},
	}
}

// ranges is how many an index divides into.
func ranges(a images) int {
	return int((index.Count(pipelines.IndexFiles(a)) + rangeImages - 1) / rangeImages)
}

// planKnown makes sure that there is something to evaluate.
func (s *Stage) planKnown(_ context.Context, in images, out output) (int, error) {
	if _, err := classesOf(in); err != nil || s.Labelled.IsZero() {
		return 0, err
	}
	known, err := pipelines.Open(out.Job, s.Labelled)
	if err != nil {
		return 0, err
	}
	return len(s.networks()) * ranges(known), nil
}

// place is what a shard does: a range of images, by a network.
type place struct {
	network  network
	from, to int64
}

// placeOf is that of a shard. Those of one network follow each other, so that few
// networks are at work at once.
func (s *Stage) placeOf(a images, shard int) place {
	n := ranges(a)
	from := int64(shard%n) * rangeImages
	return place{s.networks()[shard/n], from, from + rangeImages}
}

func (s *Stage) knownRange(ctx context.Context, in images, out output, shard int) error {
	known, err := pipelines.Open(out.Job, s.Labelled)
	if err != nil {
		return err
	}
	at := s.placeOf(known, shard)
	p, err := s.predictor(in, out, at.network)
	if err == nil {
		err = s.leaveFeatures(ctx, in, known, out, p, at, shard)
	}
	return at.network.named(err)
}

func (s *Stage) leaveFeatures(ctx context.Context, in, known images, out output, p *train.Predictor, at place, shard int) error {
	w, err := pipelines.CreateWork(out.Job, workName(knownPhase, shard))
	if err != nil {
		return err
	}
	defer w.Discard()
	meter, err := s.meter(in, out)
	if err != nil {
		return err
	}
	err = s.predict(ctx, p, known, at, func(b *predictions) error {
		meter.Add(int64(len(b.labels)), b.bytes)
		return w.Write(encodeFeatures(b))
	})
	if err != nil {
		return err
	}
	return w.Keep()
}

func (s *Stage) planPredict(_ context.Context, in images, out output) (int, error) {
	return len(s.networks()) * ranges(in), nil
}

func (s *Stage) predictRange(ctx context.Context, in images, out output, shard int) error {
	at := s.placeOf(in, shard)
	p, err := s.predictor(in, out, at.network)
	if err == nil {
		err = s.leaveVerdicts(ctx, in, out, p, at, shard)
	}
	return at.network.named(err)
}

// judged is what the shards note of themselves and their network.
type judged struct {
	From        int64   `json:"from"`
	To          int64   `json:"to"`
	Temperature float64 `json:"temperature"`
	Params      int64   `json:"params"`
	Arch        string  `json:"arch"`
}

func (s *Stage) leaveVerdicts(ctx context.Context, in images, out output, p *train.Predictor, at place, shard int) error {
	verdicts, features, err := s.verdicts(ctx, in, out, p, at)
	if err != nil {
		return err
	}
	if !s.Labelled.IsZero() {
		if err := s.vote(ctx, in, out, p, at.network, features, verdicts); err != nil {
			return err
		}
	}
	w, err := pipelines.CreateWork(out.Job, workName(predictPhase, shard))
	if err != nil {
		return err
	}
	defer w.Discard()
	if err := w.Write(encodeVerdicts(verdicts)); err != nil {
		return err
	}
	if err := w.Keep(); err != nil {
		return err
	}
	return out.SetShardNote(judged{at.from, at.to, p.Temperature(), p.Spec().Params(), p.Spec().Arch.String()})
}

// verdicts are those of a range of images, with their features.
func (s *Stage) verdicts(ctx context.Context, in images, out output, p *train.Predictor, at place) (verdicts []verdict, features []float32, err error) {
	classes, err := classesOf(in)
	if err != nil {
		return nil, nil, err
	}
	room := make([]float64, len(classes))
	meter, err := s.meter(in, out)
	if err != nil {
		return nil, nil, err
	}
	err = s.predict(ctx, p, in, at, func(b *predictions) error {
		for i, label := range b.labels {
			v := verdict{Label: label}
			if !at.network.encoder {
				v = judge(room, b.logits[i*len(classes):(i+1)*len(classes)], label, p.Temperature())
			}
			verdicts = append(verdicts, v)
		}
		features = append(features, b.features...)
		meter.Add(int64(len(b.labels)), b.bytes)
		return nil
	})
	return verdicts, features, err
}

// meter counts the images of both phases, once for each network.
func (s *Stage) meter(in images, out output) (*pipelines.Meter, error) {
	n := index.Count(pipelines.IndexFiles(in))
	if !s.Labelled.IsZero() {
		known, err := pipelines.Open(out.Job, s.Labelled)
		if err != nil {
			return nil, err
		}
		n += index.Count(pipelines.IndexFiles(known))
	}
	return out.Meter(n*int64(len(s.networks())), "images"), nil
}

// vote compares images with all known ones, a part of them at a time.
func (s *Stage) vote(ctx context.Context, in images, out output, p *train.Predictor, net network, features []float32, verdicts []verdict) error {
	classes, err := classesOf(in)
	if err != nil {
		return err
	}
	known, err := pipelines.Open(out.Job, s.Labelled)
	if err != nil {
		return err
	}
	n := newNeighbours(features, p.FeatureDim(), s.K, len(classes))
	for r := range ranges(known) {
		err := pipelines.EachWork(ctx, out.Job, workName(knownPhase, net.number*ranges(known)+r), func(record []byte) error {
			labels, features, err := decodeFeatures(record, p.FeatureDim(), len(classes))
			if err == nil {
				n.look(features, labels, nobody)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for i := range verdicts {
		vote, voted := n.vote(i)
		verdicts[i].Near = voted && vote == verdicts[i].Label
	}
	return nil
}

// sum adds up what was made of all images by a network.
func (s *Stage) sum(ctx context.Context, in images, out output, net network) (*Model, error) {
	classes, err := classesOf(in)
	if err != nil {
		return nil, err
	}
	notes, err := pipelines.PhaseNotes[judged](out.Job, predictPhase)
	if err != nil {
		return nil, err
	}
	n := ranges(in)
	var by judged
	if n > 0 {
		by = notes[net.number*n]
	}
	t := newTally(len(classes), by.Temperature)
	for r := range n {
		if note := notes[net.number*n+r]; note.From != int64(r)*rangeImages || note.To != int64(r+1)*rangeImages {
			return nil, fmt.Errorf("images %d to %d: %w", note.From, note.To, errWork)
		}
		err := pipelines.EachWork(ctx, out.Job, workName(predictPhase, net.number*n+r), func(record []byte) error {
			verdicts, err := decodeVerdicts(record, len(classes))
			for i := range verdicts {
				t.add(&verdicts[i])
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if t.at.Images == 0 {
		return nil, errors.New("there is no labelled image to evaluate on")
	}
	m := t.model()
	m.Params, m.Arch = by.Params, by.Arch
	return m, nil
}

func workName(phase string, shard int) string { return fmt.Sprintf("%s-%05d.tfrecord", phase, shard) }
