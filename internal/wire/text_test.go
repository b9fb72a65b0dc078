package wire

import (
	"encoding/json"
	"testing"
)

// TestTextsComeThroughJSON whatever their bytes.
func TestTextsComeThroughJSON(t *testing.T) {
	for _, text := range []string{"", "a/b.jpg", "é", "caf\xe9", "\x00", "\x00hex:61", "\x00hex:zz", "\xff\x00hex:", "\ufffd"} {
		data, err := json.Marshal(Safe(text))
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(data, &back); err != nil || Plain(back) != text {
			t.Errorf("%q came back as %q (%s, %v)", text, Plain(back), data, err)
		}
	}
}

// TestReadable: what is UTF-8 stays.
func TestReadable(t *testing.T) {
	for text, want := range map[string]string{"é\ufffd": "é\ufffd", "caf\xe9s": `caf\xe9s`, "\xff\xfe": `\xff\xfe`} {
		if got := Readable(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
