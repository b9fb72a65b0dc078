package main

import (
	"io"
	"strings"
	"testing"
)

func TestCount(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		good           bool
	}{
		{"nothing", "", "0 passed, 0 failed, 0 skipped", false},
		{"subtests count, their parents do not", `{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"run","Package":"p","Test":"A/y"}
{"Action":"pass","Package":"p","Test":"A/x"}
{"Action":"skip","Package":"p","Test":"A/y"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"B"}
{"Action":"pass","Package":"p","Test":"B"}
{"Action":"pass","Package":"p"}
`, "2 passed, 0 failed, 1 skipped", true},
		{"a failing parent of good subtests", `{"Action":"run","Package":"p","Test":"A"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}
`, "0 passed, 1 failed, 0 skipped", false},
		{"a package that does not build", `{"Action":"run","Package":"q","Test":"A"}
{"Action":"pass","Package":"q","Test":"A"}
{"ImportPath":"p","Action":"build-output","Output":"no\n"}
{"Action":"fail","Package":"p"}
no such package
`, "1 passed, 1 failed, 0 skipped", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := count(strings.NewReader(c.in), io.Discard)
			if err != nil || got.String() != c.want || got.good() != c.good {
				t.Errorf("got %v (good: %v, %v); want %s", got, got.good(), err, c.want)
			}
		})
	}
}
