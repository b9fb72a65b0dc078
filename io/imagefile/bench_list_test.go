package imagefile

import (
	"context"
	"os"
	"testing"
)

// BenchmarkListTar lists a tar of many small images, if it is there.
func BenchmarkListTar(b *testing.B) {
	p := "../../../shared/data/cifar10-train.tar"
	if _, err := os.Stat(p); err != nil {
		b.Skip("no archive at " + p)
	}
	for b.Loop() {
		n := 0
		for _, err := range List(context.Background(), []string{p}, ListOptions{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)/float64(b.N), "ns/image")
	}
}
