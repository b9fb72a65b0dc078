package html

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/retort-ml/retort/internal/dagsvg"
	"github.com/retort-ml/retort/internal/synth"
)

var writeSample = flag.String("sample", "", "write the sample page to this file, to look at it")

// sample is a report like that of a real run, with made-up numbers.
func sample(classes int) Report {
	r := rand.New(rand.NewPCG(1, 2))
	o := synth.Options{}.WithDefaults()
	names := synth.ClassNames(min(classes, synth.MaxClasses))
	for len(names) < classes {
		names = append(names, fmt.Sprintf("n%08d, a synset of many words, or other words", len(names)))
	}
	return Report{
		Title: "shapes: 1 % of the labels", Started: time.Date(2031, 5, 4, 13, 37, 0, 0, time.UTC), Seconds: 271.4, Host: "ada",
		Facts: []Fact{{"Runner", "direct"}, {"Backend", "cpu (AVX-512, 2 cores)"}, {"Version", "v0.1.0-12-g3fd1c2a"}, {"Seed", "7"},
			{"Images", "20,000 unlabelled, 200 labelled, 2,000 test"}},
		Command: "retort run --preset demo --images shapes/train --labels folder --test shapes/test --out runs/shapes",
		Classes: names,
		Models: []Model{
			sampleModel(r, "supervised", classes, 0.52, Model{Stage: "baseline", Arch: "ResNet-18 ×0.25", Labels: 200, Parameters: 701466, Bytes: 2806112}),
			sampleModel(r, "fine-tuned", classes, 0.74, Model{Stage: "finetune", Arch: "ResNet-18 ×0.5", Labels: 200, Parameters: 2797610, Bytes: 11191040, Teacher: true}),
			sampleModel(r, "distilled", classes, 0.78, Model{Stage: "distill", Arch: "ResNet-18 ×0.25", Labels: 200, Parameters: 701466, Bytes: 2806112, Student: true}),
		},
		Trainings: []Training{
			{Stage: "pretrain", About: "1,560 steps of 256 pairs, 20 epochs, 312 pairs/s, 1 % of the time waiting for data", Charts: []Chart{
				sampleChart(r, "Contrastive loss", "", true, 1560, Series{Name: "loss"}, 11.8, 5.1),
				sampleChart(r, "Contrastive accuracy", UnitShare, false, 1560, Series{Name: "top-1"}, 0.01, 0.83),
				sampleChart(r, "Entropy", "", false, 1560, Series{Name: "nats"}, 5.5, 2.2),
				schedule(1560, 1.6),
			}},
			{Stage: "finetune", About: "180 steps of 64, 60 epochs", Charts: []Chart{
				sampleChart(r, "Loss", "", false, 180, Series{Name: "train"}, 2.3, 0.4),
				{Title: "Accuracy", Unit: UnitShare, Series: []Series{
					sampleSeries(r, "train", 180, 0.1, 0.97, 0.02), sampleSeries(r, "held out", 180, 0.1, 0.73, 0.01)}},
				schedule(180, 0.04),
			}},
			{Stage: "distill", Charts: []Chart{{Title: "Loss", Series: []Series{{Name: "loss", X: []Number{100}, Y: []Number{1.5}}}},
				{Title: "Nothing yet", Series: []Series{{Name: "gone", X: []Number{1, 2}, Y: []Number{NaN(), Number(math.Inf(1))}}}}}},
		},
		Views:       sampleViews(o),
		Unsure:      sampleUnsure(r, o, names),
		Graph:       sampleGraph(),
		Config:      "name: shapes\nseed: 7\nviews:\n  size: 32\n  passes: 2      # times each image is augmented\n  strength: 0.5\npretrain:\n  arch: resnet18\n  width: 0.5\n  temperature: 0.1\n  epochs: 20\n",
		Quarantines: sampleQuarantine(o),
	}
}

func sampleModel(r *rand.Rand, name string, classes int, accuracy float64, m Model) Model {
	m.Name, m.TestImages = name, int64(200*classes)
	for range 3 {
		m.Top1 = append(m.Top1, Number(accuracy+0.01*r.NormFloat64()))
		m.Top5 = append(m.Top5, Number(0.9+0.1*accuracy))
		m.ECE = append(m.ECE, Number(0.15*(1-accuracy)+0.002*r.NormFloat64()))
		m.KNN = append(m.KNN, Number(accuracy-0.05))
	}
	m.Confusion = make([][]int64, classes)
	for i := range m.Confusion {
		m.Confusion[i] = make([]int64, classes)
		for range 200 {
			j := i
			if r.Float64() > accuracy+0.1*math.Sin(float64(i)) {
				j = (i + int(math.Abs(2.5*r.NormFloat64()))) % classes
			}
			m.Confusion[i][j]++
		}
	}
	for b := range 10 {
		low := float64(b) / 10
		m.Calibration = append(m.Calibration, Bin{Number(low), Number(low + 0.1), int64(20 * b * b), Number(low + 0.06), Number(max(0, low+0.06-0.25*(1-accuracy)))})
	}
	m.Calibration[0].Confidence, m.Calibration[0].Accuracy = NaN(), NaN()
	return m
}

func sampleSeries(r *rand.Rand, name string, steps int, from, to, noise float64) Series {
	s := Series{Name: name}
	for i := range steps {
		t := 1 - math.Exp(-4*float64(i)/float64(steps))
		s.X = append(s.X, Number(i))
		s.Y = append(s.Y, Number(from+(to-from)*t+noise*r.NormFloat64()))
	}
	return s
}

