package imagefile

import "testing"

func TestEntryPath(t *testing.T) {
	for _, c := range []struct{ uri, name, want string }{
		{"img.jpg", "img.jpg", "img.jpg"},
		{"mon/img.jpg", "img.jpg", "mon/img.jpg"},
		{"./mon/a/img.jpg", "a/img.jpg", "./mon/a/img.jpg"},
		{"/data/mon/img.jpg", "img.jpg", "/data/mon/img.jpg"},
		{"/data/mon/img.jpg", "/data/mon/img.jpg", "/data/mon/img.jpg"}, // a list's absolute path
		{"x/a.jpg", "../x/a.jpg", "x/a.jpg"},                            // a list's relative one
		{"mon.tar", "img.jpg", "mon.tar/img.jpg"},
		{"data/mon.tar", "cats/img.jpg", "data/mon.tar/cats/img.jpg"},
		{"data/sub/mon.tar", "sub/mon.tar/cats/img.jpg", "data/sub/mon.tar/cats/img.jpg"}, // an archive inside a folder
		{"data/mon.tar", "mon/img.jpg", "data/mon.tar/mon/img.jpg"},
		{"data/a/img.jpg", "img.jpg.jpg", "data/a/img.jpg/img.jpg.jpg"},
	} {
		if got := (Entry{URI: c.uri, Name: c.name}).Path(); got != c.want {
			t.Errorf("%s in %s: got %s, want %s", c.name, c.uri, got, c.want)
		}
	}
}
