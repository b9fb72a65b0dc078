package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/io/blob"
)

// inStores marks a command whose arguments may be addresses of stores.
func inStores(cmd *cobra.Command) *cobra.Command {
	cmd.Annotations = map[string]string{storesMark: "yes"}
	return cmd
}

const storesMark = "stores"

// inFolder are the files right inside a folder of a store, by their names.
func inFolder(folder string) (dir blob.Dir, names []string, err error) {
	if dir, err = blob.Open(folder); err != nil {
		return dir, nil, err
	}
	for info, err := range dir.List("") {
		if err != nil {
			return dir, nil, err
		}
		if !strings.Contains(info.Name, "/") {
			names = append(names, info.Name)
		}
	}
	return dir, names, nil
}

// stored is the checkpoint that an address of a store stands for: the object
// itself, or the latest right below it.
func stored(address string) (string, error) {
	f, err := blob.OpenFile(address)
	if err == nil {
		return address, f.Close()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("no checkpoint: %w", err)
	}
	dir, names, err := inFolder(address)
	if err != nil {
		return "", fmt.Errorf("no checkpoint: %w", err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return path.Ext(name) != ".safetensors" })
	if len(names) == 0 {
		return "", fmt.Errorf("%s: no such checkpoint, and none (*.safetensors) lies below it; those of a run are in RUN/pretrain, RUN/finetune, RUN/baseline and RUN/distill", address)
	}
	slices.SortFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return dir.At(names[len(names)-1]), nil
}

// fetched copies a checkpoint of several files out of a store: those right below an
// address and in its folder variables, or those whose names begin with it. The
// result is where they lie; remove takes them away. A path of this machine stays.
func fetched(ctx context.Context, address string) (local string, remove func(), err error) {
	remove = func() {}
	if blob.Scheme(address) == "" {
		return address, remove, nil
	}
	temp, err := os.MkdirTemp("", "retort-fetch-*")
	if err != nil {
		return "", remove, err
	}
	remove = func() { os.RemoveAll(temp) }
	n, err := fetch(ctx, address, "", temp)
	if err == nil && n == 0 { // what its files' names begin with
		plain, query := blob.CutSettings(address)
		at := strings.LastIndexByte(plain, '/')
		prefix := plain[at+1:]
		n, err = fetch(ctx, plain[:at]+query, prefix, temp)
		local = filepath.Join(temp, prefix)
	} else {
		local = temp
	}
	if err == nil && n == 0 {
		err = fmt.Errorf("%s: nothing lies there, and no names begin so", address)
	}
	return local, remove, err
}

func fetch(ctx context.Context, folder, prefix, to string) (n int, err error) {
	dir, err := blob.Open(folder)
	if err != nil {
		return 0, err
	}
	dir = dir.With(ctx)
	for info, err := range dir.List(prefix) {
		if err != nil {
			return n, err
		}
		name := info.Name
		if inner, ok := strings.CutPrefix(name, "variables/"); strings.Contains(name, "/") && (!ok || strings.Contains(inner, "/")) {
			continue
		}
		if err := fetchOne(dir, name, filepath.Join(to, filepath.FromSlash(name))); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func fetchOne(dir blob.Dir, name, to string) error {
	from, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}
