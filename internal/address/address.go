// Package address tells addresses, such as s3://bucket/x, from paths of this
// machine. A path that was meant as an address, or as one of another system, must
// not become a folder called "s3:".
package address

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

var form = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+):/`)

// Scheme is the scheme of an address in lower case ("s3" of s3://bucket/x), ""
// for a path. One slash will do for the schemes that people use: a cleaned path
// has lost the other.
func Scheme(word string) string {
	m := form.FindStringSubmatch(word)
	if m == nil {
		return ""
	}
	scheme := strings.ToLower(m[1])
	if _, known := copying[scheme]; known || scheme == "file" || strings.HasPrefix(word[len(m[0]):], "/") {
		return scheme
	}
	return ""
}

// Local is the path of this machine that a word names: the word itself, or the
// path of a file:// URL. Addresses of the schemes known are left as they are. Any
// other address, and a path of another system that is not there, is an error that
// says what to do.
func Local(word string, known ...string) (string, error) {
	switch scheme := Scheme(word); {
	case slices.Contains(known, scheme) && scheme != "":
		if rest := word[len(scheme)+1:]; !strings.HasPrefix(rest, "//") {
			return "", fmt.Errorf("%s is an address that lacks a slash; did you mean %s://%s?", word, scheme, strings.TrimPrefix(rest, "/"))
		}
		return word, nil
	case scheme == "file":
		return fileURL(word)
	case scheme != "":
		return "", errors.New(foreign(word, scheme))
	}
	return word, windows(word)
}

// fileURL is the path of file:///a/b, file://localhost/a/b or file:/a/b.
func fileURL(word string) (string, error) {
	rest := word[len("file:"):]
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		host, _, _ := strings.Cut(after, "/")
		if host != "" && !strings.EqualFold(host, "localhost") {
			return "", fmt.Errorf("%s names the machine %q; want a path, or file:///… with three slashes", word, host)
		}
		rest = after[len(host):]
	}
	path, err := url.PathUnescape(rest)
	if err != nil {
		return "", fmt.Errorf("%s: %w; want a path", word, err)
	}
	if path == "" {
		return "", fmt.Errorf("%s names no file; want a path, or file:///…", word)
	}
	if runtime.GOOS == "windows" && drive.MatchString(strings.TrimPrefix(path, "/")) {
		path = strings.TrimPrefix(path, "/")
	}
	return filepath.FromSlash(path), nil
}

// copying has the commands that copy what an address names to this machine.
var copying = map[string]string{
	"s3": "aws s3 cp --recursive %s DIR", "s3a": "aws s3 cp --recursive %s DIR", "gs": "gcloud storage cp -r %s DIR", "gcs": "gcloud storage cp -r %s DIR",
	"http": "curl -fLO %s", "https": "curl -fLO %s", "ftp": "curl -fO %s", "sftp": "curl -fO %s", "hdfs": "hdfs dfs -get %s DIR",
	"az": "azcopy copy %s DIR --recursive", "abfs": "azcopy copy %s DIR --recursive", "abfss": "azcopy copy %s DIR --recursive",
	"hf": "hf download %s --local-dir DIR", "ssh": "scp -r %s DIR", "rsync": "rsync -a %s DIR", "r2": "", "mem": "", "dbfs": "", "minio": "",
}

func foreign(word, scheme string) string {
	mend := "copy it to a folder of this machine"
	if command := copying[scheme]; command != "" {
		mend += ", such as by " + fmt.Sprintf(command, quoted(word))
	}
	return fmt.Sprintf("%s is an address, and %s:// is not read or written here; want a path of this machine (%s)", word, scheme, mend)
}

// quoted is a word as a shell wants it.
func quoted(word string) string {
	if strings.ContainsAny(word, " \t\n'\"\\$&?*;()<>|[]{}#~`!") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

var drive = regexp.MustCompile(`^[A-Za-z]:[\\/]`)

// windows is an error for a path of Windows on another system, unless there is
// such a file.
func windows(word string) error {
	if runtime.GOOS == "windows" || !strings.Contains(word, `\`) && !drive.MatchString(word) || exists(word) {
		return nil
	}
	slashed := strings.ReplaceAll(word, `\`, "/")
	switch {
	case drive.MatchString(word):
		return fmt.Errorf(`%s is a path of Windows, and this is %s (under WSL it is /mnt/%s%s)`, word, runtime.GOOS, strings.ToLower(word[:1]), slashed[2:])
	case strings.HasPrefix(word, `\\`):
		return fmt.Errorf(`%s is a share of Windows, and this is %s; mount it, and give the path below the mount`, word, runtime.GOOS)
	case exists(slashed):
		return fmt.Errorf("%s does not exist; did you mean %s?", word, slashed)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
