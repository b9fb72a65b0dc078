package simclrv2

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/backend"
)

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadSaysWhatIsWrongAndWhere(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"misspelt key", "preset: demo\npretrain:\n  epocs: 3\n", `config.yaml:3:3: unknown key "epocs"; did you mean "epochs"?`},
		{"misspelt section", "pretrian:\n  epochs: 3\n", `config.yaml:1:1: unknown key "pretrian"; did you mean "pretrain"?`},
		{"key of another section", "passes: 3\n", `config.yaml:1:1: unknown key "passes"; did you mean "views.passes"?`},
		{"below the range", "pretrain:\n  temperature: -1\n", `config.yaml:2:16: pretrain.temperature = -1; want > 0 and at most 100`},
		{"excluded bound", "pretrain: {temperature: 0}", `config.yaml:1:25: pretrain.temperature = 0; want > 0 and at most 100`},
		{"above the range", "split:\n  test_fraction: 1\n", `split.test_fraction = 1; want at least 0 and below 1`},
		{"no number", "size: big\n", `config.yaml:1:7: size = "big"; want a whole number`},
		{"number in quotes", "size: \"32\"\n", `size = "32"; want a whole number`},
		{"fraction for a whole number", "size: 32.5\n", `size = 32.5; want a whole number`},
		{"not a number", "pretrain:\n  lr: .nan\n", `pretrain.lr = .nan; want a number`},
		{"infinite", "pretrain:\n  warmup_epochs: .inf\n", `pretrain.warmup_epochs = .inf; want a number`},
		{"huge", "pretrain:\n  warmup_epochs: 1e999\n", `want a number`},
		{"unknown word", "teacher:\n  arch: resnet51\n", `config.yaml:2:9: teacher.arch = "resnet51"; want one of resnet18, resnet34, resnet50, resnet101, resnet152, resnet200; did you mean "resnet50"?`},
		{"no bool", "teacher:\n  sk: maybe\n", `teacher.sk = "maybe"; want true or false`},
		{"value for a section", "teacher: resnet18\n", `config.yaml:1:10: teacher = "resnet18"; want keys with values, such as arch: …`},
		{"section for a value", "size:\n  a: 1\n", `size = a section; want a whole number`},
		{"nothing for a value", "size:\n", `size = nothing; want a whole number`},
		{"number for a text", "labels: 12\n", `labels = 12; want text (in quotes: "12")`},
		{"list with a number", "images: [a, 3]\n", `images = a list; want a list of texts`},
		{"no mapping", "- a\n- b\n", `config.yaml:1:1: the config = a list; want keys with values`},
		{"twice", "size: 32\nsize: 64\n", `config.yaml:2:1: `},
		{"two documents", "size: 32\n---\nsize: 64\n", `a second document starts here`},
		{"broken", "size: [1\n", `config.yaml:`},
		{"unknown preset", "preset: demoo\n", `config.yaml:1:9: unknown preset "demoo"; did you mean "demo"?`},
		{"unknown alias", "size: *x\n", `size has no value`},
		{"unsigned", "seed: -1\n", `seed = -1; want a whole number, at least 0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load("", write(t, c.yaml), nil)
			if err == nil {
				t.Fatalf("no error; want %s", c.want)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestLoadReportsEveryProblem(t *testing.T) {
	_, err := Load("", write(t, "size: 1\nseeed: 2\n"), []string{"views.passes=0"})
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Fatalf("got %v; want three lines", err)
	}
}

func TestSet(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"distill.epoch=3", `--set distill.epoch=3: unknown key "distill.epoch"; did you mean "distill.epochs"?`},
		{"epochs=3", `unknown key "epochs"; did you mean "pretrain.epochs"?`},
		{"distill.epochs=0", `--set distill.epochs=0: distill.epochs = 0; want at least 1 and at most 100000`},
		{"distill.epochs=", `distill.epochs has no value`},
		{"distill.epochs", `want key=value`},
		{"distill=3", `distill is a section; set one of its keys: epochs, `},
		{"size.x=3", `size has no keys of its own`},
		{"views.store=pixel", `views.store = "pixel"; want one of pixels, recipe; did you mean "pixels"?`},
		{"images=[a", `--set images=[a: `},
		{"pretrain.objective=ntxnet", `pretrain.objective = "ntxnet"; want one of mine, ntxent; did you mean "ntxent"?`},
		{"pretrain.objective=distill", `pretrain.objective = "distill"; want one of mine, ntxent`},
		{"pretrain.objective_settings=3", `pretrain.objective_settings = 3; want keys with numbers`},
		{"pretrain.objective_settings.x=[1]", `pretrain.objective_settings.x = a list; want a number, a text, true or false`},
		{"pretrain.objective_settings.x=", `pretrain.objective_settings.x has no value`},
		{"pretrain.objective_setings.x=1", `unknown key "pretrain.objective_setings.x"`},
	} {
		_, err := Load("demo", "", []string{c.set})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("--set %s:\ngot  %v\nwant %s", c.set, err, c.want)
		}
	}
	c, err := Load("demo", "", []string{"distill.epochs=3", "labels=a: b=c", "images=[x, 'y z']", "test=one", "teacher.sk=true", "pretrain.lr=1e-05"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Distill.Epochs != 3 || c.Labels != "a: b=c" || !reflect.DeepEqual(c.Images, []string{"x", "y z"}) ||
		!reflect.DeepEqual(c.Test, []string{"one"}) || !c.Teacher.SK || c.Pretrain.LearningRate != 1e-05 {
		t.Errorf("got %+v", c)
	}
}

func TestLayers(t *testing.T) {
	file := write(t, "# mine\npreset: smoke\nsize: &s 48\nviews: {passes: 3}\n")
	c, err := Load("", file, []string{"views.passes=5"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Size != 48 || c.Views.Passes != 5 || c.Ingest.MaxImages != 400 {
		t.Errorf("got size %d, passes %d, max_images %d; want 48 5 400", c.Size, c.Views.Passes, c.Ingest.MaxImages)
	}
	if c, err = Load("demo", file, nil); err != nil || c.Ingest.MaxImages != 0 || c.Size != 48 {
		t.Errorf("the preset of the command line does not go before the file's: %+v, %v", c, err)
	}
	if _, err = Load("", write(t, "\n# nothing\n"), nil); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

func TestPresetsAreLegal(t *testing.T) {
	for _, p := range Presets {
		if err := Schema.Check(p.Make()); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

func TestPrintIsReadBackIdentically(t *testing.T) {
	for _, p := range Presets {
		var b bytes.Buffer
		if err := Print(&b, p.Make()); err != nil {
			t.Fatal(err)
		}
		if back, err := Load("", write(t, b.String()), nil); err != nil || !reflect.DeepEqual(back, p.Make()) {
			t.Errorf("%v\ngot  %+v\nwant %+v\n%s", err, back, p.Make(), b.String())
		}
	}
}

func TestBackendsAreThoseThatThereAre(t *testing.T) {
	for _, f := range Schema.Flags() {
		if f.Name == "backend" && f.Doc != "what computes networks; one of "+strings.Join(backend.Names(), ", ") {
			t.Errorf("%q; there are %q", f.Doc, backend.Names())
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{"", "size: 32", "a: &x [1, *x]", "pretrain: {epochs: 1, <<: *y}", "? a\n: b", "!!int 3", "- - -", "a:\n\tb"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := Load("demo", write(t, string(data)), nil); err == nil {
			if err := Schema.Check(c); err != nil {
				t.Errorf("got through: %v", err)
			}
		}
	})
}
