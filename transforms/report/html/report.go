// Package html renders a report of a run as one self-contained HTML page: no
// script, no request to anywhere, figures as inline SVG, images as data URIs.
// The page follows the reader's light or dark scheme, prints, and works at
// phone width.
//
// Report is plain data; it marshals to JSON and back without loss, so that a
// page can be rendered again, or a report be read by a program.
package html

import (
	"encoding/json"
	"math"
	"time"

	"github.com/retort-ml/retort/internal/dagsvg"
)

// Number is a float64 that may be NaN or infinite: JSON has no such numbers,
// so they marshal as null, and null reads as NaN. The page shows them as "–".
type Number float64

// NaN is a number that is not known.
func NaN() Number { return Number(math.NaN()) }

// Finite tells whether the number can be shown.
func (n Number) Finite() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON writes null for what is not finite.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Finite() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads null as NaN.
func (n *Number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*n = NaN()
		return nil
	}
	return json.Unmarshal(data, (*float64)(n))
}

// Report is everything that a page shows. Every part may be empty; the page
// then says what is missing and why that can be.
type Report struct {
	Title    string    `json:"title"`              // the run's name
	Headline string    `json:"headline,omitempty"` // one sentence: the result; made from the models where empty
	Started  time.Time `json:"started,omitzero"`   // when the run began
	Seconds  float64   `json:"seconds,omitempty"`  // how long it took, all stages together
	Host     string    `json:"host,omitempty"`     // where it ran
	Facts    []Fact    `json:"facts,omitempty"`    // runner, version, seed, …; shown in order
	Results  []Fact    `json:"results,omitempty"`  // shown below the table of models
	Notes    []string  `json:"notes,omitempty"`    // warnings and remarks, for people

	Classes     []string     `json:"classes,omitempty"`     // names, by label
	Models      []Model      `json:"models,omitempty"`      // supervised, fine-tuned, distilled: one row each
	Trainings   []Training   `json:"trainings,omitempty"`   // curves, one group per training stage
	Views       []ViewRow    `json:"views,omitempty"`       // contact sheet
	Unsure      []Unsure     `json:"unsure,omitempty"`      // most unsure first
	Graph       Graph        `json:"graph,omitzero"`        // the stage graph
	Config      string       `json:"config,omitempty"`      // the resolved config, YAML
	Quarantines []Quarantine `json:"quarantines,omitempty"` // one per stage that looked for bad images or records
	Command     string       `json:"command,omitempty"`     // a command line that makes the run again
}

// Fact is a line of the head: Backend — cpu (AVX-512).
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Model is one trained classifier and what it does on the test set. Shares
// are in 0..1; every list holds one value per seed (repeat), and the page
// shows mean ± sample standard deviation when there are several.
type Model struct {
	Name       string   `json:"name"`                  // Distilled
	About      string   `json:"about,omitempty"`       // small print below it
	Stage      string   `json:"stage,omitempty"`       // the stage that trained it
	Arch       string   `json:"arch,omitempty"`        // ResNet-18 ×0.5
	Labels     int64    `json:"labels,omitempty"`      // labelled images that it was trained with, counting its teacher's
	Parameters int64    `json:"parameters,omitempty"`  // trainable numbers
	Bytes      int64    `json:"bytes,omitempty"`       // of its checkpoint
	Top1       []Number `json:"top1,omitempty"`        // share of test images whose best guess is right
	Top5       []Number `json:"top5,omitempty"`        // … whose label is among the best five
	ECE        []Number `json:"ece,omitempty"`         // expected calibration error
	KNN        []Number `json:"knn,omitempty"`         // top-1 of nearest neighbours in feature space
	Teacher    bool     `json:"teacher,omitempty"`     // labels the unlabelled images
	Student    bool     `json:"student,omitempty"`     // the row that the table sets beside the teacher
	TestImages int64    `json:"test_images,omitempty"` // how many the shares are of

	// Confusion[t][p] counts test images of class t that were taken for p. It
	// is square, of the order of Report.Classes, or empty.
	Confusion [][]int64 `json:"confusion,omitempty"`
	// Temperature is what its logits were divided by for the probabilities, and
	// ECEBefore the calibration error without that; 0 where none was fitted.
	Temperature Number `json:"temperature,omitempty"`
	ECEBefore   Number `json:"ece_before,omitempty"`
	// Calibration holds the bins of the reliability diagram, by confidence.
	Calibration []Bin `json:"calibration,omitempty"`
}

