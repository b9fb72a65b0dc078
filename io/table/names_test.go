package table

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// match offers images "NAME" or "NAME@URI" or "NAME@URI@ID" to keys and returns
// what each key names.
func match(t *testing.T, keys, images []string) (map[string]string, *Names, error) {
	t.Helper()
	n := NewNames()
	for i, key := range keys {
		n.Add(Row{Line: i + 1, Key: key, Label: "x"})
	}
	offer := func() {
		for i, image := range images {
			parts := append(strings.Split(image, "@"), "", "")
			m := Image{Name: parts[0], URI: parts[1], ID: parts[2], Place: fmt.Sprint(i)}
			if m.URI == "" {
				m.URI = "/data/" + m.Name
			}
			n.Offer(m)
		}
	}
	offer()
	if err := n.Settle("x.csv"); err != nil {
		return nil, n, err
	}
	found := map[string]string{}
	for _, k := range n.Keys() {
		if len(k.Images) > 0 {
			found[k.Rows[0].Key] = k.Images[0].Name
		}
	}
	n.Freeze()
	offer() // changes nothing
	for _, k := range n.Keys() {
		if len(k.Images) > 0 != (found[k.Rows[0].Key] != "") || len(k.Images) > 0 && k.Images[0].Name != found[k.Rows[0].Key] {
			t.Errorf("%q names %q, and then %v", k.Key, found[k.Rows[0].Key], k.Images)
		}
	}
	return found, n, nil
}

func TestNamesFindTheirImages(t *testing.T) {
	id := "00112233445566778899aabbccddeeff"
	nfc, nfd := "caf\u00e9.jpg", "cafe\u0301.jpg"
	for _, c := range []struct {
		name         string
		keys, images []string
		want         string // of the first key, "" if it names none
	}{
		{"name", []string{"x/a.jpg"}, []string{"x/b.jpg", "x/a.jpg"}, "x/a.jpg"},
		{"absolute path", []string{"/data/x/a.jpg"}, []string{"x/a.jpg"}, "x/a.jpg"},
		{"path from the folder above", []string{"photos/a.jpg"}, []string{"a.jpg@/home/me/photos/a.jpg"}, "a.jpg"},
		{"end of a path", []string{"a.jpg"}, []string{"x/a.jpg"}, "x/a.jpg"},
		{"whole name before an end", []string{"a.jpg"}, []string{"x/a.jpg", "a.jpg", "y/a.jpg"}, "a.jpg"},
		{"longer end before a shorter", []string{"a.jpg", "x/a.jpg"}, []string{"q/x/a.jpg", "y/a.jpg"}, "y/a.jpg"},
		{"member of an archive", []string{"cat/1.jpg"}, []string{"train/cat/1.jpg@/d/t.tar", "train/dog/1.jpg@/d/t.tar"}, "train/cat/1.jpg"},
		{"id", []string{id}, []string{"b.jpg@/b.jpg@ff112233445566778899aabbccddeeff", "a.jpg@/a.jpg@" + id}, "a.jpg"},
		{"id in capitals", []string{strings.ToUpper(id)}, []string{"a.jpg@/a.jpg@" + id}, "a.jpg"},
		{"without extension", []string{"ISIC_01"}, []string{"ISIC_01.jpg", "ISIC_02.jpg"}, "ISIC_01.jpg"},
		{"end without extension", []string{"ISIC_01"}, []string{"train/ISIC_01.JPG"}, "train/ISIC_01.JPG"},
		{"a file of just that name before one with an extension", []string{"a"}, []string{"a.jpg", "a"}, "a"},
		{"composed and not", []string{nfc}, []string{nfd}, nfd},
		{"not composed and composed", []string{"x/" + nfd}, []string{"x/" + nfc}, "x/" + nfc},
		{"back slashes", []string{`train\cat\1.jpg`}, []string{"train/cat/1.jpg"}, "train/cat/1.jpg"},
		{"a back slash in a name", []string{`back\slash.jpg`}, []string{`back\slash.jpg`, "back/slash.jpg"}, `back\slash.jpg`},
		{"blanks at the ends", []string{" a.jpg"}, []string{" a.jpg", "a.jpg"}, " a.jpg"},
		{"surplus blanks", []string{" a.jpg "}, []string{"a.jpg"}, "a.jpg"},
		{"dots", []string{"./x/../a.jpg"}, []string{"a.jpg"}, "a.jpg"},
		{"path of another machine", []string{"/kaggle/input/train/cat/1.jpg", "/kaggle/input/train/dog/1.jpg"}, []string{"dog/1.jpg", "cat/1.jpg"}, "cat/1.jpg"},
		{"path of Windows", []string{`C:\data\train\cat\1.jpg`}, []string{"cat/1.jpg"}, "cat/1.jpg"},
		{"path of elsewhere without extension", []string{"/theirs/cat/1"}, []string{"cat/1.jpg"}, "cat/1.jpg"},
		{"last part only", []string{"old/1.jpg"}, []string{"new/1.jpg", "new/2.jpg"}, "new/1.jpg"},
		{"last part of several images", []string{"old/1.jpg"}, []string{"new/1.jpg", "newer/1.jpg"}, ""},
		{"last part of several keys", []string{"old/1.jpg", "older/1.jpg"}, []string{"new/1.jpg"}, ""},
		{"its own folder is there without it", []string{"cat/1.jpg"}, []string{"cat/2.jpg", "dog/1.jpg"}, ""},
		{"its folder is there, deeper", []string{"cat/1.jpg"}, []string{"set/cat/2.jpg", "set/dog/1.jpg"}, ""},
		{"upper and lower case differ", []string{"A.jpg"}, []string{"a.jpg"}, ""},
		{"another extension", []string{"a.png"}, []string{"a.jpg"}, ""},
		{"three copies", []string{"a.jpg"}, []string{"x/a.jpg@/x/a.jpg@" + id, "y/a.jpg@/y/a.jpg@" + id, "x/a.jpg@/z/x/a.jpg@" + id}, "x/a.jpg"},
		{"copies", []string{"a.jpg"}, []string{"x/a.jpg@/x/a.jpg@" + id, "y/a.jpg@/y/a.jpg@" + id}, "x/a.jpg"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, _, err := match(t, c.keys, c.images)
			if err != nil || found[c.keys[0]] != c.want {
				t.Errorf("%q names %q, %v; want %q", c.keys[0], found[c.keys[0]], err, c.want)
			}
			slices.Reverse(c.images) // the order of the listing does not matter, but among copies
			if found, _, err := match(t, c.keys, c.images); !strings.HasSuffix(c.name, "copies") && (err != nil || found[c.keys[0]] != c.want) {
				t.Errorf("the other way round: %q names %q, %v; want %q", c.keys[0], found[c.keys[0]], err, c.want)
			}
		})
	}
}

