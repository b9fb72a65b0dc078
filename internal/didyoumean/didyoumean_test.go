package didyoumean

import "testing"

func TestHint(t *testing.T) {
	known := []string{"pretrain", "finetune", "distill"}
	for name, want := range map[string]string{
		"pretrian": `; did you mean "pretrain"?`,
		"Distil":   `; did you mean "distill"?`,
		"zzz":      `; known: pretrain, finetune, distill`,
	} {
		if got := Hint(name, known); got != want {
			t.Errorf("Hint(%q) = %q, want %q", name, got, want)
		}
	}
}
