package docs

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// table is one Markdown table: its section, its column names, and its rows by column name.
type table struct {
	section string
	columns []string
	rows    []map[string]string
	lines   []int
}

// tables reads the Markdown tables of a page, each under the last "## " heading before it.
func tables(page string) []table {
	var all []table
	section, inside := "", false
	for i, line := range strings.Split(page, "\n") {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			section = heading
		}
		if !strings.HasPrefix(line, "|") {
			inside = false
			continue
		}
		cells := cellsOf(line)
		switch {
		case !inside:
			inside = true
			all = append(all, table{section: section, columns: cells})
		case strings.Trim(line, "|-: ") == "": // the rule below the header
		default:
			t := &all[len(all)-1]
			row := map[string]string{}
			for c, name := range t.columns {
				if c < len(cells) {
					row[name] = cells[c]
				}
			}
			if len(cells) != len(t.columns) {
				row["damaged"] = line
			}
			t.rows, t.lines = append(t.rows, row), append(t.lines, i+1)
		}
	}
	return all
}

// cellsOf splits a table's line at its bars; `\|` and bars between backquotes belong to a cell.
func cellsOf(line string) []string {
	var cells []string
	var cell strings.Builder
	quoted := false
	line = strings.TrimSpace(line)[1:]
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line) && line[i+1] == '|':
			cell.WriteByte('|')
			i++
		case c == '|' && !quoted:
			cells = append(cells, strings.TrimSpace(cell.String()))
			cell.Reset()
		default:
			quoted = quoted != (c == '`')
			cell.WriteByte(c)
		}
	}
	return cells
}

var (
	commitForm  = regexp.MustCompile("^`?[0-9a-f]{7,40}`?$")
	commandForm = regexp.MustCompile("^`[^`]+`(; `[^`]+`)*$")
	seedForm    = regexp.MustCompile(`^(-|(mean of )?\d+(, \d+)*)$`)
)

// TestResultsCarryTheirOrigin holds every row of docs/results.md to a command, a commit, a seed where
// one applies, and a machine that the page describes.
func TestResultsCarryTheirOrigin(t *testing.T) {
	page, err := os.ReadFile("results.md")
	if err != nil {
		t.Fatal(err)
	}
	all := tables(string(page))
	var machines []string
	for _, tab := range all {
		if tab.section == "How to read a row" {
			for _, row := range tab.rows {
				machines = append(machines, row["machine"])
			}
		}
	}
	for _, section := range []string{"Demo", "CIFAR-10", "CPU engine", "Data plane"} {
		if !slices.ContainsFunc(all, func(tab table) bool { return tab.section == section }) {
			t.Errorf("no table under %q", section)
		}
	}
	for _, tab := range all {
		if tab.section != "How to read a row" {
			for i, row := range tab.rows {
				for _, wrong := range originErrors(row, machines) {
					t.Errorf("results.md:%d (%s): %s", tab.lines[i], tab.section, wrong)
				}
			}
		}
	}
}

func originErrors(row map[string]string, machines []string) (wrong []string) {
	if row["damaged"] != "" {
		return []string{"the row has not as many cells as its header"}
	}
	for _, check := range []struct {
		column string
		ok     bool
		want   string
	}{
		{"command", commandForm.MatchString(row["command"]), "a command between backquotes, or several with \"; \" between"},
		{"commit", commitForm.MatchString(row["commit"]), "7 or more hexadecimal digits"},
		{"seed", seedForm.MatchString(row["seed"]), "a number, several, \"mean of\" several, or \"-\""},
		{"machine", slices.Contains(machines, row["machine"]), "one of " + strings.Join(machines, ", ")},
	} {
		if !check.ok {
			wrong = append(wrong, check.column+" is \""+row[check.column]+"\"; want "+check.want)
		}
	}
	return wrong
}

func TestOriginErrorsFindWhatIsMissing(t *testing.T) {
	good := "| what | seed | machine | commit | command |\n|-|-|-|-|-|\n| x | 7 | 2-core | `abcdef1` | `a \\| b` |"
	machines := []string{"2-core"}
	if wrong := originErrors(tables(good)[0].rows[0], machines); len(wrong) > 0 {
		t.Errorf("a good row is rejected: %v", wrong)
	}
	for _, old := range []string{"7", "2-core", "`abcdef1`", "`a \\| b`", " x |"} {
		bad := tables(strings.Replace(good, old, "", 1))[0]
		if len(originErrors(bad.rows[0], machines)) == 0 {
			t.Errorf("a row without %q passes", old)
		}
	}
}
