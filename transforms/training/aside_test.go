package training

import (
	"errors"
	"testing"
)

// TestAsideDoesOneThingAtATime: a fault shows at the next one, or at the end, once.
func TestAsideDoesOneThingAtATime(t *testing.T) {
	var a aside
	fault, held, order := errors.New("disk full"), make(chan bool), []int{}
	if err := a.do(func() error { <-held; order = append(order, 1); return nil }); err != nil {
		t.Fatal(err)
	}
	close(held)
	if err := a.do(func() error { order = append(order, 2); return fault }); err != nil {
		t.Fatal(err)
	}
	if err := a.do(func() error { t.Error("done after a fault"); return nil }); err != fault {
		t.Error(err)
	}
	if err := a.wait(); err != nil || len(order) != 2 || order[0] != 1 {
		t.Error(order, err)
	}
}
