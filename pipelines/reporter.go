package pipelines

// Reporter shows people and programs how a run goes on. Calls may come from
// any goroutine.
type Reporter interface {
	// Planned is called once, before anything runs.
	Planned(steps []Step)
	// Started is called when a stage that runs starts.
	Started(stage string)
	// Progress says how much of a stage is done; total 0 is unknown. Bytes is
	// the size of what was read or written so far, 0 where it says nothing.
	Progress(stage string, done, total int64, unit string, bytes int64)
	// Metric hands on the figures of a training step or an evaluation.
	Metric(stage string, values map[string]float64)
	// Message is a sentence about a stage.
	Message(stage, text string)
	// Finished is called for every stage that was kept or ran.
	Finished(result Result)
}

// Silent is a Reporter that shows nothing.
type Silent struct{}

func (Silent) Planned([]Step)                                 {}
func (Silent) Started(string)                                 {}
func (Silent) Progress(string, int64, int64, string, int64)   {}
func (Silent) Metric(stage string, values map[string]float64) {}
func (Silent) Message(string, string)                         {}
func (Silent) Finished(Result)                                {}

// reporter shows how the job goes on. Metrics of the in-process runners show
// nothing while a job runs, hence this side door.
func (j *Job) reporter() Reporter {
	if r := j.task.running; r != nil {
		return r.reporter
	}
	return Silent{}
}

// Metric hands figures of a training step or an evaluation to the reporter.
func (j *Job) Metric(values map[string]float64) { j.reporter().Metric(j.task.Stage, values) }
