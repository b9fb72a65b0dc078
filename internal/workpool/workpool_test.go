package workpool

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
)

func TestEveryItemRunsOnce(t *testing.T) {
	for _, procs := range []int{1, 2, 3, 8} {
		for _, n := range []int{0, 1, 2, 7, 1000} {
			t.Run(fmt.Sprintf("procs=%d/n=%d", procs, n), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				counts := make([]atomic.Int32, n)
				For(n, func(i int) { counts[i].Add(1) })
				for i := range counts {
					if got := counts[i].Load(); got != 1 {
						t.Fatalf("item %d ran %d times", i, got)
					}
				}
			})
		}
	}
}

func TestNestedCallsFinish(t *testing.T) {
	for _, procs := range []int{1, 2, 3, 8} {
		t.Run(fmt.Sprint(procs), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			var leaves atomic.Int64
			var nest func(depth int)
			nest = func(depth int) {
				if depth == 0 {
					leaves.Add(1)
					return
				}
				For(5, func(int) { nest(depth - 1) })
			}
			done := make(chan struct{})
			for range 9 {
				go func() { nest(5); done <- struct{}{} }()
			}
			for range 9 {
				<-done
			}
			if got := leaves.Load(); got != 9*3125 {
				t.Fatalf("%d leaves ran, want %d", got, 9*3125)
			}
		})
	}
}

func TestPanicReachesTheCaller(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	defer func() {
		p, ok := recover().(*Panic)
		if !ok || p.Value != "boom" {
			t.Fatalf("recovered %v, want a *Panic with boom", p)
		}
	}()
	For(100, func(i int) {
		if i == 17 {
			panic("boom")
		}
	})
	t.Fatal("For returned")
}

func TestEachReturnsAnError(t *testing.T) {
	want := errors.New("item 3")
	err := Each(10, func(i int) error {
		if i == 3 {
			return want
		}
		return nil
	})
	if err != want {
		t.Fatalf("got %v, want %v", err, want)
	}
}
