// Package table reads the texts that people hand in: tables of labels, lists of
// images, lists of ids. All are read by the same rules, so that what works for
// one works for the others; docs/formats.md, "Tables and lists", is the contract.
//
//	t, err := table.Open("labels.csv", table.Labels)
//	...
//	for row, err := range t.Rows() { … row.Key, row.Label … }
//	for _, note := range t.Notes() { … what a person should know … }
//
// Nothing is dropped in silence: what is not a row is an error that names file,
// line, cause and mend, or is counted in a note. Names then finds the images
// that the keys of rows name.
package table
