// Package artifact is how a stage's output rests on disk: an immutable folder
// of data files and, written last, manifest.json. A folder without a manifest
// is no artifact.
//
// The manifest holds nothing that differs between two runs of the same graph
// (no times, no host): the same inputs give the same bytes. Times are in
// timings.json beside it, which nothing depends on.
package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sort"

	"github.com/retort-ml/retort/internal/crc32c"
	"github.com/retort-ml/retort/io/blob"
)

// Schema is the newest version of the manifest's layout that this code reads. A
// manifest is written in the oldest that says what it has to: 2 is that of files
// with blocks.
const Schema = 2

// File names inside an artifact's folder that are not data.
const (
	ManifestName = "manifest.json"
	TimingsName  = "timings.json"
)

// Manifest describes one finished artifact.
type Manifest struct {
	Schema      int               `json:"schema"`
	Kind        string            `json:"kind"`              // what the edge carries: images, views, encoder, …
	Stage       string            `json:"stage"`             // the stage's name in the graph
	Type        string            `json:"type"`              // the stage's Go type
	Version     int               `json:"version"`           // the stage type's version
	Fingerprint string            `json:"fingerprint"`       // hex SHA-256 of type, version, config and inputs
	Content     string            `json:"content,omitempty"` // as Fingerprint, of what the inputs hold instead of how they came about
	CodeVersion string            `json:"code_version"`      // of the binary that wrote it
	Config      json.RawMessage   `json:"config"`
	Inputs      map[string]string `json:"inputs"` // input stage -> fingerprint
	Files       []File            `json:"files"`  // sorted by name
	Counts      map[string]int64  `json:"counts,omitempty"`
	Quarantine  *Quarantine       `json:"quarantine,omitempty"`
	Notes       []string          `json:"notes,omitempty"` // what a reader should know, for people
	Meta        json.RawMessage   `json:"meta,omitempty"`  // what the kind defines (class names, sizes, …)
	// PortMeta is in Meta's place for a port: a part whose files' names begin with it.
	PortMeta map[string]json.RawMessage `json:"port_meta,omitempty"`
	// CRC32C is the CRC-32C of this manifest as Commit writes it with a zero here.
	CRC32C uint32 `json:"manifest_crc32c"`
}

// File is one data file of an artifact.
type File struct {
	Name    string `json:"name"` // relative to the folder, slash-separated
	Records int64  `json:"records,omitempty"`
	Bytes   int64  `json:"bytes"`
	CRC32C  uint32 `json:"crc32c"`
	Blocks  Blocks `json:"blocks,omitempty"`
}

// Timings is what a run of the stage took.
type Timings struct {
	Started string  `json:"started"` // RFC 3339
	Seconds float64 `json:"seconds"`
	Host    string  `json:"host"`
	Runner  string  `json:"runner"`
}

// Bytes is the size of all data files together.
func (m *Manifest) Bytes() int64 {
	var n int64
	for _, f := range m.Files {
		n += f.Bytes
	}
	return n
}

// Load reads dir's manifest. Where there is none the error is fs.ErrNotExist; one
// that is no manifest, or not as it was written, is a *DamageError.
func Load(dir blob.Dir) (*Manifest, error) {
	data, err := dir.ReadFile(ManifestName)
	if err != nil {
		return nil, err
	}
	m, err := Parse(data)
	if err != nil {
		return nil, &DamageError{dir.At(ManifestName), err.Error()}
	}
	return m, nil
}

// Parse decodes a manifest and checks what every reader relies on.
func Parse(data []byte) (*Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("not a manifest: %w", err)
	}
	if m.Schema < 1 || m.Schema > Schema {
		return nil, fmt.Errorf("manifest schema %d; this program reads 1 to %d", m.Schema, Schema)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) || f.Bytes < 0 || f.Records < 0 {
			return nil, fmt.Errorf("manifest lists an impossible file %q", f.Name)
		}
		if _, err := f.Parts(); err != nil {
			return nil, err
		}
	}
	return &m, nil
}

// Commit writes the manifest, which makes the artifact exist.
func Commit(dir blob.Dir, m *Manifest) error {
	data, err := m.encode()
	if err != nil {
		return err
	}
	return dir.WriteFile(ManifestName, data)
}

// CommitNew is Commit where somebody else might, too: of several the first makes
// the artifact. Who finds the very same manifest there has succeeded.
func CommitNew(dir blob.Dir, m *Manifest) error {
	data, err := m.encode()
	if err != nil {
		return err
	}
	w, err := dir.CreateNew(ManifestName)
	if err != nil {
		return err
	}
	defer w.Discard()
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Commit(); !errors.Is(err, fs.ErrExist) {
		return err
	}
	there, err := Load(dir)
	if err == nil && there.CRC32C != m.CRC32C {
		err = fmt.Errorf("%s: another run finished it meanwhile, with other content", dir)
	}
	return err
}

// encode sorts the files, sets schema and checksum and returns the manifest's
// bytes.
func (m *Manifest) encode() ([]byte, error) {
	m.Schema = 1
	if slices.ContainsFunc(m.Files, func(f File) bool { return f.Blocks != "" }) {
		m.Schema = 2
	}
	sort.Slice(m.Files, func(i, j int) bool { return m.Files[i].Name < m.Files[j].Name })
	sum, err := m.sum()
	if err != nil {
		return nil, err
	}
	m.CRC32C = sum
	data, err := json.MarshalIndent(m, "", "  ")
	return append(data, '\n'), err
}

// sum is the checksum of all but itself. It is that of the content, not of the
// bytes: a manifest that only looks different is the same.
func (m *Manifest) sum() (uint32, error) {
	rest := *m
	rest.CRC32C = 0
	data, err := json.MarshalIndent(rest, "", "  ")
	return crc32c.Of(data), err
}

// check tells a manifest that was changed since it was written.
func (m *Manifest) check() error {
	sum, err := m.sum()
	if err != nil {
		return fmt.Errorf("not a manifest: %w", err)
	}
	if sum != m.CRC32C {
		return fmt.Errorf("the manifest was damaged or edited (crc32c %08x, want %08x)", sum, m.CRC32C)
	}
	return nil
}

// LoadTimings reads dir's timings; the zero value where there are none.
func LoadTimings(dir blob.Dir) Timings {
	var t Timings
	if data, err := dir.ReadFile(TimingsName); err == nil {
		_ = json.Unmarshal(data, &t)
	}
	return t
}

// SaveTimings writes t beside the manifest.
func SaveTimings(dir blob.Dir, t Timings) error {
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return dir.WriteFile(TimingsName, append(data, '\n'))
}

// IsAbsent reports whether err from Load means that there is no artifact.
func IsAbsent(err error) bool { return blob.IsAbsent(err) }
