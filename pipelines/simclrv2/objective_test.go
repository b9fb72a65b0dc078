package simclrv2

import (
	"bytes"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/model/objective"
)

// mine is an objective that another module registers.
type mine struct {
	Weight float64 `json:"weight"`
}

func (*mine) Needs() objective.Needs                     { return objective.Needs{Views: 2, Projection: true} }
func (*mine) Figures() []objective.Figure                { return nil }
func (*mine) Loss(objective.Inputs) (r objective.Result) { return r }

func init() { objective.Register("mine", func() objective.Objective { return &mine{Weight: 1} }) }

// stageConfig is the config of a stage of the graph with some settings.
func stageConfig(t *testing.T, images, stage string, sets ...string) string {
	t.Helper()
	c, err := Load("smoke", "", append([]string{"images=" + images}, sets...))
	if err != nil {
		t.Fatal(err)
	}
	g, err := Build(c, t.TempDir(), "cpu")
	if err != nil {
		t.Fatal(err)
	}
	steps, err := g.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.Name == stage {
			return string(s.Config)
		}
	}
	t.Fatalf("no stage %s", stage)
	return ""
}

// TestObjectivesOfOtherModules: they are chosen by name, with settings of which
// all are in the stage's config.
func TestObjectivesOfOtherModules(t *testing.T) {
	images := stagetest.Folder(t, 8, 2, "a", "b")
	for set, want := range map[string]string{
		"":                                     `"Objective":{"name":"mine","settings":{"weight":1}}`,
		"pretrain.objective_settings.weight=3": `"Objective":{"name":"mine","settings":{"weight":3}}`,
		"pretrain.objective_settings={weight: 3}": `"Objective":{"name":"mine","settings":{"weight":3}}`,
	} {
		sets := []string{"pretrain.objective=mine"}
		if set != "" {
			sets = append(sets, set)
		}
		if got := stageConfig(t, images, "pretrain", sets...); !strings.Contains(got, want) {
			t.Errorf("%s: want %s in %s", set, want, got)
		}
	}
	for set, want := range map[string]string{
		"pretrain.objective_settings.wieght=3":      `pretrain: objective "mine": unknown setting "wieght"; did you mean "weight"?`,
		"pretrain.objective_settings.weight=much":   `pretrain: objective "mine": weight is a string; want a number`,
		"pretrain.objective_settings.temperature=1": `pretrain: objective "mine": temperature is no setting of its own`,
	} {
		c, err := Load("smoke", "", []string{"images=photos", "pretrain.objective=mine", set})
		if err == nil {
			_, err = Build(c, t.TempDir(), "cpu")
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", set, err, want)
		}
	}
}

// TestLateKeysLeaveRunsAlone: keys that came later are neither in the config of a
// stage nor in the text of the report where nobody sets them.
func TestLateKeysLeaveRunsAlone(t *testing.T) {
	images := stagetest.Folder(t, 8, 2, "a", "b")
	if got := stageConfig(t, images, "pretrain"); strings.Contains(got, "bjective") {
		t.Errorf("pretrain: %s", got)
	}
	if got := stageConfig(t, images, "pretrain"); got != stageConfig(t, images, "pretrain", "pretrain.objective=ntxent") {
		t.Errorf("pretrain: the default, said aloud, is another config")
	}
	if got := stageConfig(t, images, "report"); !strings.Contains(got, "temperature") || strings.Contains(got, "objective") {
		t.Errorf("report: %s", got)
	}
	if got := stageConfig(t, images, "report", "pretrain.objective=mine"); !strings.Contains(got, "objective: mine") {
		t.Errorf("report: %s", got)
	}
	var all bytes.Buffer
	if err := Print(&all, Default()); err != nil || !strings.Contains(all.String(), "objective: ntxent") {
		t.Errorf("%v\n%s", err, &all)
	}
}
