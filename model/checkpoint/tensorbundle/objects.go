package tensorbundle

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// graphKey is the tensor that holds a TF2 checkpoint's object graph.
const graphKey = "_CHECKPOINTABLE_OBJECT_GRAPH"

// Variable is a variable of a TF2 checkpoint's object graph.
type Variable struct {
	Name string // full name: "resnet/conv2d_fixed_padding/conv2d/kernel"
	Key  string // of its tensor in the bundle
}

// Variables lists the variables of a TF2 checkpoint, slots of optimisers among
// them, in the order of its object graph; nil for a checkpoint that has none
// (TF1's: there the keys are the names). A variable that several objects hold is
// listed once.
func (b *Bundle) Variables() ([]Variable, error) {
	if _, ok := b.Entry(graphKey); !ok {
		return nil, nil
	}
	graphs, err := b.Strings(graphKey)
	if err != nil {
		return nil, err
	}
	if len(graphs) != 1 {
		return nil, b.damaged(b.indexPath(), graphKey, "it holds %d object graphs; want 1", len(graphs))
	}
	var all []Variable
	seen := map[string]bool{}
	err = fields(graphs[0], func(number protowire.Number, node value) error {
		if number != 1 { // nodes
			return nil
		}
		return fields(node.bytes, func(number protowire.Number, attribute value) error {
			if number != 2 { // attributes
				return nil
			}
			v, err := parseVariable(attribute.bytes)
			if err == nil && v.Key != "" && v.Name != "" && !seen[v.Key] {
				seen[v.Key] = true
				all = append(all, v)
			}
			return err
		})
	})
	if err != nil {
		return nil, b.damaged(b.indexPath(), graphKey, "it does not parse: %v", err)
	}
	return all, b.haveAll(all)
}

func (b *Bundle) haveAll(all []Variable) error {
	for _, v := range all {
		if _, ok := b.Entry(v.Key); !ok {
			return b.damaged(b.indexPath(), v.Key, "the object graph names it (%s), the index does not", v.Name)
		}
	}
	return nil
}

// parseVariable: 2 full name, 3 key.
func parseVariable(raw []byte) (v Variable, err error) {
	err = fields(raw, func(number protowire.Number, field value) error {
		switch number {
		case 2:
			v.Name = string(field.bytes)
		case 3:
			v.Key = string(field.bytes)
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("an attribute: %w", err)
	}
	return v, err
}
