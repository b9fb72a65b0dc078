package example

import (
	"bytes"
	"fmt"
	"slices"
)

// Features are all features, by name.
func (e Example) Features() []Feature { return e.features }

// Feature finds a feature by name.
func (e Example) Feature(name string) (Feature, bool) {
	i, ok := slices.BinarySearchFunc(e.features, name, func(f Feature, name string) int {
		return bytes.Compare(f.name, []byte(name))
	})
	if !ok {
		return Feature{}, false
	}
	return e.features[i], true
}

// FeatureError says that an Example does not hold what was asked for.
type FeatureError struct {
	Name  string
	Cause string
}

func (e *FeatureError) Error() string { return fmt.Sprintf("feature %q: %s", e.Name, e.Cause) }

// list finds a feature and checks its kind, and its length unless n is negative.
func (e Example) list(name string, kind Kind, n int) (Feature, error) {
	f, ok := e.Feature(name)
	switch {
	case !ok:
		return f, &FeatureError{name, "absent"}
	case f.kind != kind:
		return f, &FeatureError{name, fmt.Sprintf("holds %v, want %v", f.kind, kind)}
	case n >= 0 && f.n != n:
		return f, &FeatureError{name, fmt.Sprintf("holds %d values, want %d", f.n, n)}
	}
	return f, nil
}

// Bytes returns the one value of a feature of bytes, a view of the decoded bytes.
func (e Example) Bytes(name string) ([]byte, error) {
	f, err := e.list(name, KindBytes, 1)
	if err != nil {
		return nil, err
	}
	for v := range f.Bytes() {
		return v, nil
	}
	return nil, &FeatureError{name, "holds no value"}
}

// Int64 returns the one value of a feature of integers.
func (e Example) Int64(name string) (int64, error) {
	f, err := e.list(name, KindInt64, 1)
	if err != nil {
		return 0, err
	}
	var one [1]int64
	return f.AppendInt64s(one[:0])[0], nil
}

// Float returns the one value of a feature of floats.
func (e Example) Float(name string) (float32, error) {
	f, err := e.list(name, KindFloat, 1)
	if err != nil {
		return 0, err
	}
	var one [1]float32
	return f.AppendFloats(one[:0])[0], nil
}

// Int64s returns all values of a feature of integers.
func (e Example) Int64s(name string) ([]int64, error) {
	f, err := e.list(name, KindInt64, -1)
	if err != nil {
		return nil, err
	}
	return f.AppendInt64s(make([]int64, 0, f.n)), nil
}

// Floats returns all values of a feature of floats.
func (e Example) Floats(name string) ([]float32, error) {
	f, err := e.list(name, KindFloat, -1)
	if err != nil {
		return nil, err
	}
	return f.AppendFloats(make([]float32, 0, f.n)), nil
}

// BytesList returns all values of a feature of bytes, views of the decoded bytes.
func (e Example) BytesList(name string) ([][]byte, error) {
	f, err := e.list(name, KindBytes, -1)
	if err != nil {
		return nil, err
	}
	return slices.AppendSeq(make([][]byte, 0, f.n), f.Bytes()), nil
}
