package cpu

import "time"

// StepTime is the time of all runs of one step of a program.
type StepTime struct {
	Op, What string
	FLOPs    float64
	Time     time.Duration
	Runs     int
}

// Profile collects the times of the steps that run until stop is called.
func Profile() (stop func() []*StepTime) {
	times := map[*step]*StepTime{}
	var order []*StepTime
	observe = func(s *step, d time.Duration) {
		t := times[s]
		if t == nil {
			t = &StepTime{Op: s.op, What: s.what, FLOPs: s.flops}
			times[s] = t
			order = append(order, t)
		}
		t.Time += d
		t.Runs++
	}
	return func() []*StepTime { observe = nil; return order }
}

// KeepNorms makes programs keep what they would compute again, until restore.
func KeepNorms() (restore func()) { keepNorms = true; return func() { keepNorms = false } }
