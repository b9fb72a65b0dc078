package wire

import "testing"

// TestTruncatedAtEveryByte: what is cut is damaged, what is whole is as it was.
func TestTruncatedAtEveryByte(t *testing.T) {
	record := AppendText(AppendSigned(AppendNumber([]byte{7}, 1<<40), -3), "text")
	record = AppendText(record, "text")
	var r Reader
	for cut := range len(record) + 1 {
		r.Open(record[:cut])
		flags, n, s, a, b := r.Byte(), r.Number(), r.Signed(), r.Text(), r.Shared()
		whole := cut == len(record)
		if err := r.Close(); whole != (err == nil) || whole && (flags != 7 || n != 1<<40 || s != -3 || a != "text" || b != "text") {
			t.Errorf("cut at %d: %v, %d %d %d %q %q", cut, err, flags, n, s, a, b)
		}
	}
	r.Open(append(record, 0))
	if r.Byte(); r.Close() == nil {
		t.Error("bytes behind the record are not seen")
	}
}
