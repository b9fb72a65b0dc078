package sysmem

import (
	"path"
	"slices"
	"strings"
)

// cgroup is the folder of one control group.
type cgroup struct {
	dir string
	v1  bool
}

// groups are the control groups that bound what the controller ("memory", "cpu")
// grants to the process: its own, and all around it up to the root, since the
// tightest one counts. Both versions are looked for; a system may have both.
func (s system) groups(controller string) []cgroup {
	var list []cgroup
	own := s.own(controller)
	for _, m := range s.mounts(controller) {
		inside, ok := below(own[m.v1], m.root)
		if !ok {
			inside = "/" // the process's group lies outside of what is mounted here
		}
		for {
			g := cgroup{dir: path.Join(m.dir, inside), v1: m.v1}
			if !slices.Contains(list, g) {
				list = append(list, g)
			}
			if inside == "/" {
				break
			}
			inside = path.Dir(inside)
		}
	}
	return list
}

// own are the process's groups, by whether they are of version 1.
func (s system) own(controller string) map[bool]string {
	own := map[bool]string{false: "/", true: "/"}
	data, _ := s.read("/proc/self/cgroup")
	for line := range strings.Lines(string(data)) { // 4:memory:/docker/abc, or 0::/docker/abc
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		switch {
		case len(parts) < 3:
		case parts[0] == "0" && parts[1] == "":
			own[false] = parts[2]
		case slices.Contains(strings.Split(parts[1], ","), controller):
			own[true] = parts[2]
		}
	}
	return own
}

// mount is a place where groups are to be seen, from the group root downwards.
type mount struct {
	dir, root string
	v1        bool
}

// mounts are the places that the system names, and those where they are mostly.
func (s system) mounts(controller string) []mount {
	list := []mount{{"/sys/fs/cgroup", "/", false}, {path.Join("/sys/fs/cgroup", controller), "/", true}}
	data, _ := s.read("/proc/self/mountinfo")
	for line := range strings.Lines(string(data)) {
		// 35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
		where, what, _ := strings.Cut(line, " - ")
		left, right := strings.Fields(where), strings.Fields(what)
		if len(left) < 5 || len(right) < 3 {
			continue
		}
		m := mount{dir: unescape.Replace(left[4]), root: unescape.Replace(left[3]), v1: right[0] == "cgroup"}
		if right[0] == "cgroup2" || m.v1 && slices.Contains(strings.Split(right[2], ","), controller) {
			list = append(list, m)
		}
	}
	return list
}

// unescape undoes how mountinfo writes what would end a field.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// below is what of a group's path lies below root; false where it does not lie
// there. In a namespace of its own a process may see its group as "/../x".
func below(group, root string) (string, bool) {
	if strings.Contains(group, "..") || strings.Contains(root, "..") {
		return "", false
	}
	if root == "/" {
		return path.Clean("/" + group), true
	}
	inside, ok := strings.CutPrefix(group, root)
	if !ok || inside != "" && inside[0] != '/' {
		return "", false
	}
	return path.Clean("/" + inside), true
}
