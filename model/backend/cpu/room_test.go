package cpu

import (
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// TestTooLargeForTheMachine: a graph that cannot fit is an error, not the end
// of the process.
func TestTooLargeForTheMachine(t *testing.T) {
	defer func(was func() uint64) { totalMemory = was }(totalMemory)
	totalMemory = func() uint64 { return 1 << 20 }
	square := MustNewExec(fast(t), func(x *Node) *Node { return Square(x) })
	defer square.Finalize()
	if _, err := square.Call(noiseTensor(1, 100, 100)); err != nil {
		t.Errorf("a graph that fits: %v", err)
	}
	_, err := square.Call(noiseTensor(1, 500, 500))
	if err == nil || !strings.Contains(err.Error(), "smaller batch") {
		t.Errorf("a graph that does not fit: %v", err)
	}
}
