package nobody

import "testing"

func TestKnown(t *testing.T) {
	const users = "root:x:0:0:root:/root:/bin/bash\nbroken:x:12\nbuild:x:1000:1000::/home/build:"
	for id, want := range map[string]bool{"0": true, "1000": true, "12": false, "100": false, "": false} {
		if known(users, id) != want {
			t.Errorf("user %q is known: %v", id, !want)
		}
	}
}
