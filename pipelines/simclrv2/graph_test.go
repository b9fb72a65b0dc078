package simclrv2

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/pipelines"
)

// fingerprints of a graph's stages by name.
func fingerprints(t *testing.T, g *pipelines.Graph) map[string]string {
	t.Helper()
	steps, err := g.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, s := range steps {
		all[s.Name] = s.Fingerprint
	}
	return all
}

func source(t *testing.T) Config {
	c := Smoke()
	c.Images = []string{stagetest.Folder(t, 8, 2, "a", "b")}
	return c
}

func build(t *testing.T, c Config) *pipelines.Graph {
	t.Helper()
	g, err := Build(c, t.TempDir(), "cpu")
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var stages = []string{"ingest", "split", "views", "pretrain", "labelled-views", "finetune", "baseline", "distill-views", "label", "distill", "evaluate", "report"}

// TestPartsMakeTheReadyGraph composes the graph by hand: whoever leaves out or
// replaces one line of it leaves the others as they are.
func TestPartsMakeTheReadyGraph(t *testing.T) {
	for _, alpha := range []float64{1, 0.5} {
		c := source(t)
		c.Distill.Alpha = alpha
		g := pipelines.New("by hand", pipelines.Root(t.TempDir()))
		e := Edges{Images: Ingest(g, c)}
		e.Sets = Split(g, c, e)
		e.Views = PretrainViews(g, c, e)
		e.Encoder = Pretrain(g, c, e)
		e.LabelledViews = LabelledViews(g, c, e)
		e.Finetuned = Finetune(g, c, e)
		e.Baseline = Baseline(g, c, e)
		e.UnlabelledViews = UnlabelledViews(g, c, e)
		e.Targets = Label(g, c, e)
		e.Distilled = Distill(g, c, e)
		e.Metrics = Evaluate(g, c, e)
		e.Report = Report(g, c, e)
		ready := build(t, c)
		if !slices.Equal(ready.Names(), stages) || !slices.Equal(g.Names(), stages) {
			t.Fatalf("by hand %q\nready   %q", g.Names(), ready.Names())
		}
		hand, want := fingerprints(t, g), fingerprints(t, ready)
		for _, name := range stages {
			if hand[name] != want[name] {
				t.Errorf("%s: the part makes another stage than Build", name)
			}
		}
	}
}

// Keep keeps every image.
type Keep struct{}

func (k *Keep) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	emit(img)
	return nil
}

// TestEverythingFollowsTheImages puts a stage between ingest and split: nothing
// of the graph but ingest is what it was, and none reads ingest any more.
func TestEverythingFollowsTheImages(t *testing.T) {
	c := source(t)
	ready := fingerprints(t, build(t, c))
	g := pipelines.New("filtered", pipelines.Root(t.TempDir()))
	e, err := Compose(g, c, pipelines.Add(g, "keep", pipelines.Each(&Keep{}), Ingest(g, c)))
	if err != nil {
		t.Fatal(err)
	}
	steps, err := g.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.Name != "keep" && slices.Contains(s.Inputs, "ingest") {
			t.Errorf("%s reads the images as they were before the stage between", s.Name)
		}
		if same := s.Fingerprint == ready[s.Name]; same != (s.Name == "ingest") {
			t.Errorf("%s: as in the ready graph: %v", s.Name, same)
		}
	}
	for _, edge := range []pipelines.Input{e.Images, e.Sets.Train, e.Sets.Labelled, e.Sets.Unlabelled, e.Sets.Test, e.Views, e.Encoder,
		e.LabelledViews, e.Finetuned, e.Baseline, e.UnlabelledViews, e.Targets, e.Distilled, e.Metrics, e.Report} {
		if edge.IsZero() {
			t.Errorf("an edge of %T carries nothing", edge)
		}
	}
	if !e.Tests.IsZero() {
		t.Error("there is a test set that the config does not name")
	}
}

