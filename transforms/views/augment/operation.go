package augment

import (
	"fmt"
	"reflect"
	"strings"
)

// Operation is what is told of one of the things that are done to a view.
type Operation struct {
	Name     string
	Doc      string    // what it does to a view
	Like     string    // whose behaviour it has, and where it differs
	Settings []Setting // fields of Config
	Numbers  []Number  // what it leaves in a recipe
	Tag      uint8     // of an extension in recipes; 0: it is in the first RecipeBytes bytes
}

// Setting is one field of Config.
type Setting struct {
	Field   string // in Config
	Key     string // in JSON and YAML
	Doc     string
	Range   string // "0..1", "0<..1" (0 itself is excluded); empty: words
	Default string // of an extension, once it is on
}

// Number is one number of a recipe.
type Number struct {
	Name     string
	Doc      string
	From, To float32 // of an extension: the values it may have
	Whole    bool    // only whole numbers
}

// operation is a row of the table.
type operation struct {
	Operation
	config   func(c *Config) any          // a pointer to its settings
	validate func(c *Config, want wanted) // nil: there is nothing to say beyond an extension's ranges
	caption  func(r *Recipe) string       // empty where it was not applied; nil: see extension.words

	extension
}

// extension is what Draw and Renderer call of an operation through the table. Its
// numbers in a recipe are all zero where it is not applied.
type extension struct {
	tag uint8 // never given to another: of its numbers in recipes and of its random words; 1..255

	chance func(c *Config) float64
	// draw draws its numbers, once chance has decided for it; none, where it cannot be done.
	draw   func(c *Config, s stream) Numbers
	render func(v *Renderer, width, height int, c *Config, n Numbers)
	words  func(n Numbers) string // for the caption
}

// Operations describes every operation, in the order in which they are done.
func Operations() []Operation {
	all := make([]Operation, len(operations))
	for i, op := range operations {
		all[i] = op.Operation
		all[i].Tag = op.tag
		all[i].Settings = settingsOf(op.config(new(Config)))
	}
	return all
}

// settingsOf reads the tags of the struct that p points to.
func settingsOf(p any) []Setting {
	var all []Setting
	for _, f := range reflect.VisibleFields(reflect.TypeOf(p).Elem()) {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, Setting{Field: f.Name, Key: key, Doc: f.Tag.Get("doc"), Range: f.Tag.Get("range"), Default: f.Tag.Get("default")})
	}
	return all
}

// check says what is wrong with the operation's settings. Those of an extension that
// is off have no say and are not looked at, but for the probability, the first.
func (op *operation) check(c *Config, want wanted) {
	if op.tag != 0 {
		v := reflect.ValueOf(op.config(c)).Elem()
		for i, s := range settingsOf(op.config(c)) {
			x := numberOf(v.Field(i))
			want(s.allows(x), s.Field, x, s.Range)
			if op.chance(c) == 0 {
				return
			}
		}
	}
	if op.validate != nil {
		op.validate(c, want)
	}
}

// numberOf is a setting's value; settings of extensions are numbers (a test sees to it).
func numberOf(v reflect.Value) float64 {
	if v.CanInt() {
		return float64(v.Int())
	}
	return v.Float()
}

// allows reports whether x lies in the range of the setting.
func (s Setting) allows(x float64) bool {
	low, high, err := s.bounds()
	if err != nil {
		panic(err) // a test visits every range
	}
	return x <= high && (x > low || x == low && !strings.Contains(s.Range, "<.."))
}

func (s Setting) bounds() (low, high float64, err error) {
	if _, err = fmt.Sscanf(strings.Replace(strings.Replace(s.Range, "<..", " ", 1), "..", " ", 1), "%g %g", &low, &high); err != nil {
		err = fmt.Errorf("augment: %s has the range %q: %w", s.Field, s.Range, err)
	}
	return low, high, err
}

// DefaultExtras are the settings with which the extensions are as others have them,
// all off: who sets a probability gets the usual rest.
func DefaultExtras() Extras {
	var c Config
	for _, op := range extensions {
		v := reflect.ValueOf(op.config(&c)).Elem()
		for i, s := range settingsOf(op.config(&c)) {
			if s.Default != "" {
				if _, err := fmt.Sscan(s.Default, v.Field(i).Addr().Interface()); err != nil {
					panic(fmt.Sprintf("augment: %s has the default %q: %v", s.Field, s.Default, err)) // a test visits every default
				}
			}
		}
	}
	return c.Extras
}

// Used is e without the settings of what is off. A Config with it is the same as one
// that has never heard of them: no artifact is made again because there are more.
func (e Extras) Used() Extras {
	c := Config{Extras: e}
	for _, op := range extensions {
		if op.chance(&c) == 0 {
			reflect.ValueOf(op.config(&c)).Elem().SetZero()
		}
	}
	return c.Extras
}