// Bin is one bin of a reliability diagram.
type Bin struct {
	Low        Number `json:"low"`  // the bin holds confidences in (Low, High]
	High       Number `json:"high"` //
	N          int64  `json:"n"`    // predictions in it
	Confidence Number `json:"confidence"`
	Accuracy   Number `json:"accuracy"`
}

// Training is the record of one training stage.
type Training struct {
	Stage  string  `json:"stage"`
	About  string  `json:"about,omitempty"` // a line: steps, batch, images a second
	XLabel string  `json:"xlabel,omitempty"`
	Charts []Chart `json:"charts"`
}

// Chart is one line chart.
type Chart struct {
	Title  string   `json:"title"`             // Contrastive loss
	Unit   string   `json:"unit,omitempty"`    // UnitShare prints percents; others are written behind the title
	Log    bool     `json:"log,omitempty"`     // logarithmic y where all values are positive
	From0  bool     `json:"from0,omitempty"`   // the y axis starts at 0
	Series []Series `json:"series"`            // one line each
	XLabel string   `json:"x_label,omitempty"` // default "step"
}

// UnitShare marks values in 0..1 that are shown in percent.
const UnitShare = "share"

// Series is one line: points (X[i], Y[i]) with ascending X. What is not
// finite leaves a gap. Long series are thinned for the page, keeping extremes.
type Series struct {
	Name string   `json:"name"`
	X    []Number `json:"x"`
	Y    []Number `json:"y"`
}

// ViewRow is one row of the contact sheet. The images are encoded PNG, JPEG,
// GIF or WebP; an empty one leaves its cell empty.
type ViewRow struct {
	Name     string `json:"name,omitempty"`  // the image's name
	Label    string `json:"label,omitempty"` // its class, where known
	Original []byte `json:"original,omitempty"`
	A        []byte `json:"a,omitempty"`
	B        []byte `json:"b,omitempty"`
	CaptionA string `json:"caption_a,omitempty"` // from the recipe: crop 61 %, flipped, hue +0.08
	CaptionB string `json:"caption_b,omitempty"`
	// CropA and CropB are what the views show of the original: left, top, width
	// and height as shares of its sides. All zero: not drawn.
	CropA [4]Number `json:"crop_a,omitzero"`
	CropB [4]Number `json:"crop_b,omitzero"`
	// Width and Height are the original's sides, for the place of the crops.
	Width  int `json:"width,omitempty"`
	Height int `json:"height,omitempty"`
}

// Unsure is an image that the teacher is unsure of.
type Unsure struct {
	Name    string  `json:"name"`
	Image   []byte  `json:"image,omitempty"`   // encoded thumbnail
	Label   string  `json:"label,omitempty"`   // its class, where known
	Entropy Number  `json:"entropy"`           // of the teacher's distribution, in nats
	Guesses []Guess `json:"guesses,omitempty"` // best first
}

// Guess is a class and its probability.
type Guess struct {
	Class string `json:"class"`
	P     Number `json:"p"`
}

// Graph is the stage graph.
type Graph struct {
	Nodes []dagsvg.Node `json:"nodes,omitempty"`
	Edges []dagsvg.Edge `json:"edges,omitempty"`
}

// Quarantine is what one stage set aside.
type Quarantine struct {
	Stage   string     `json:"stage"`
	Total   int64      `json:"total"`
	Of      int64      `json:"of"`                // how many were looked at
	Reasons []Reason   `json:"reasons,omitempty"` // shown by falling count
	First   []Rejected `json:"first,omitempty"`   // the first ten are shown
	File    string     `json:"file,omitempty"`    // where all of them are listed
}

// Reason is a reason of the closed list and how often it was met.
type Reason struct {
	Reason  string `json:"reason"`
	Meaning string `json:"meaning,omitempty"` // the reason in words
	N       int64  `json:"n"`
}

// Rejected is one image or record that was set aside.
type Rejected struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
	Image  []byte `json:"image,omitempty"` // encoded thumbnail, where something can be shown
}
