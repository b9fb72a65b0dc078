package evaluate

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/transforms/label"
)

// Groups hold whole blocks of all passes, whether files hold several blocks or blocks
// several files.
func TestTargetGroups(t *testing.T) {
	for _, c := range []struct {
		files int
		meta  label.Meta
		want  [][]int
	}{
		{6, label.Meta{Passes: 2, Blocks: 3}, [][]int{{0, 3}, {1, 4}, {2, 5}}},
		{6, label.Meta{Passes: 2, Blocks: 7}, [][]int{{0, 3}, {1, 4}, {2, 5}}},
		{8, label.Meta{Passes: 2, Blocks: 2}, [][]int{{0, 1, 4, 5}, {2, 3, 6, 7}}},
		{4, label.Meta{Passes: 1, Blocks: 1}, [][]int{{0, 1, 2, 3}}},
		{4, label.Meta{}, [][]int{{0, 1, 2, 3}}},
		{5, label.Meta{Passes: 2, Blocks: 2}, [][]int{{0, 1, 2, 3, 4}}},
		{0, label.Meta{Passes: 2, Blocks: 2}, [][]int{nil}},
	} {
		var files []artifact.File
		for i := range c.files {
			files = append(files, artifact.File{Name: fmt.Sprint(i)})
		}
		var got [][]int
		for _, group := range targetGroups(files, &c.meta) {
			var numbers []int
			for _, f := range group {
				var n int
				fmt.Sscan(f.Name, &n)
				numbers = append(numbers, n)
			}
			got = append(got, numbers)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d files, %+v: %v, want %v", c.files, c.meta, got, c.want)
		}
	}
}

func TestGroupsApart(t *testing.T) {
	group := func(first, last byte, images int) taught {
		return taught{First: imagefile.ID{first}, Last: imagefile.ID{last}, Images: images}
	}
	for want, all := range map[bool][][]taught{
		true:  {nil, {group(1, 9, 3)}, {group(1, 3, 2), group(4, 4, 1), group(0, 0, 0), group(7, 9, 2)}},
		false: {{group(1, 3, 2), group(3, 5, 2)}, {group(4, 5, 2), group(1, 2, 2)}, {group(1, 9, 5), group(0, 0, 0), group(4, 5, 2)}},
	} {
		for _, groups := range all {
			if apart(groups) != want {
				t.Errorf("%v: %v, want %v", groups, !want, want)
			}
		}
	}
}
