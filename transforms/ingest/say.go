package ingest

import "fmt"

// say tells in three lines what was found, as retort inspect does at length: the
// moment to stop a run that has begun on other images than were meant.
func (f *finishing) say() {
	set := f.all.Found
	set.Images, set.Unlabelled, set.Classes = f.Written, f.unlabelled, f.Classes
	for _, line := range append(set.Lines(), fmt.Sprintf("left out: %d copies, %d that cannot be used", f.Copies-f.SetAside, f.quarantined())) {
		f.out.Message(line)
	}
}
