package ingest

import "fmt"

// say tells in three lines what was found, as retort inspect does at length: the
// moment to stop a run that has begun on other images than were meant.
func (c *checker) say(written, duplicates, unlabelled int64, classes map[string]int64) {
	set := c.found
	set.Images, set.Unlabelled, set.Classes = written, unlabelled, classes
	for _, line := range append(set.Lines(), fmt.Sprintf("left out: %d copies, %d that cannot be used", duplicates-c.setAside, c.quarantined())) {
		c.out.Message(line)
	}
}
