package cpu

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
)

var update = flag.Bool("update", false, "write the operations that are claimed to README.md")

// claims is the section of README.md that says what is there.
func claims() string {
	claimed := capabilities().Operations
	var has, lacks []string
	for op := compute.OpTypeInvalid + 1; op < compute.OpTypeLast; op++ {
		switch {
		case claimed[op]:
			has = append(has, op.String())
		case op != compute.OpTypeBlockForDotGeneral: // internal to another backend
			lacks = append(lacks, op.String())
		}
	}
	var types []string
	for d := range capabilities().DTypes {
		types = append(types, d.String())
	}
	for _, list := range [][]string{has, lacks, types} {
		slices.Sort(list)
	}
	return fmt.Sprintf("%d operations are there:\n%s.\n\n%d are not:\n%s.\n\n%d data types are there:\n%s.\n",
		len(has), strings.Join(has, ", "), len(lacks), strings.Join(lacks, ", "), len(types), strings.Join(types, ", "))
}

func TestReadmeClaimsWhatIsThere(t *testing.T) {
	const begin, end = "<!-- claims: go test -run Readme -update -->\n", "<!-- end of claims -->"
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("README.md lacks %q … %q", begin, end)
	}
	t.Logf("%d operations", len(capabilities().Operations))
	if old == claims() {
		return
	}
	if !*update {
		t.Fatalf("README.md does not say what is there; want\n%s(go test ./model/backend/cpu -run Readme -update)", claims())
	}
	if err := os.WriteFile("README.md", []byte(before+begin+claims()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestMissingOperationIsNamed calls what is not claimed, with zero operands.
func TestMissingOperationIsNamed(t *testing.T) {
	called := 0
	for op := compute.OpTypeInvalid + 1; op < compute.OpTypeLast; op++ {
		if capabilities().Operations[op] {
			continue
		}
		f := reflect.ValueOf(fast(t).Builder("missing").Main())
		method := f.MethodByName(op.String())
		if !method.IsValid() {
			continue
		}
		called++
		var args []reflect.Value
		for i := range method.Type().NumIn() {
			if !method.Type().IsVariadic() || i < method.Type().NumIn()-1 {
				args = append(args, reflect.Zero(method.Type().In(i)))
			}
		}
		out := method.Call(args)
		err, _ := out[len(out)-1].Interface().(error)
		if !errors.Is(err, compute.ErrNotImplemented) || !strings.Contains(err.Error(), op.String()) {
			t.Errorf("%s: %v", op, err)
		}
	}
	if called < 10 {
		t.Errorf("%d missing operations were called", called)
	}
}

func TestUnknownInstructionSetIsAnError(t *testing.T) {
	t.Setenv("RETORT_CPU_ISA", "avx3")
	if _, err := New(""); err == nil || !strings.Contains(err.Error(), `RETORT_CPU_ISA = "avx3"; this machine runs `) {
		t.Errorf("got %v", err)
	}
}
