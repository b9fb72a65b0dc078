package synth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MarkerName is the file in a generated folder that says how it was made.
const MarkerName = ".retort-synth.json"

// marker tells our folders from others, and a finished set of the same
// options from one that has to be made.
type marker struct {
	Options Options  `json:"options"`
	Drawing int      `json:"drawing"` // version of the drawing code
	Entries []string `json:"entries"` // what lies in the folder beside the marker
}

// drawing is raised whenever the same options give other bytes.
const drawing = 2

// Generate makes the set in dir:
//
//	dir/<class>/<n>.jpg                          without Test
//	dir/train/<class>/<n>.jpg, dir/test/…        with Test
//	dir/images.tar, or dir/train.tar, dir/test.tar   with Tar
//
// The folder appears whole or not at all, whenever the process is killed. A
// folder that Generate made is kept when it holds the same set, and replaced
// when the options differ. Any other folder that is not empty, and any folder
// to which something was added, is refused.
func Generate(dir string, o Options) error {
	o = o.WithDefaults()
	if err := o.Check(); err != nil {
		return err
	}
	dir = filepath.Clean(dir)
	want := marker{Options: o, Drawing: drawing, Entries: entries(o)}
	done, err := inspect(dir, want)
	if done || err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("synth: cannot make %s: %w", parent, err)
	}
	temp, err := os.MkdirTemp(parent, ".tmp-synth-*")
	if err != nil {
		return fmt.Errorf("synth: cannot write beside %s: %w", dir, err)
	}
	defer os.RemoveAll(temp)
	if err := fillFolder(temp, want); err != nil {
		return fmt.Errorf("synth: cannot write %s: %w (nothing was left behind; choose another --out or make room)", dir, err)
	}
	return replace(dir, temp)
}

// split is one part of the set.
type split struct {
	name string // "" where there is only one
	n    int    // images of each class
}

func splits(o Options) []split {
	if o.Test == 0 {
		return []split{{"", o.PerClass}}
	}
	return []split{{"train", o.PerClass}, {"test", o.Test}}
}

// entries are the names directly below the folder.
func entries(o Options) []string {
	var names []string
	for _, s := range splits(o) {
		switch {
		case o.Tar:
			names = append(names, tarName(s))
		case s.name != "":
			names = append(names, s.name)
		default:
			names = ClassNames(o.Classes)
		}
	}
	slices.Sort(names)
	return names
}

func tarName(s split) string {
	if s.name == "" {
		return "images.tar"
	}
	return s.name + ".tar"
}

// inspect says whether dir already holds the set, or why it cannot be
// written.
func inspect(dir string, want marker) (done bool, err error) {
	found, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.Is(err, fs.ErrPermission):
		return false, fmt.Errorf("synth: cannot read %s: %w", dir, err)
	case err != nil:
		return false, fmt.Errorf("synth: %s is not a folder (choose another --out): %w", dir, err)
	case len(found) == 0:
		return false, nil
	}
	var have marker
	data, err := os.ReadFile(filepath.Join(dir, MarkerName))
	if err != nil || json.Unmarshal(data, &have) != nil {
		return false, fmt.Errorf("synth: %s is not empty and was not made by this program: it holds %s (choose an empty or a new folder)", dir, quoted(found))
	}
	for _, e := range found {
		if e.Name() != MarkerName && !slices.Contains(have.Entries, e.Name()) {
			return false, fmt.Errorf("synth: %s holds %q, which this program did not put there (move it away, or choose another folder)", dir, e.Name())
		}
	}
	same := have.Options == want.Options && have.Drawing == want.Drawing && len(found) == len(have.Entries)+1
	return same, nil
}

// quoted names the first entries of a folder.
func quoted(found []fs.DirEntry) string {
	const shown = 3
	var names []string
	for _, e := range found[:min(len(found), shown)] {
		names = append(names, fmt.Sprintf("%q", e.Name()))
	}
	if more := len(found) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

func fillFolder(dir string, m marker) error {
	for _, s := range splits(m.Options) {
		write := writeFolders
		if m.Options.Tar {
			write = writeTar
		}
		if err := write(dir, m.Options, s); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, MarkerName), append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.Chmod(dir, 0o755)
}

// replace moves temp to dir, over an empty folder or one of ours.
func replace(dir, temp string) error {
	err := os.Rename(temp, dir)
	if err == nil {
		return nil
	}
	old := temp + "-old"
	if err := os.Rename(dir, old); err != nil {
		return fmt.Errorf("synth: cannot replace %s: %w", dir, err)
	}
	if err := os.Rename(temp, dir); err != nil {
		return errors.Join(fmt.Errorf("synth: cannot write %s: %w", dir, err), os.Rename(old, dir))
	}
	return os.RemoveAll(old)
}
