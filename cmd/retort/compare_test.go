package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// compareRuns compares two run folders and names the files that differ, with
// slashes, below them. What measures time is left out: timings.json, the events
// of trainings, the times in the report, and so the report's size and checksum in its manifest.
func compareRuns(a, b string) (differs []string, err error) {
	first, err := readRun(a)
	if err != nil {
		return nil, err
	}
	second, err := readRun(b)
	if err != nil {
		return nil, err
	}
	for name, data := range first {
		if other, ok := second[name]; !ok || !bytes.Equal(data, other) {
			differs = append(differs, name)
		}
	}
	for name := range second {
		if _, ok := first[name]; !ok {
			differs = append(differs, name)
		}
	}
	slices.Sort(differs)
	return differs, nil
}

var (
	reportTimes = regexp.MustCompile(`(?s)<time.*?</time>|<td class="[a-z ]*time">.*?</td>|\b[0-9.]+ (ms|s|min)\b( · )?|<dd>(direct|prism)`)
	reportSize  = regexp.MustCompile(`"(bytes|crc32c|manifest_crc32c)": \d+`)
)

func readRun(root string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "events" {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || d.Name() == "timings.json" || d.Name() == ".lock" {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		switch name {
		case "report/index.html":
			data = reportTimes.ReplaceAll(data, nil)
		case "report/manifest.json":
			data = reportSize.ReplaceAll(data, nil)
		}
		files[name] = data
		return err
	})
	return files, err
}
