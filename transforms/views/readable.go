package views

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// CanRead says what keeps the views of an artifact of this stage from being read:
// recipes of a version to come, or with operations that this program does not have.
// Such an artifact is not kept, to fail in the stage that trains on it: it is made
// again.
func (s *Stage) CanRead(m *artifact.Manifest) error { return canReplay(m.Meta) }

// canReplay holds the meta part of a manifest to what replaying its recipes takes;
// stored pixels need nothing of it.
func canReplay(meta []byte) error {
	var m struct {
		Store  string          `json:"store"`
		Recipe int             `json:"recipe_version"`
		Views  json.RawMessage `json:"views"`
	}
	if len(meta) == 0 {
		return nil // whoever reads it will say so
	}
	if err := json.Unmarshal(meta, &m); err != nil {
		return fmt.Errorf("the manifest's meta part cannot be read: %w", err)
	}
	if m.Store != "recipe" {
		return nil
	}
	if m.Recipe > augment.RecipeVersion {
		return fmt.Errorf("its recipes are of version %d; this program reads versions 1 to %d", m.Recipe, augment.RecipeVersion)
	}
	var known []augment.Config
	d := json.NewDecoder(bytes.NewReader(m.Views))
	d.DisallowUnknownFields()
	if err := d.Decode(&known); err != nil {
		return fmt.Errorf("its views have settings that this program does not know: %w", err)
	}
	return nil
}
