package artifact

import "testing"

func TestBlocks(t *testing.T) {
	for _, blocks := range [][]Block{{{0, 7}}, {{0, 3}, {40, 4}}, {{0, 0}, {0, 7}, {99, 0}, {99, 0}}} {
		f := File{Name: "a", Records: 7, Bytes: 99, Blocks: ListBlocks(blocks)}
		got, err := f.Parts()
		if err != nil || len(got) != len(blocks) {
			t.Fatalf("%q: %v, %v", f.Blocks, got, err)
		}
		for i := range got {
			if got[i] != blocks[i] {
				t.Errorf("%q: %v", f.Blocks, got)
			}
		}
	}
}

func TestImpossibleBlocks(t *testing.T) {
	for _, blocks := range []Blocks{" ", "7", "7@", "@0", "7@1", "3@0 4@100", "3@0 4@-1", "3@0 3@9 1@8", "3@0  4@9", "3@0 5@9", "-1@0 8@9", "99999999999999999999@0"} {
		if got, err := (File{Name: "a", Records: 7, Bytes: 99, Blocks: blocks}).Parts(); err == nil {
			t.Errorf("%q: %v", blocks, got)
		}
	}
}

// A manifest is written in the oldest schema that says what it has to.
func TestSchemaOfBlocks(t *testing.T) {
	for want, blocks := range map[int]Blocks{1: "", 2: "3@0 4@9"} {
		m := &Manifest{Kind: "views", Files: []File{{Name: "a", Records: 7, Bytes: 99, Blocks: blocks}}}
		data, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(data)
		if err != nil || got.Schema != want || got.Files[0] != m.Files[0] {
			t.Errorf("%+v, %v", got, err)
		}
	}
}
