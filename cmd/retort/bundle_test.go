package main

import (
	"path/filepath"

	"github.com/retort-ml/retort/model/checkpoint/tensorbundle/bundletest"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
)

// scriptBundle writes a small checkpoint as the reference's TF1 program saves
// them: "bundle DIR". It has what the released ones have, moving averages too.
func scriptBundle(ts *script, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: bundle DIR")
	}
	ts.Check(writeBundle(ts.MkAbs(args[0])))
}

func writeBundle(dir string) error {
	s := train.Spec{Arch: resnet.Config{Depth: 18, Width: 1. / 32}, ImageSize: 16, Objective: objective.NTXent, Temperature: 0.1, HeadLayers: 2, HeadDim: 8, Classes: 3}
	all := map[string]bundletest.Tensor{}
	for _, v := range s.Declaration().Variables {
		w := bundletest.Tensor{Shape: v.Shape, Data: v.Draw(1)}
		all[v.Name], all[v.Name+"/Momentum"] = w, w
		all["ema_model/"+v.Name] = bundletest.Tensor{Shape: v.Shape, Data: v.Draw(2)}
	}
	return bundletest.Write(filepath.Join(dir, "model.ckpt-12"), all, nil, 12)
}
