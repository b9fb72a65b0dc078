package main

import "github.com/retort-ml/retort/pipelines/simclrv2"

// buildGraph is the one place where the program asks for the ready graph.
var buildGraph = simclrv2.Build
