package resnet

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/nn"
)

// TestParamsOfThePaper: millions of parameters of the paper's Table 1, which
// counts the encoder (and rounds).
func TestParamsOfThePaper(t *testing.T) {
	for _, c := range []struct {
		config   Config
		millions float64
	}{
		{Config{50, 1, 0}, 24}, {Config{50, 1, 0.0625}, 35}, {Config{50, 2, 0}, 94}, {Config{50, 2, 0.0625}, 140},
		{Config{101, 1, 0}, 43}, {Config{101, 2, 0.0625}, 257}, {Config{152, 2, 0.0625}, 354}, {Config{152, 3, 0.0625}, 795},
	} {
		if got := float64(c.config.Params()) / 1e6; math.Abs(got-c.millions) > 0.01*c.millions+0.6 {
			t.Errorf("%s has %.1f M parameters, the paper says %v", c.config, got, c.millions)
		}
	}
}

// TestFLOPs against the figures usually given (multiply-adds at 224 pixels).
func TestFLOPs(t *testing.T) {
	for depth, macs := range map[int]float64{18: 1.82e9, 34: 3.67e9, 50: 4.1e9, 101: 7.8e9} {
		if got := float64(Config{Depth: depth, Width: 1}.FLOPs(224)) / 2; math.Abs(got-macs) > 0.1*macs {
			t.Errorf("ResNet-%d: %.3g multiply-adds, usually %.3g", depth, got, macs)
		}
	}
}

// TestEveryConfigDeclares: any depth, width and size gives sane variables.
func TestEveryConfigDeclares(t *testing.T) {
	for _, depth := range Depths() {
		for _, width := range []float64{0.01, 0.0625, 0.3, 1, 2.5} {
			for _, sk := range []float64{0, 0.0625, 1} {
				for _, size := range []int{1, 7, 32, 33, 64} {
					c := Config{depth, width, sk}
					if err := c.Validate(); err != nil {
						t.Fatal(err)
					}
					checkDeclaration(t, fmt.Sprintf("%s at %d", c, size), c.Declaration(size))
				}
			}
		}
	}
}

func checkDeclaration(t *testing.T, what string, d nn.Declaration) {
	t.Helper()
	seen := map[string]bool{}
	for _, v := range d.Variables {
		if seen[v.Name] || v.Size() < 1 || !strings.HasPrefix(v.Name, "base_model/") {
			t.Fatalf("%s: variable %s twice, empty or misplaced", what, v)
		}
		seen[v.Name] = true
	}
	if d.FLOPs <= 0 || d.Params() <= 0 {
		t.Fatalf("%s: %d FLOPs, %d parameters", what, d.FLOPs, d.Params())
	}
}

// TestLastGammaOfEveryBlockStartsAtZero, so that every residual block starts as
// its shortcut.
func TestLastGammaOfEveryBlockStartsAtZero(t *testing.T) {
	for depth, blocks := range map[int]int{18: 8, 34: 16, 50: 16, 101: 33, 152: 50, 200: 66} {
		zeros := 0
		for _, v := range (Config{Depth: depth, Width: 0.125}).Declaration(64).Variables {
			if v.Kind == nn.Gamma && v.Init.Mean == 0 {
				zeros++
			}
		}
		if zeros != blocks {
			t.Errorf("ResNet-%d: %d gammas start at 0, want %d", depth, zeros, blocks)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []Config{{19, 1, 0}, {50, 0, 0}, {50, -1, 0}, {50, math.NaN(), 0}, {50, 1000, 0}, {50, 1, -0.1}, {50, 1, 2}} {
		if c.Validate() == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}
