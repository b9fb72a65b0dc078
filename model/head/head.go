// Package head builds what sits on an encoder: the projection head that the
// contrastive loss is taken on, and the linear supervised head (Chen et al.
// 2020, section 2).
package head

import (
	"fmt"

	"github.com/retort-ml/retort/model/nn"
)

// Projection is the multi-layer head between encoder and contrastive loss.
// Every layer is Dense, batch normalisation, ReLU, as wide as the features; the
// last one is Dense to Dim, then a normalisation that scales only.
type Projection struct {
	Layers int // the paper's is 3; 0 is no head
	Dim    int // of the output; the paper's is 128
}

// Validate says what is wrong with a head.
func (p Projection) Validate() error {
	if p.Layers < 0 || p.Layers > 16 {
		return fmt.Errorf("head: layers = %d; want 0 to 16 (the paper's is 3)", p.Layers)
	}
	if p.Layers > 0 && p.Dim < 1 {
		return fmt.Errorf("head: dim = %d; want at least 1 (the paper's is 128)", p.Dim)
	}
	return nil
}

// Project builds the first keep layers under the scope "head_contrastive" and
// returns every level of the head: features [B, F] first (level 0), then the
// output of each layer. A selector (the reference's ft_proj_selector) indexes
// these levels: 0 is the encoder's output, 1 is after the first layer.
func (p Projection) Project(b *nn.Builder, features nn.Map, keep int) []nn.Map {
	levels := []nn.Map{features}
	x, width := features, features.Channels()
	b.Scope("head_contrastive", func() {
		for i := range min(keep, p.Layers) {
			b.Scope(fmt.Sprintf("nl_%d", i), func() {
				if i == p.Layers-1 {
					x = b.BatchNorm(b.Dense(x, p.Dim, false, false), nn.Norm{NoBeta: true, Linear: true})
				} else {
					x = b.BatchNorm(b.Dense(x, width, false, false), nn.Norm{})
				}
			})
			levels = append(levels, x)
		}
	})
	return levels
}

// SupervisedScope begins the names of the supervised head's variables. The
// optimisers treat them apart.
const SupervisedScope = "head_supervised"

// Supervised is the linear classifier: x [B, F] -> logits [B, classes]. It starts at
// zero for linear evaluation and fine-tuning, else from N(0, 0.01).
func Supervised(b *nn.Builder, x nn.Map, classes int, zero bool) (logits nn.Map) {
	b.Scope(SupervisedScope+"/linear_layer", func() {
		logits = b.Dense(x, classes, true, zero)
	})
	return logits
}
