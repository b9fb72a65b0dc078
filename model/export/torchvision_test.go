package export

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/checkpoint"
)

// read opens a safetensors file as another program would: by its header.
func read(t *testing.T, file []byte) map[string]checkpoint.Tensor {
	t.Helper()
	n := binary.LittleEndian.Uint64(file)
	var header map[string]struct {
		DType   string
		Shape   []int
		Offsets [2]int `json:"data_offsets"`
	}
	raw := bytes.Replace(file[8:8+n], []byte(`"__metadata__"`), []byte(`"ignored"`), 1)
	if err := json.Unmarshal(raw, &header); err != nil {
		t.Fatal(err)
	}
	delete(header, "ignored")
	all := map[string]checkpoint.Tensor{}
	for name, h := range header {
		x := checkpoint.Tensor{Name: name, Shape: h.Shape}
		for b := file[8+int(n)+h.Offsets[0] : 8+int(n)+h.Offsets[1]]; len(b) > 0; b = b[4:] {
			x.Data = append(x.Data, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
		if x.Size() != len(x.Data) || h.DType != "F32" {
			t.Fatalf("%s: %v, %d values", name, h.Shape, len(x.Data))
		}
		all[name] = x
	}
	return all
}

// TestTorchvisionNames: the names of torchvision's ResNet-50, and nothing else but
// heads; every value of the checkpoint is there.
func TestTorchvisionNames(t *testing.T) {
	for name, s := range cases {
		c := drawn(t, s)
		var b bytes.Buffer
		err := Torchvision(&b, c)
		if s.Arch.SKRatio > 0 {
			if err == nil || !strings.Contains(err.Error(), "no selective kernels") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(name, err)
		}
		got := read(t, b.Bytes())
		values := 0
		for _, x := range got {
			values += x.Size()
		}
		extra := 0 // the bias that a normalisation without one is given
		if s.Classes == 0 || s.Selector == s.HeadLayers {
			extra = s.HeadDim
		}
		if int64(values-extra) != c.Params() {
			t.Errorf("%s: %d values of %d", name, values-extra, c.Params())
		}
		kernel, conv := c.Find("base_model/conv2d_1/kernel"), got["layer1.0.downsample.0.weight"]
		in, out := kernel.Shape[2], kernel.Shape[3]
		for i, v := range kernel.Data {
			if conv.Data[i%out*in+i/out] != v {
				t.Fatalf("%s: layer1.0.downsample.0.weight differs", name)
			}
		}
		for _, want := range []string{"conv1.weight", "bn1.running_var", "layer1.0.conv2.weight", "layer4.1.bn2.bias", "layer2.0.downsample.1.running_mean"} {
			if _, ok := got[want]; !ok {
				t.Errorf("%s: no %s", name, want)
			}
		}
		if _, ok := got["fc.weight"]; ok != (s.Classes > 0) {
			t.Errorf("%s: fc.weight is there: %v", name, ok)
		}
	}
}
