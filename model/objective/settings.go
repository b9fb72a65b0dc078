package objective

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/retort-ml/retort/internal/didyoumean"
)

// Common are the settings that a specification has keys of its own for. An
// objective whose fields have these JSON names gets them from there; where one
// is zero, its default holds. All other settings are in the objective's section.
type Common struct {
	Temperature       float64 `json:"temperature,omitempty"`
	Alpha             float64 `json:"alpha,omitempty"`
	ScaleByTauSquared bool    `json:"scale_by_tau_squared,omitempty"`
}

// New makes a registered objective with common settings and those of its own
// section, and checks it.
func New(name Name, common Common, own json.RawMessage) (Objective, error) {
	o, err := start(name)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(common)
	if err == nil {
		err = json.Unmarshal(data, o)
	}
	if err != nil {
		return nil, fmt.Errorf("objective %q: %w", name, err)
	}
	if err := decode(name, o, own); err != nil {
		return nil, err
	}
	return o, check(name, o)
}

// decode sets an objective's own settings, strictly.
func decode(name Name, o Objective, own json.RawMessage) error {
	if len(own) == 0 {
		return nil
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(own, &given); err != nil {
		return fmt.Errorf("objective %q: its settings are %s; want keys with values", name, own)
	}
	known := settingsOf(o)
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if slices.Contains(settingsOf(&Common{}), key) {
			return fmt.Errorf("objective %q: %s is no setting of its own; set that of the training", name, key)
		}
		if !slices.Contains(known, key) {
			return fmt.Errorf("objective %q: unknown setting %q%s", name, key, didyoumean.Hint(key, known))
		}
	}
	err := json.Unmarshal(own, o)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("objective %q: %s is a %s; want %s", name, wrong.Field, wrong.Value, kindOf(wrong.Type))
	}
	return err
}

// kindOf is a Go type for people.
func kindOf(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() <= reflect.Uint64:
		return "a whole number (" + t.String() + ")"
	case t.Kind() <= reflect.Float64:
		return "a number"
	}
	return t.String()
}

// settingsOf are the JSON names of the fields of the struct that o points to.
func settingsOf(o any) (keys []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeOf(o).Elem()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		keys = append(keys, name)
	}
	return keys
}

var figureNames = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// reserved are the names of what every training reports.
var reserved = []string{"step", "learning_rate", "weight_decay", "probe_loss", "probe_accuracy", "knn_accuracy", "images_per_second", "data_wait_share"}

// check says what is wrong with an objective.
func check(name Name, o Objective) error {
	if v, ok := o.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return err
		}
	}
	if n := o.Needs(); n.Views < 0 || n.HeadOnly && !n.Classifier {
		return fmt.Errorf("objective %q: its needs %+v make no sense; want views, and a classifier where the head alone is trained", name, n)
	}
	seen := map[string]bool{}
	for _, f := range o.Figures() {
		if !figureNames.MatchString(f.Name) || slices.Contains(reserved, f.Name) || seen[f.Name] {
			return fmt.Errorf("objective %q: a figure is named %q; want a name of its own, of lower case letters, digits and _, none of %s",
				name, f.Name, strings.Join(reserved, ", "))
		}
		seen[f.Name] = true
	}
	return nil
}

// Choice is an objective with the settings of its own section, all of them, as
// the config of a stage holds it. The zero Choice is none.
type Choice struct {
	Name     Name            `json:"name"`
	Settings json.RawMessage `json:"settings,omitempty"`
}

// IsZero says whether nothing was chosen.
func (c Choice) IsZero() bool { return c.Name == "" }

// Of is the choice of an objective with the settings that it has. Its type must
// be registered.
func Of(o Objective) Choice {
	c := Choice{Name: Name(fmt.Sprintf("%T", o))} // which is no name that can be registered
	for _, name := range Names() {
		if other, err := start(name); err == nil && reflect.TypeOf(other) == reflect.TypeOf(o) {
			c.Name = name
		}
	}
	var err error
	if c.Settings, err = section(o); err != nil { // shows when the choice is checked
		c.Settings = strconv.AppendQuote(nil, err.Error())
	}
	return c
}

// Choose is the choice of a registered objective by name; settings, by their
// JSON names, are laid over its defaults.
func Choose(name Name, settings map[string]any) (Choice, error) {
	o, err := start(name)
	if err != nil {
		return Choice{}, err
	}
	if len(settings) > 0 {
		data, err := json.Marshal(settings)
		if err != nil {
			return Choice{}, fmt.Errorf("objective %q: %w", name, err)
		}
		if err := decode(name, o, data); err != nil {
			return Choice{}, err
		}
	}
	own, err := section(o)
	if err != nil {
		return Choice{}, fmt.Errorf("objective %q: %w", name, err)
	}
	return Choice{Name: name, Settings: own}, nil
}

// section is an objective's own settings as JSON, nil where it has none.
func section(o Objective) (json.RawMessage, error) {
	data, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	for _, key := range settingsOf(&Common{}) {
		delete(all, key)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return json.Marshal(all)
}
