package tfcheckpoint

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/checkpoint/tensorbundle"
)

// names are the variables of a bundle by this program's names, which are TF1's.
type names struct {
	bundle *tensorbundle.Bundle
	ema    bool
	keys   map[string]string // name -> key in the bundle
	step   int
}

// Kinds of variables, which end their names; what ends otherwise is a slot of an
// optimiser or a counter.
const kinds = `(kernel|bias|gamma|beta|moving_mean|moving_variance)`

var (
	tf1Variable = regexp.MustCompile(`^(?:base_model|head_contrastive|head_supervised)/.*\b` + kinds + `$`)
	// TF1 keeps moving averages as a second model, or behind each variable.
	emaPrefix, emaSuffix = "ema_model/", "/ExponentialMovingAverage"

	// The numbers of TF2's layers count through the whole process, so that only
	// their order counts; those of heads do not matter, one layer has one of each.
	tf2Encoder    = regexp.MustCompile(`(?:^|/)resnet/(?:.*/)?(conv2d|(?:sync_)?batch_normalization)(?:_(\d+))?/` + kinds + `$`)
	tf2Projection = regexp.MustCompile(`(?:^|/)projection_head/(nl_\d+)/(?:.*/)?(dense|(?:sync_)?batch_normalization)(?:_\d+)?/` + kinds + `$`)
	tf2Supervised = regexp.MustCompile(`(?:^|/)head_supervised/linear_layer/dense(?:_\d+)?/(kernel|bias)$`)
)

// named finds the variables of a bundle. With ema it takes the moving averages,
// and of moving statistics, of which there may be none, the statistics themselves.
func named(b *tensorbundle.Bundle, ema bool) (*names, error) {
	n := &names{bundle: b, ema: ema}
	vars, err := b.Variables()
	if err != nil {
		return nil, err
	}
	if vars != nil {
		n.keys, err = tf2Names(vars)
	} else {
		n.keys = tf1Names(b.Names(), ema)
	}
	if err == nil && ema && vars != nil {
		err = fmt.Errorf("it is a TF2 checkpoint, which holds no moving averages of weights (leave out --ema)")
	}
	if err == nil && ema && len(n.keys) > 0 && n.keys["base_model/conv2d/kernel"] == "" {
		err = fmt.Errorf("it holds no moving averages of weights (%s… or …%s; leave out --ema)", emaPrefix, emaSuffix)
	}
	if err == nil && len(n.keys) == 0 {
		err = fmt.Errorf("it is no checkpoint of SimCLR or SimCLRv2: none of its %d tensors is a variable of one (want base_model/… or, of TF2, resnet/…)", len(b.Names()))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Prefix(), err)
	}
	n.step, err = step(b, vars)
	return n, err
}

// step is the number of updates that the weights have seen, where it is told.
func step(b *tensorbundle.Bundle, vars []tensorbundle.Variable) (int, error) {
	key := "global_step"
	for _, v := range vars {
		if v.Key == "global_step/.ATTRIBUTES/VARIABLE_VALUE" {
			key = v.Key
		}
	}
	if _, ok := b.Entry(key); !ok {
		return 0, nil
	}
	n, err := b.Int(key)
	if err == nil && (n < 0 || n > math.MaxInt32*1024) {
		err = fmt.Errorf("%s: %s is %d", b.Prefix(), key, n)
	}
	return int(n), err
}

func tf1Names(all []string, ema bool) map[string]string {
	keys := map[string]string{}
	for _, name := range all {
		if tf1Variable.MatchString(name) && (!ema || strings.Contains(name, "/moving_")) {
			keys[name] = name
		}
	}
	for _, name := range all {
		plain, ok := strings.CutPrefix(name, emaPrefix)
		if !ok {
			plain, ok = strings.CutSuffix(name, emaSuffix)
		}
		if ema && ok && tf1Variable.MatchString(plain) {
			keys[plain] = name
		}
	}
	return keys
}

func tf2Names(vars []tensorbundle.Variable) (map[string]string, error) {
	keys := map[string]string{}
	add := func(name string, v tensorbundle.Variable) error {
		if other, taken := keys[name]; taken {
			return fmt.Errorf("two variables are %s: %s and %s", name, other, v.Key)
		}
		keys[name] = v.Key
		return nil
	}
	numbers := layerNumbers(vars)
	for _, v := range vars {
		var name string
		if m := tf2Encoder.FindStringSubmatch(v.Name); m != nil && !isSlot(v) {
			kind := strings.TrimPrefix(m[1], "sync_")
			i, _ := slices.BinarySearch(numbers[kind], atoi(m[2]))
			name = "base_model/" + kind
			if i > 0 {
				name += fmt.Sprintf("_%d", i)
			}
			name += "/" + m[3]
		} else if m := tf2Projection.FindStringSubmatch(v.Name); m != nil && !isSlot(v) {
			name = "head_contrastive/" + m[1] + "/" + strings.TrimPrefix(m[2], "sync_") + "/" + m[3]
		} else if m := tf2Supervised.FindStringSubmatch(v.Name); m != nil && !isSlot(v) {
			name = "head_supervised/linear_layer/dense/" + m[1]
		} else {
			continue
		}
		if err := add(name, v); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func isSlot(v tensorbundle.Variable) bool { return strings.Contains(v.Key, "/.OPTIMIZER_SLOT/") }

// layerNumbers are those of the encoder's layers by kind, sorted.
func layerNumbers(vars []tensorbundle.Variable) map[string][]int {
	numbers := map[string][]int{}
	for _, v := range vars {
		if m := tf2Encoder.FindStringSubmatch(v.Name); m != nil && !isSlot(v) {
			kind := strings.TrimPrefix(m[1], "sync_")
			numbers[kind] = append(numbers[kind], atoi(m[2]))
		}
	}
	for kind := range numbers {
		slices.Sort(numbers[kind])
		numbers[kind] = slices.Compact(numbers[kind])
	}
	return numbers
}

// atoi reads digits; none are 0.
func atoi(digits string) (n int) {
	for _, d := range digits {
		n = min(n*10+int(d-'0'), 1<<40)
	}
	return n
}

// key is the entry of a variable, nil where there is none.
func (n *names) key(name string) *tensorbundle.Entry {
	if e, ok := n.bundle.Entry(cmp.Or(n.keys[name], "\x00")); ok {
		return &e
	}
	return nil
}

func (n *names) has(name string, rank int) bool {
	e := n.key(name)
	return e != nil && len(e.Shape) == rank
}

// shapes are those of all variables, by name.
func (n *names) shapes() map[string][]int {
	shapes := map[string][]int{}
	for name := range n.keys {
		shapes[name] = n.key(name).Shape
	}
	return shapes
}

// left lists the bundle's tensors that are not among those taken.
func (n *names) left(taken []checkpoint.Tensor) []string {
	used := map[string]bool{}
	for _, t := range taken {
		used[n.keys[t.Name]] = true
	}
	var left []string
	for _, name := range n.bundle.Names() {
		if !used[name] {
			left = append(left, name)
		}
	}
	return left
}
