package address

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestPathsStay(t *testing.T) {
	for _, word := range []string{"", ".", "photos", "a b%20#c:d", "/x/y", "../x", "a:b", "x/s3://y", "12:/x", "http", "s3", "class: cat/1.jpg", "re:/x", "*.tar"} {
		if got, err := Local(word); err != nil || got != word {
			t.Errorf("%q: got %q, %v", word, got, err)
		}
		if got := Scheme(word); got != "" {
			t.Errorf("%q has the scheme %q", word, got)
		}
	}
}

func TestAddressesAreNamed(t *testing.T) {
	for word, want := range map[string]string{
		"s3://bucket/x.tar":         "aws s3 cp --recursive s3://bucket/x.tar DIR",
		"S3://bucket/x":             "s3:// is not read",
		"s3:/bucket/x":              "s3:// is not read",
		"gs://b/x":                  "gcloud storage cp -r gs://b/x DIR",
		"https://example.org/x.tar": "curl -fLO https://example.org/x.tar",
		"http://e.org/x?a=1&b=2":    "curl -fLO 'http://e.org/x?a=1&b=2'",
		"hf://datasets/x":           "hf download",
		"mem://x/y":                 "mem:// is not read",
		"what://ever":               "what:// is not read",
	} {
		got, err := Local(word)
		if err == nil || got != "" || !strings.Contains(err.Error(), " is an address") || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), word) {
			t.Errorf("%s: got %q, %v", word, got, err)
		}
	}
	if got, err := Local("mem://x/y", "gs", "mem"); err != nil || got != "mem://x/y" {
		t.Errorf("a known one: %q, %v", got, err)
	}
	if _, err := Local("s3:/b/x", "s3"); err == nil || !strings.Contains(err.Error(), "did you mean s3://b/x?") {
		t.Errorf("a known one that lacks a slash: %v", err)
	}
}

func TestFileURLs(t *testing.T) {
	for word, want := range map[string]string{
		"file:///data/photos":            "/data/photos",
		"FILE:///data/photos":            "/data/photos",
		"file://localhost/data/a%20b":    "/data/a b",
		"file:/data/caf%C3%A9":           "/data/café",
		"file:///data/#1.tar":            "/data/#1.tar",
		"file:///data/*.tar":             "/data/*.tar",
		"file://data/photos":             `names the machine "data"`,
		"file:///data/%zz":               "invalid URL escape",
		"file://":                        "names no file",
		"file://localhost":               "names no file",
		"file://fileserver/share/photos": `names the machine "fileserver"`,
	} {
		got, err := Local(word)
		if strings.HasPrefix(want, "/") {
			if err != nil || filepath.ToSlash(got) != want {
				t.Errorf("%s: got %q, %v; want %s", word, got, err, want)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v; want %s", word, got, err, want)
		}
	}
}

func TestPathsOfWindows(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("they are at home here")
	}
	t.Chdir(t.TempDir())
	for _, name := range []string{`C:\odd`, `back\slash`} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Local(name); err != nil {
			t.Errorf("%s is there: %v", name, err)
		}
	}
	if err := os.MkdirAll("photos/cats", 0o700); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{
		`C:\photos\cats`:        "under WSL it is /mnt/c/photos/cats",
		`d:/photos`:             "under WSL it is /mnt/d/photos",
		`\\server\share\photos`: "share of Windows",
		`photos\cats`:           "did you mean photos/cats?",
	} {
		if _, err := Local(word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", word, err)
		}
	}
}

func FuzzLocal(f *testing.F) {
	for _, word := range []string{"s3://x", "file:///a%20b", `C:\x`, "file:", "a:/", "\\"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		got, err := Local(word)
		if err == nil && Scheme(word) != "" && Scheme(word) != "file" {
			t.Errorf("%q became the path %q", word, got)
		}
		if err == nil && word != "" && got == "" {
			t.Errorf("%q became the empty path", word)
		}
	})
}