func sampleChart(r *rand.Rand, title, unit string, log bool, steps int, s Series, from, to float64) Chart {
	return Chart{Title: title, Unit: unit, Log: log, Series: []Series{sampleSeries(r, s.Name, steps, from, to, 0.03*math.Abs(from-to))}}
}

func schedule(steps int, base float64) Chart {
	s := Series{Name: "learning rate"}
	warm := steps / 20
	for i := range steps {
		v := base * 0.5 * (1 + math.Cos(math.Pi*float64(i-warm)/float64(steps-warm)))
		if i < warm {
			v = base * float64(i) / float64(warm)
		}
		s.X, s.Y = append(s.X, Number(i)), append(s.Y, Number(v))
	}
	return Chart{Title: "Learning rate", From0: true, Series: []Series{s}}
}

func thumbnail(o synth.Options, class, n int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, synth.Image(o, "", class, n)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func sampleViews(o synth.Options) []ViewRow {
	var rows []ViewRow
	for i := range 9 {
		rows = append(rows, ViewRow{Name: fmt.Sprintf("train/%s/%05d.jpg", synth.ClassNames(10)[i], i), Label: synth.ClassNames(10)[i],
			Original: thumbnail(o, i, i), A: thumbnail(o, i, i+20), B: thumbnail(o, i, i+40),
			CaptionA: "crop 61 %, flipped, hue +0.08", CaptionB: "crop 22 %, gray"})
	}
	rows[8].A = nil
	return rows
}

func sampleUnsure(r *rand.Rand, o synth.Options, names []string) []Unsure {
	var all []Unsure
	for i := range 12 {
		u := Unsure{Name: fmt.Sprintf("shapes/train.tar/%05d.jpg", 811*i), Image: thumbnail(o, i%10, i), Entropy: Number(2.1 - 0.05*float64(i))}
		p := 0.35
		for k := range min(3, len(names)) {
			u.Guesses = append(u.Guesses, Guess{names[(i+3*k)%len(names)], Number(p)})
			p *= 0.5 + 0.3*r.Float64()
		}
		all = append(all, u)
	}
	all[3].Label = "rings"
	return all
}

func sampleGraph() Graph {
	node := func(name, kind, state string, seconds float64, size int64, counts ...dagsvg.Count) dagsvg.Node {
		return dagsvg.Node{Name: name, Kind: kind, State: state, Counts: counts, Seconds: seconds, Bytes: size}
	}
	g := Graph{Nodes: []dagsvg.Node{
		node("ingest", "images", "kept", 2.1, 4_100_000, dagsvg.Count{Name: "images", N: 20000}, dagsvg.Count{Name: "quarantined", N: 14}),
		node("split", "sets", "kept", 0.3, 310_000, dagsvg.Count{Name: "labelled", N: 200}, dagsvg.Count{Name: "test", N: 2000}),
		node("views", "views", "ran", 11, 123_000_000, dagsvg.Count{Name: "pairs", N: 40000}),
		node("pretrain", "encoder", "ran", 141, 11_500_000, dagsvg.Count{Name: "steps", N: 1560}),
		node("finetune", "classifier", "ran", 22, 11_300_000, dagsvg.Count{Name: "steps", N: 180}),
		node("baseline", "classifier", "ran", 19, 2_800_000, dagsvg.Count{Name: "steps", N: 360}),
		node("label", "targets", "ran", 8, 1_900_000, dagsvg.Count{Name: "targets", N: 40000}),
		node("distill", "classifier", "ran", 60, 2_800_000, dagsvg.Count{Name: "steps", N: 800}),
		node("evaluate", "metrics", "ran", 4, 92_000, dagsvg.Count{Name: "images", N: 2000}),
		node("report", "page", "ran", 0.4, 900_000),
	}}
	for _, e := range [][2]string{{"ingest", "split"}, {"split", "views"}, {"ingest", "views"}, {"views", "pretrain"}, {"pretrain", "finetune"},
		{"split", "finetune"}, {"split", "baseline"}, {"finetune", "label"}, {"split", "label"}, {"label", "distill"}, {"split", "distill"},
		{"baseline", "evaluate"}, {"finetune", "evaluate"}, {"distill", "evaluate"}, {"split", "evaluate"}, {"evaluate", "report"}} {
		g.Edges = append(g.Edges, dagsvg.Edge{From: e[0], To: e[1]})
	}
	return g
}

func sampleQuarantine(o synth.Options) []Quarantine {
	q := Quarantine{Stage: "ingest", Total: 14, Of: 20014, File: "runs/shapes/ingest/quarantine.jsonl",
		Reasons: []Reason{{"corrupt", "the bytes contradict their format", 2}, {"truncated", "the bytes end before the image does", 11}, {"too-many-pixels", "", 1}}}
	for i := range 12 {
		q.First = append(q.First, Rejected{Name: fmt.Sprintf("photos/%s/%05d.jpg", "a long folder name with spaces", i), Reason: "truncated",
			Detail: "unexpected end of file after 812 bytes"})
	}
	q.First[1].Image = thumbnail(o, 1, 1)
	return []Quarantine{q, {Stage: "views", Of: 20000}}
}

func TestWriteSample(t *testing.T) {
	if *writeSample == "" {
		t.Skip("pass -sample FILE to write the sample page")
	}
	for classes, name := range map[int]string{10: *writeSample, 1000: *writeSample + "-1000.html"} {
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := Render(f, sample(classes)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
