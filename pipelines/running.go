package pipelines

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
)

// running is what this process keeps of one run of one stage while it works for
// it: all that is shared by its elements, and nothing outlives it.
type running struct {
	stage    string          // its name, where this process started it
	ctx      context.Context // of who started it here; nil: another process did
	reporter Reporter

	users int // elements at work; guarded by jobs
	lock  *folderLock

	job    string                  // that this process follows; guarded by jobs
	giveUp context.CancelCauseFunc // ends the work of a job that fails for good; may be nil

	ending chan struct{} // holds the shard that is ending; nil where every one ends in its element
	broken chan struct{} // closed when one failed to; nil as ending is

	mu        sync.Mutex
	endFailed error       // the first of a shard that was ending
	failed    error       // the first, whole: runners wrap it in their own words
	times     map[int]int // that a shard failed
	progress  *progress
	shared    map[string]*shared
}

// folderLock is the lock on a stage's folder.
type folderLock struct {
	folder  string
	release func()
	lost    bool
}

// jobs are the runs of stages that this process works for, by task.Job.
var jobs = struct {
	sync.Mutex
	by map[string]*running
}{by: map[string]*running{}}

// start begins a run that this process started. Its bundles may come under a
// context of their own: the end of ctx must reach them all the same.
func start(ctx context.Context, job string, reporter Reporter) *running {
	jobs.Lock()
	defer jobs.Unlock()
	r := &running{ctx: ctx, reporter: reporter, ending: make(chan struct{}, 1), broken: make(chan struct{})}
	jobs.by[job] = r
	return r
}

// enter joins a run for one element, leave ends that. What was kept of the runs
// of other processes goes when the next one comes.
func enter(job string) *running {
	jobs.Lock()
	defer jobs.Unlock()
	r := jobs.by[job]
	if r == nil {
		for other, idle := range jobs.by {
			if idle.ctx == nil && idle.users == 0 && idle.lock == nil {
				delete(jobs.by, other)
			}
		}
		r = &running{reporter: Silent{}}
		jobs.by[job] = r
	}
	r.users++
	return r
}

func (r *running) leave() {
	jobs.Lock()
	defer jobs.Unlock()
	r.users--
}

// release ends a run in this process, and lets go of its folder.
func release(job string) {
	jobs.Lock()
	defer jobs.Unlock()
	r := jobs.by[job]
	if r == nil {
		return
	}
	r.unlock()
	delete(jobs.by, job)
}

func (r *running) unlock() {
	if r.lock != nil && !r.lock.lost {
		r.lock.release()
	}
	r.lock = nil
}

// take locks the folder of a stage for the run, as long as it runs here: graphs
// and pipelines of the user's own alike.
func (r *running) take(folder blob.Dir) error {
	release, err := artifact.Lock(folder)
	if err != nil && r.takeOver(folder) {
		release, err = artifact.Lock(folder)
	}
	if err != nil {
		return err
	}
	jobs.Lock()
	defer jobs.Unlock()
	r.lock = &folderLock{folder: folder.String(), release: release}
	return nil
}

// takeOver ends the hold of a pipeline of this process on a folder, if it does
// nothing any more: nobody tells when a pipeline was given up.
func (r *running) takeOver(folder blob.Dir) bool {
	jobs.Lock()
	defer jobs.Unlock()
	for _, other := range jobs.by {
		l := other.lock
		if l != nil && !l.lost && l.folder == folder.String() && other.ctx == nil && other.users == 0 {
			l.release()
			l.lost = true
			return true
		}
	}
	return false
}

// holds reports, as an error, that another run took the folder meanwhile.
func (r *running) holds() error {
	jobs.Lock()
	defer jobs.Unlock()
	if r.lock != nil && r.lock.lost {
		return fmt.Errorf("%s: another run took it over (let one run at a time write there)", r.lock.folder)
	}
	return nil
}

// mostFailures of one shard end its stage, however often its runner would try.
const mostFailures = 3

// fail notes the first error; shard is -1 for what is no shard's.
func (r *running) fail(shard int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
	}
	if r.times == nil {
		r.times = map[int]int{}
	}
	if r.times[shard]++; r.times[shard] >= mostFailures && r.giveUp != nil {
		r.failed = err
		r.giveUp(fmt.Errorf("%w (it failed %d times)", err, r.times[shard]))
	}
}

// tellThrough makes what is said in a process that only works for others reach
// the launcher by the folder of the stage.
func (r *running) tellThrough(dir blob.Dir) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, silent := r.reporter.(Silent); silent && r.ctx == nil {
		r.reporter = newTeller(dir)
	}
}

// told hands on what the reporter still has to tell.
func (r *running) told() {
	r.mu.Lock()
	t, ok := r.reporter.(*teller)
	r.mu.Unlock()
	if ok {
		t.flush()
	}
}

func (r *running) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// withStarter is ctx that ends also when the context of who started the run does.
func (r *running) withStarter(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if r.ctx == nil {
		return ctx, cancel
	}
	stop := context.AfterFunc(r.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// shared is a value of Shared.
type shared struct {
	once  sync.Once
	value any
	err   error
}

// Shared is a value that all shards of a run use, such as a compiled network: it
// is made when the first asks for it, once in each process, and let go of when
// the run ends.
func Shared[T any](j *Job, key string, create func() (T, error)) (T, error) {
	r := j.task.running
	if r == nil {
		return create()
	}
	r.mu.Lock()
	if r.shared == nil {
		r.shared = map[string]*shared{}
	}
	s := r.shared[key]
	if s == nil {
		s = &shared{err: errors.New("it could not be made")} // where create panics
		r.shared[key] = s
	}
	r.mu.Unlock()
	s.once.Do(func() { s.value, s.err = create() })
	value, _ := s.value.(T)
	return value, s.err
}
