package split

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/retort-ml/retort/io/imagefile"
)

// State sums up the file of ids, so that another list makes the stage run again.
func (s *ByLabel) State(context.Context) (string, error) {
	if s.IDs == "" {
		return "", nil
	}
	data, err := os.ReadFile(s.IDs)
	if err != nil {
		return "", fmt.Errorf("ids: %w (want a file of image ids or names, one a line)", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// line is one line of the user's list.
type line struct {
	number int
	text   string
	images int // how many labelled images for training have this id or name
	image  id
}

// readList reads the list; lines may repeat each other.
func (p *partition) readList() (lines []*line, byText map[string]*line, err error) {
	f, err := os.Open(p.stage.IDs)
	if err != nil {
		return nil, nil, fmt.Errorf("ids: %w (want a file of image ids or names, one a line)", err)
	}
	defer f.Close()
	byText = map[string]*line{}
	scan := bufio.NewScanner(f)
	for n := 1; scan.Scan(); n++ {
		text := strings.TrimSpace(scan.Text())
		if text == "" || strings.HasPrefix(text, "#") || byText[text] != nil {
			continue
		}
		l := &line{number: n, text: text}
		lines, byText[text] = append(lines, l), l
	}
	if err := scan.Err(); err != nil {
		return nil, nil, fmt.Errorf("ids: %s: %w", p.stage.IDs, err)
	}
	return lines, byText, nil
}

// keepListed keeps the labels of the images that the user lists.
func (p *partition) keepListed() error {
	if p.stage.IDs == "" {
		return nil
	}
	lines, byText, err := p.readList()
	if err != nil {
		return err
	}
	listed, sizes := make([]int, len(p.classes)), make([]int, len(p.classes))
	p.listed = map[id]bool{}
	for m, err := range p.members() {
		if err != nil {
			return err
		}
		if m.Label == imagefile.UnknownLabel || m.inTest {
			continue
		}
		sizes[m.Label]++
		if meet(byText, m) {
			listed[m.Label]++
		}
	}
	for _, l := range lines {
		switch {
		case l.images == 0:
			return fmt.Errorf("ids: %s:%d: %q is neither the id nor the name of a labelled image for training (mend or remove the line)", p.stage.IDs, l.number, l.text)
		case l.images > 1:
			return fmt.Errorf("ids: %s:%d: %d images are named %q (give their ids instead)", p.stage.IDs, l.number, l.images, l.text)
		}
		p.listed[l.image] = true
	}
	return p.everyClassListed(listed, sizes)
}

// meet notes that an image is listed, by its id or its name.
func meet(byText map[string]*line, m *member) (listed bool) {
	for _, text := range []string{m.ID.String(), m.Name} {
		if l := byText[text]; l != nil {
			l.images++
			l.image, listed = m.ID, true
		}
	}
	return listed
}

func (p *partition) everyClassListed(listed, sizes []int) error {
	for c, n := range listed {
		if n == 0 {
			return fmt.Errorf("class %q keeps no label: %s lists none of its %d images (list some, or leave the class out of the images)", p.classes[c], p.stage.IDs, sizes[c])
		}
	}
	return nil
}
