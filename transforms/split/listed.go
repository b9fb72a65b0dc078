package split

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
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

// keepListed keeps the labels of the images that the user lists.
func (p *partition) keepListed() error {
	f, err := os.Open(p.stage.IDs)
	if err != nil {
		return fmt.Errorf("ids: %w (want a file of image ids or names, one a line)", err)
	}
	defer f.Close()
	known := p.namesAndIDs()
	lines := bufio.NewScanner(f)
	for line := 1; lines.Scan(); line++ {
		name := strings.TrimSpace(lines.Text())
		if name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		switch images := known[name]; len(images) {
		case 0:
			return fmt.Errorf("ids: %s:%d: %q is neither the id nor the name of a labelled image for training (mend or remove the line)", p.stage.IDs, line, name)
		case 1:
			p.role[images[0]] = labelled
		default:
			return fmt.Errorf("ids: %s:%d: %d images are named %q (give their ids instead)", p.stage.IDs, line, len(images), name)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("ids: %s: %w", p.stage.IDs, err)
	}
	return p.everyClassListed()
}

// namesAndIDs finds labelled training images by either.
func (p *partition) namesAndIDs() map[string][]id {
	known := map[string][]id{}
	for _, list := range p.byClass {
		for _, image := range list {
			known[image.id.String()] = []id{image.id}
			known[image.name] = append(known[image.name], image.id)
		}
	}
	return known
}

func (p *partition) everyClassListed() error {
	for c, list := range p.byClass {
		n := 0
		for _, image := range list {
			if p.role[image.id] == labelled {
				n++
			}
		}
		if n == 0 {
			return fmt.Errorf("class %q keeps no label: %s lists none of its %d images (list some, or leave the class out of the images)", p.classes[c], p.stage.IDs, len(list))
		}
	}
	return nil
}
