// Package pipelines is the stage graph: stages as plain structs, typed edges
// between them, artifacts that are kept when nothing they depend on changed.
//
//	g := pipelines.New("flowers", pipelines.Root("runs/flowers"))
//	images := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{"photos/"}})
//	clean := pipelines.Add(g, "contrasty", pipelines.Each(&Contrasty{MinRange: 24}), images)
//	shards := pipelines.Add(g, "views", &views.Stage{Size: 32}, clean)
//	err := runners.Run(ctx, g, runners.Options{})
//
// A stage of the wrong kind on an edge does not compile. Everything else that
// can be wrong with a graph (two stages of one name, a missing input, a cycle,
// a value out of range) is reported by [Graph.Check], before anything runs.
//
// There are two levels of composition. An artifact stage implements [Stage] and
// sees whole artifacts. An element-wise stage implements [Element] over images
// and becomes a stage through [Each]. A stage whose work splits into shards
// implements [Sharded] as well; its shards are then the elements of the Beam
// pipeline that every stage runs as.
package pipelines
