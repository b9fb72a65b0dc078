package training

import (
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
)

// Labels are known labels by image id. Views of images that nobody labelled come
// without any; a stage that may know the few labels gets them beside.
type Labels map[imagefile.ID]int32

// Of is an image's label, imagefile.UnknownLabel where it is not known.
func (l Labels) Of(id imagefile.ID) int32 {
	if label, ok := l[id]; ok {
		return label
	}
	return imagefile.UnknownLabel
}

// LoadLabels reads the labels of the images that an edge carries, and the names
// of the classes. From an edge that carries nothing come none.
func LoadLabels(job *pipelines.Job, e pipelines.Edge[pipelines.Images]) (Labels, []string, error) {
	if e.IsZero() {
		return nil, nil, nil
	}
	a, err := pipelines.Open(job, e)
	if err != nil {
		return nil, nil, err
	}
	var meta pipelines.ImagesMeta
	if err := a.Meta(&meta); err != nil {
		return nil, nil, err
	}
	labels := Labels{}
	for r, err := range pipelines.References(a) {
		if err != nil {
			return nil, nil, err
		}
		if r.Label != imagefile.UnknownLabel {
			labels[r.ID] = r.Label
		}
	}
	return labels, meta.Classes, nil
}
