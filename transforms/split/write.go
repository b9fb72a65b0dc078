package split

import (
	"fmt"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
)

// part is one index of the artifact.
type part struct {
	port  string
	n     int64
	w     *index.Writer
	label map[string]int32 // by class; nil where no label is written
}

// write writes the index of every part, those of the training images in one
// reading. Labels that are not kept are not written: no later stage but
// evaluate, which reads the ingested index, can know them.
func (p *partition) write(out *pipelines.Output[pipelines.Images]) error {
	label := map[string]int32{}
	for i, name := range p.classes {
		label[name] = int32(i)
	}
	keep, held := len(p.listed), p.testSize
	for c := range p.classes {
		keep += p.quota[c]
		held += p.held[c]
	}
	train := p.images - p.excluded - (held - p.testSize)
	aside := 0
	for _, n := range p.aside {
		aside += n
	}
	parts := map[string]*part{
		labelledPort:   {n: int64(keep - aside), label: label},
		unlabelledPort: {n: int64(train - keep)},
		trainPort:      {n: int64(train)},
		testPort:       {n: int64(held), label: label},
	}
	ports := []string{labelledPort, unlabelledPort, trainPort, testPort}
	if p.stage.Validation > 0 {
		parts[validationPort], ports = &part{n: int64(aside), label: label}, append(ports, validationPort)
	}
	for port, to := range parts {
		to.port, to.w = port, out.Index(port, to.n)
		defer to.w.Discard()
	}
	if err := p.writeEntries(parts); err != nil {
		return err
	}
	for _, port := range ports {
		if err := parts[port].close(out); err != nil {
			return err
		}
	}
	return nil
}

func (p *partition) writeEntries(parts map[string]*part) error {
	to := map[role][]*part{
		labelled:   {parts[labelledPort], parts[trainPort]},
		unlabelled: {parts[unlabelledPort], parts[trainPort]},
		test:       {parts[testPort]},
		validation: {parts[validationPort], parts[trainPort]},
	}
	for m, err := range p.members() {
		if err != nil {
			return err
		}
		if m.inTest { // it is written from the test set
			continue
		}
		for _, part := range to[p.role(m)] {
			if err := p.writeEntry(part, m.Entry); err != nil {
				return err
			}
		}
	}
	for e, err := range p.testReferences() {
		if err != nil {
			return err
		}
		if err := p.writeEntry(parts[testPort], e); err != nil {
			return err
		}
	}
	return nil
}

func (p *partition) writeEntry(to *part, e index.Entry) error {
	if to.label == nil {
		e.Class, e.Label, e.Name = "", imagefile.UnknownLabel, "" // a folder's name would tell the class
	} else if l, ok := to.label[e.Class]; ok {
		e.Label = l
	} else {
		return fmt.Errorf("%s: the class %q is not among those of the training images", e.Name, e.Class)
	}
	return to.w.Write(e.Ref, e.Class)
}

func (to *part) close(out *pipelines.Output[pipelines.Images]) error {
	files, err := to.w.Close()
	if err != nil {
		return err
	}
	for _, f := range files {
		out.AddDescribed(f)
	}
	out.Count(to.port, to.n)
	return nil
}