func TestCompleteLeavesWhatIsThere(t *testing.T) {
	c := source(t)
	c.Test = []string{stagetest.Folder(t, 8, 1, "a", "b")}
	g := pipelines.New("mine", pipelines.Root(t.TempDir()))
	e := Edges{Images: Ingest(g, c), Tests: pipelines.Add(g, "tests", pipelines.Each(&Keep{}), IngestTests(g, c))}
	e.Sets = Split(g, c, e)
	e.Views = PretrainViews(g, c, e)
	e.Encoder = pipelines.Add(g, "mine", &Mine{}, e.Views)
	before := e
	if err := Complete(g, c, &e); err != nil {
		t.Fatal(err)
	}
	if e.Images != before.Images || e.Tests != before.Tests || e.Sets != before.Sets || e.Views != before.Views || e.Encoder != before.Encoder {
		t.Error("Complete replaced what was there")
	}
	want := []string{"ingest", "ingest-test", "tests", "split", "views", "mine", "labelled-views", "finetune", "baseline", "distill-views", "label", "distill", "evaluate", "report"}
	if !slices.Equal(g.Names(), want) {
		t.Errorf("got  %q\nwant %q", g.Names(), want)
	}
	for name, in := range map[string]string{"split": "tests", "finetune": "mine", "evaluate": "mine", "report": "mine"} {
		if !slices.Contains(inputs(t, g, name), in) {
			t.Errorf("%s does not read %s", name, in)
		}
	}
}

// Mine stands for a pretraining of one's own.
type Mine struct{}

func (*Mine) Run(context.Context, pipelines.Artifact[pipelines.Views], *pipelines.Output[pipelines.Encoder]) error {
	return nil
}

func inputs(t *testing.T, g *pipelines.Graph, stage string) []string {
	t.Helper()
	steps, err := g.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.Name == stage {
			return s.Inputs
		}
	}
	t.Fatalf("no stage %s", stage)
	return nil
}

// TestStagesCanBeLeftOut evaluates and reports on what there is.
func TestStagesCanBeLeftOut(t *testing.T) {
	c := source(t)
	g := pipelines.New("few labels alone", pipelines.Root(t.TempDir()))
	e := Edges{Images: Ingest(g, c)}
	e.Sets = Split(g, c, e)
	e.LabelledViews = LabelledViews(g, c, e)
	e.Baseline = Baseline(g, c, e)
	e.Metrics = Evaluate(g, c, e)
	e.Report = Report(g, c, e)
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	if got := inputs(t, g, "evaluate"); !slices.Equal(got, []string{"split", "baseline", "ingest"}) {
		t.Errorf("evaluate reads %q", got)
	}
}

func TestMultiCropEndsWithViews(t *testing.T) {
	c := source(t)
	c.Size, c.Views.Augmentation = 224, "swav"
	if got := build(t, c).Names(); !slices.Equal(got, []string{"ingest", "split", "views"}) {
		t.Errorf("got %q", got)
	}
	g := pipelines.New("multi-crop", pipelines.Root(t.TempDir()))
	e := Edges{Images: Ingest(g, c)}
	e.Sets = Split(g, c, e)
	e.Views = PretrainViews(g, c, e)
	e.Encoder = pipelines.Add(g, "mine", &Mine{}, e.Views)
	if err := Complete(g, c, &e); err != nil || e.Report.IsZero() {
		t.Errorf("with a trainer of one's own the graph does not go on: %v", err)
	}
}

func TestBuildSaysWhatIsWrong(t *testing.T) {
	for _, wrong := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Images = nil }, "images is empty; want folders"},
		{func(c *Config) { c.Teacher.Arch = "vgg" }, `arch = "vgg"; want resnet18`},
		{func(c *Config) { c.Student.Arch = "resnet19" }, "19"},
		{func(c *Config) { c.Views.Compression = "lzma" }, "lzma"},
		{func(c *Config) { c.Views.Augmentation = "swav" }, "set size: 224"},
		{func(c *Config) { c.Views.Augmentation = "auto" }, `views.augmentation = "auto"; want simclrv2`},
	} {
		c := source(t)
		wrong.change(&c)
		_, err := Build(c, t.TempDir(), "cpu")
		if err == nil || !strings.Contains(err.Error(), wrong.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v; want one line with %s", err, wrong.want)
		}
	}
	c := source(t)
	c.Teacher.Arch = "vgg"
	g := pipelines.New("parts", pipelines.Root(t.TempDir()))
	Baseline(g, c, Edges{})
	if err := g.Check(); err == nil || !strings.Contains(err.Error(), `arch = "vgg"; want resnet18`) {
		t.Errorf("the graph's Check says %v", err)
	}
}
