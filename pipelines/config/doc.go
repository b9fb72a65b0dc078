// Package config loads the settings of a graph: a plain struct, whose tags say
// all that there is to say about a key.
//
//	type Config struct {
//		Images []string `yaml:"images" flag:"images" doc:"folders of images"`
//		Sharp  struct {
//			MinVariance float64 `yaml:"min_variance" range:"0.." doc:"of the Laplacian"`
//		} `yaml:"sharp"`
//	}
//
// yaml is the key ("-": none, the field belongs to the program); doc is the
// comment that [Schema.Print] puts beside it; range is the legal range ("1..",
// "0..1", "0<..10": 0 itself is not in it, "0..<1": 1 itself is not); oneof
// lists the legal words; late:"yes" is for keys that came when there were runs
// already ([Schema.Record]). A struct is a section, an embedded one stands for
// its keys. Values are texts, lists of texts, bools, int, int64, uint64, float64,
// and map[string]any for keys that are known elsewhere. A type of text with a
// method Words() []string says there which words are legal.
//
// [Schema.Load] lays a preset, a YAML file and settings of a command line over
// each other. Nothing misspelt or out of range goes through: each problem is a
// line of the error, with file, line and column, what is legal and the nearest
// name.
package config
