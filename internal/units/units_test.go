package units

import (
	"math"
	"testing"
)

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 50000: "50,000", 1281167: "1,281,167",
		-1234: "-1,234", math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestShortAndBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 9999: "9,999", 10000: "10.0 k", 11173962: "11.2 M", 999_999: "1.00 M", -12345: "-12.3 k",
		99_960: "100 k", 794_000_000: "794 M",
	} {
		if got := Short(n); got != want {
			t.Errorf("Short(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0 B", 512: "512 B", 1000: "1.00 kB", 31_000_000: "31.0 MB", 999_999_999: "1.00 GB",
		math.MaxInt64: "9.22 EB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestSeconds(t *testing.T) {
	for s, want := range map[float64]string{
		0: "0 s", 0.0001: "<1 ms", 0.085: "85 ms", 0.9996: "1.0 s", 4.2: "4.2 s", 9.96: "10 s", 42: "42 s",
		59.7: "1 min 00 s", 185: "3 min 05 s", 3599.6: "1 h 00 min", 7800: "2 h 10 min", 442800: "5 d 3 h",
		-4: "-4.0 s", 1e300: "1e+300 s",
	} {
		if got := Seconds(s); got != want {
			t.Errorf("Seconds(%g) = %q, want %q", s, got, want)
		}
	}
	if got := Seconds(math.NaN()); got != Unknown {
		t.Errorf("Seconds(NaN) = %q, want %q", got, Unknown)
	}
}