func TestNamesOfSeveralImages(t *testing.T) {
	for _, c := range []struct{ keys, images []string }{
		{[]string{"a.jpg"}, []string{"x/a.jpg", "y/a.jpg"}},
		{[]string{"a"}, []string{"a.jpg", "a.png"}},
		{[]string{"1.jpg"}, []string{"1.jpg@/one/1.jpg", "1.jpg@/two/1.jpg"}},
	} {
		if found, _, err := match(t, c.keys, c.images); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("x.csv:1: %q names several images", c.keys[0])) {
			t.Errorf("%q: %q, %v", c.keys, found, err)
		}
	}
}

func TestIdleKeysAreExplained(t *testing.T) {
	_, n, err := match(t, []string{"A.JPG", "b.png", "stars/0001.jpg", "nothing like it", "b.jpg", "# only a remark"}, []string{"x/a.jpg", "b.jpg", "star/0001.jpeg"})
	if err != nil {
		t.Fatal(err)
	}
	n.keys[5].Rows[0].Comment = true
	comments := 0
	idle := n.Idle(func(Row) { comments++ })
	if len(idle) != 4 || comments != 1 {
		t.Fatalf("%d idle, %d comments", len(idle), comments)
	}
	got := n.Explain(idle)
	for _, want := range []string{"line 1: A.JPG; an image is called \"x/a.jpg\": upper and lower case differ", "line 2: b.png; an image is called \"b.jpg\": the extension differs", "line 3: stars/0001.jpg; an image is called \"star/0001.jpeg\"", "line 4: nothing like it"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant %s in it", got, want)
		}
	}
}
