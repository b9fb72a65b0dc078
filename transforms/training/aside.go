package training

// aside does one thing at a time in another goroutine: checkpoints are written
// while the next steps compute. The zero value is ready.
type aside struct {
	done chan error // nil while nothing is being done
}

// do waits for what is being done, and starts f. The error is that of what was
// done before.
func (a *aside) do(f func() error) error {
	if err := a.wait(); err != nil {
		return err
	}
	done := make(chan error, 1)
	a.done = done
	go func() { done <- f() }()
	return nil
}

// wait waits for what is being done.
func (a *aside) wait() error {
	if a.done == nil {
		return nil
	}
	err := <-a.done
	a.done = nil
	return err
}
