package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/retort-ml/retort/internal/address"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/runners/program"
)

// pathVar adds a flag that is a path: a file:// URL is taken as one, another
// address is an error that says what to do.
func pathVar(flags *pflag.FlagSet, p *string, name, standard, meaning string) {
	*p = standard
	flags.Var((*pathFlag)(p), name, meaning)
}

// placeVar adds a flag that is a path or the address of a store.
func placeVar(flags *pflag.FlagSet, p *string, name, standard, meaning string) {
	*p = standard
	flags.Var((*placeFlag)(p), name, meaning)
}

type placeFlag string

func (p *placeFlag) String() string { return string(*p) }
func (p *placeFlag) Type() string   { return "string" }
func (p *placeFlag) Set(word string) (err error) {
	if word, err = address.Local(word, program.Stores()...); err == nil && blob.Scheme(word) != "" {
		_, err = blob.Open(word)
	}
	*p = placeFlag(word)
	return err
}

// pathsVar adds a flag of a path that may be given again.
func pathsVar(flags *pflag.FlagSet, p *[]string, name, meaning string) {
	flags.Var((*pathsFlag)(p), name, meaning)
}

type pathFlag string

func (p *pathFlag) String() string { return string(*p) }
func (p *pathFlag) Type() string   { return "string" }
func (p *pathFlag) Set(word string) (err error) {
	word, err = address.Local(word)
	*p = pathFlag(word)
	return err
}

type pathsFlag []string

func (p *pathsFlag) String() string { return strings.Join(*p, " ") }
func (p *pathsFlag) Type() string   { return "stringArray" }
func (p *pathsFlag) Set(word string) error {
	word, err := address.Local(word, program.Stores()...)
	*p = append(*p, word)
	return err
}

// pathArguments makes paths of a command's arguments: all that stands behind
// flags in this program names files.
func pathArguments(cmd *cobra.Command, args []string) error {
	var known []string
	if cmd.Annotations[storesMark] != "" {
		known = program.Stores()
	}
	for i := range args {
		path, err := address.Local(args[i], known...)
		if err != nil {
			return usage("%s: %w", cmd.CommandPath(), err)
		}
		args[i] = path
	}
	return nil
}
