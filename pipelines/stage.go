package pipelines

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/retort-ml/retort/io/artifact"
)

// Stage is a step of the graph that turns an artifact of kind In into one of
// kind Out. It is a pointer to a plain struct: the exported fields are its
// config (JSON-serialisable; those tagged fingerprint:"-" change how the work
// is done but not its result), among them fields of type Edge for further
// inputs. Run reads its inputs and writes its files through out.
//
// If Run is interrupted and started again for the same config and inputs, the
// files it had written are still there (see [Job.Resuming]).
type Stage[In, Out any] interface {
	Run(ctx context.Context, in Artifact[In], out *Output[Out]) error
}

// Sharded is a stage whose work splits into independent shards. Each shard is
// one element of the stage's Beam pipeline; a shard that was finished before
// an interruption is not done again. Run is called once all shards are done,
// to finish the artifact.
type Sharded[In, Out any] interface {
	Stage[In, Out]
	// Shards says into how many shards the work splits, at least 0.
	Shards(ctx context.Context, in Artifact[In], out *Output[Out]) (int, error)
	// RunShard does one of them. Doing it again writes the same bytes.
	RunShard(ctx context.Context, in Artifact[In], out *Output[Out], shard int) error
}

// Phased is a stage whose work splits into shards several times: those of a phase
// start when all of the phase before are done, and can read what these left in
// [Job.Work]. Run is called once the last are done, to finish the artifact.
type Phased[In, Out any] interface {
	Stage[In, Out]
	// Phases are the same, but for what their functions do, whatever the config.
	Phases() []Phase[In, Out]
}

// Phase is one round of the work of a Phased stage.
type Phase[In, Out any] struct {
	// Name is in the names of transforms and of reports; lower-case letters.
	Name string
	// Shards says into how many shards the phase splits, at least 0. What the
	// phases before noted is known (see [PhaseNotes]); what the shards need to know
	// goes into files of [Job.Work]. Called again it does the same.
	Shards func(ctx context.Context, in Artifact[In], out *Output[Out]) (int, error)
	// RunShard does one of them. Doing it again writes the same bytes.
	RunShard func(ctx context.Context, in Artifact[In], out *Output[Out], shard int) error
}

// Validator is a stage that can tell that its config is wrong. The error
// quotes the field: "Temperature = -0.1; want > 0".
type Validator interface{ Validate() error }

// Versioned is a stage whose results changed since its first version (0).
type Versioned interface{ StageVersion() int }

// Selective is a stage that can tell that this program cannot read an artifact of its
// own, though it was finished for the same fingerprint: one that another version of
// the program wrote in another form. The error says in which. It is made again.
type Selective interface {
	CanRead(m *artifact.Manifest) error
}

// Stateful is a stage that depends on things outside the graph, such as the
// files of a folder. State sums them up; when it changes the stage runs again.
type Stateful interface {
	State(ctx context.Context) (string, error)
}

// Tolerant is a stage that says how large a share of what it looks at it may
// reject before it fails.
type Tolerant interface{ MaxRejected() float64 }

// DefaultMaxRejected is the share of rejected images above which a stage that
// is not Tolerant fails; up to AlwaysTolerated images never fail one.
const (
	DefaultMaxRejected = 0.01
	AlwaysTolerated    = 10
)

// erased is a stage type without its type parameters.
type erased struct {
	name   string
	kind   string // name of Out
	decode func(config []byte) (any, error)
	phases []phase // none: not sharded
	run    func(ctx context.Context, stage any, job *Job) error
}

// phase is one round of shards; that of a Sharded stage has no name.
type phase struct {
	name   string
	shards func(ctx context.Context, stage any, job *Job) (int, error)
	run    func(ctx context.Context, stage any, job *Job, shard int) error
}

// shardName tells a shard from all others of the stage.
func (e *erased) shardName(phase, shard int) string {
	if name := e.phases[phase].name; name != "" {
		return fmt.Sprintf("%s-%05d", name, shard)
	}
	return fmt.Sprintf("%05d", shard)
}

var registry sync.Map // type name -> *erased

// Register makes a stage type known to workers on other machines, which run
// init functions but not the code that builds the graph. Call it from an init
// function with a zero value; for element-wise stages it is
//
//	func init() { pipelines.Register(pipelines.Each(&Contrasty{})) }
//
// Runs in one process do not need it.
func Register[In, Out any](s Stage[In, Out]) { _ = remember(s) }

func remember[In, Out any](s Stage[In, Out]) *erased {
	if e, ok := s.(interface{ erase() *erased }); ok { // made of other types, which are known
		return e.erase()
	}
	name := typeName(reflect.TypeOf(s))
	if known, ok := registry.Load(name); ok {
		return known.(*erased)
	}
	known, _ := registry.LoadOrStore(name, erase(name, s))
	return known.(*erased)
}

func typeName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() == "" {
		return t.String()
	}
	return t.PkgPath() + "." + t.Name()
}

func kindName[T any]() string { return kindOf(reflect.TypeFor[T]()) }

func erase[In, Out any](name string, s Stage[In, Out]) *erased {
	e := &erased{name: name, kind: kindName[Out]()}
	e.decode = func(config []byte) (any, error) { return decodeLike(s, config) }
	e.run = func(ctx context.Context, stage any, job *Job) error {
		in, err := input[In](job)
		if err != nil {
			return err
		}
		return stage.(Stage[In, Out]).Run(ctx, in, &Output[Out]{job})
	}
	switch s := s.(type) {
	case Sharded[In, Out]:
		e.phases = []phase{erasePhase("", func(stage any) Phase[In, Out] {
			sharded := stage.(Sharded[In, Out])
			return Phase[In, Out]{Shards: sharded.Shards, RunShard: sharded.RunShard}
		})}
	case Phased[In, Out]:
		for i, p := range s.Phases() {
			e.phases = append(e.phases, erasePhase(p.Name, func(stage any) Phase[In, Out] { return stage.(Phased[In, Out]).Phases()[i] }))
		}
	}
	return e
}

func erasePhase[In, Out any](name string, of func(stage any) Phase[In, Out]) phase {
	return phase{name: name,
		shards: func(ctx context.Context, stage any, job *Job) (int, error) {
			in, err := input[In](job)
			if err != nil {
				return 0, err
			}
			return of(stage).Shards(ctx, in, &Output[Out]{job})
		},
		run: func(ctx context.Context, stage any, job *Job, shard int) error {
			in, err := input[In](job)
			if err != nil {
				return err
			}
			return of(stage).RunShard(ctx, in, &Output[Out]{job}, shard)
		},
	}
}

// input opens what came in by position.
func input[In any](job *Job) (Artifact[In], error) {
	if len(job.task.Input.Fingerprint) == 0 {
		return Artifact[In]{}, nil
	}
	return Open(job, Edge[In]{port: job.task.Input.Port, fingerprint: job.task.Input.Fingerprint})
}

func lookup(name string) (*erased, error) {
	if e, ok := registry.Load(name); ok {
		return e.(*erased), nil
	}
	if e, ok := lookupEach(name); ok {
		return e, nil
	}
	return nil, fmt.Errorf("stage type %s is not known to this worker (call pipelines.Register in an init function of its package)", name)
}
