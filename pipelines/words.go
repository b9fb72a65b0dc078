package pipelines

import (
	"errors"
	"strings"
)

// Runners wrap what a bundle fails with in words of their own, and Java's in a stack.
// The launcher finds ours between these, where no worker could tell it by the stage's
// folder.
const (
	wordsFrom = "\u27e6"
	wordsTo   = "\u27e7"
)

// markedError is err for runners to wrap.
type markedError struct{ error }

func (e markedError) Error() string { return wordsFrom + e.error.Error() + wordsTo }
func (e markedError) Unwrap() error { return e.error }

// unwrapped is an error of a runner in our words, where it holds them.
func unwrapped(err error) error {
	if _, text, there := strings.Cut(err.Error(), wordsFrom); there {
		if text, _, there = strings.Cut(text, wordsTo); there {
			return errors.New(text)
		}
	}
	return err
}
