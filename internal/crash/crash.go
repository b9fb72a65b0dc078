// Package crash kills the process at named points of the code, as a power cut
// or kill -9 would: tests run the program to such a point, run it again, and
// compare what it made with what an undisturbed run makes.
//
// Nothing arms it outside of tests; a point that is not armed costs one load.
package crash

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// Point names a place where a crash leaves something half done.
type Point string

// The points, in the order in which a stage passes them.
const (
	ManifestRemoved Point = "manifest-removed" // an old artifact is being cleared: its data are still there
	StageCleared    Point = "stage-cleared"    // the stage's folder is empty
	StagePrepared   Point = "stage-prepared"   // it is marked for the stage that is about to run
	SpillSorted     Point = "spill-sorted"     // ingest has sorted its references, the index is not written
	FileWritten     Point = "file-written"     // a file lies under its temporary name, not synced
	FileSynced      Point = "file-synced"      // the same, synced
	FileRenamed     Point = "file-renamed"     // it has its name, the folder is not synced
	ShardWritten    Point = "shard-written"    // a shard's files are there, its report is not
	BeforeManifest  Point = "before-manifest"  // all data are there, the manifest is not
	AfterManifest   Point = "after-manifest"   // the artifact exists, its traces of work are not cleared
	TidyHalfway     Point = "tidy-halfway"     // shard reports are gone, the marker is not
)

// Points lists them all.
var Points = []Point{ManifestRemoved, StageCleared, StagePrepared, SpillSorted, FileWritten, FileSynced, FileRenamed,
	ShardWritten, BeforeManifest, AfterManifest, TidyHalfway}

var (
	armed atomic.Pointer[Point]
	left  atomic.Int64
)

// Arm makes the process die when it passes a point for the n-th time: spec is
// "POINT" or "POINT:n". An empty spec arms nothing.
func Arm(spec string) error {
	if spec == "" {
		return nil
	}
	name, count, found := strings.Cut(spec, ":")
	n := 1
	if found {
		var err error
		if n, err = strconv.Atoi(count); err != nil || n < 1 {
			return fmt.Errorf("crash point %q: want POINT:n with n at least 1", spec)
		}
	}
	p := Point(name)
	if !slices.Contains(Points, p) {
		return fmt.Errorf("there is no crash point %q; want one of %v", name, Points)
	}
	left.Store(int64(n))
	armed.Store(&p)
	return nil
}

// At dies here if this is the armed point and its turn.
func At(p Point) {
	if a := armed.Load(); a == nil || *a != p || left.Add(-1) != 0 {
		return
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		os.Exit(137)
	}
	select {} // until the signal arrives: nothing deferred may run
}
