package evaluate

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/io/imagefile"
)

// What a phase leaves for the next ones, little-endian: first how many images, then
// for features all labels (int32) and all features (float32), for verdicts one after
// the other.

var errWork = errors.New("it is not what this version of the stage leaves (run again, with the folder of the stage removed)")

func encodeFeatures(b *predictions) []byte {
	data := make([]byte, 0, 4+4*len(b.labels)+4*len(b.features))
	data = binary.LittleEndian.AppendUint32(data, uint32(len(b.labels)))
	data, _ = binary.Append(data, binary.LittleEndian, b.labels)
	data, _ = binary.Append(data, binary.LittleEndian, b.features)
	return data
}

func decodeFeatures(data []byte, dim, classes int) (labels []int32, features []float32, err error) {
	n, data, err := counted(data, 4+4*dim)
	if err != nil {
		return nil, nil, err
	}
	labels, features = make([]int32, n), make([]float32, n*dim)
	at, err := binary.Decode(data, binary.LittleEndian, labels)
	if err == nil {
		_, err = binary.Decode(data[at:], binary.LittleEndian, features)
	}
	for i := 0; i < n && err == nil; i++ {
		err = checkLabel(labels[i], classes)
	}
	return labels, features, err
}

func encodeVerdicts(all []verdict) []byte {
	data := binary.LittleEndian.AppendUint32(nil, uint32(len(all)))
	data, _ = binary.Append(data, binary.LittleEndian, all)
	return data
}

func decodeVerdicts(data []byte, classes int) ([]verdict, error) {
	n, data, err := counted(data, binary.Size(verdict{}))
	if err != nil {
		return nil, err
	}
	all := make([]verdict, n)
	_, err = binary.Decode(data, binary.LittleEndian, all)
	for i := 0; i < n && err == nil; i++ {
		err = all[i].check(classes)
	}
	return all, err
}

func (v *verdict) check(classes int) error {
	if c := v.At.Confidence; !(c >= 0 && c <= 1.001) || !(v.Before.Confidence >= 0 && v.Before.Confidence <= 1.001) {
		return fmt.Errorf("a probability of %v (the network's outputs are no numbers: train it again with a lower learning rate)", c)
	}
	return errors.Join(checkLabel(v.Label, classes), checkLabel(v.Best, classes))
}

// counted is how many things of a size data has.
func counted(data []byte, size int) (int, []byte, error) {
	if len(data) < 4 || int64(len(data)-4) != int64(binary.LittleEndian.Uint32(data))*int64(size) {
		return 0, nil, errWork
	}
	return int(binary.LittleEndian.Uint32(data)), data[4:], nil
}

// checkLabel makes sure that a label is one of the classes.
func checkLabel(label int32, classes int) error {
	if label < 0 || int(label) >= classes || label == imagefile.UnknownLabel {
		return fmt.Errorf("label %d of %d classes", label, classes)
	}
	return nil
}
