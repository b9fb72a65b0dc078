// Package simclrv2 is the ready graph: unlabelled images and a few labels in,
// a distilled classifier and a report out, as in "Big Self-Supervised Models
// are Strong Semi-Supervised Learners" (arXiv:2006.10029).
package simclrv2

import (
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// Config is everything that a run of the ready graph can be told. Package
// pipelines/config says what the tags mean.
type Config struct {
	Images     []string `yaml:"images" flag:"images" doc:"folders, archives (.tar, plain or compressed, .zip), TFRecords of images, or lists of paths (.txt, .csv)"`
	Labels     string   `yaml:"labels" flag:"labels" doc:"\"folder\": the class is the image's folder; a CSV of path,label or id,label; \"none\""`
	Test       []string `yaml:"test" flag:"test" doc:"a separate labelled set to evaluate on; empty: split holds one out"`
	TestLabels string   `yaml:"test_labels" flag:"test-labels" doc:"labels of the test set: \"folder\" or a CSV"`
	Seed       uint64   `yaml:"seed" flag:"seed" doc:"of every random choice; the same seed gives the same bytes"`
	Encoder    string   `yaml:"encoder" flag:"encoder" late:"yes" doc:"a pretrained network's checkpoint: the graph begins at fine-tuning, without views and pretraining, and the teacher is that network"`
	Size       int      `yaml:"size" range:"8..1024" doc:"side of a view in pixels; 32 and below uses the CIFAR stem and no blur"`

	Ingest   IngestConfig   `yaml:"ingest"`
	Split    SplitConfig    `yaml:"split"`
	Views    ViewsConfig    `yaml:"views"`
	Teacher  NetConfig      `yaml:"teacher"`
	Pretrain PretrainConfig `yaml:"pretrain"`
	Finetune FinetuneConfig `yaml:"finetune"`
	Baseline BaselineConfig `yaml:"baseline"`
	Student  NetConfig      `yaml:"student"`
	Distill  DistillConfig  `yaml:"distill"`
	Evaluate EvaluateConfig `yaml:"evaluate"`

	// Backend belongs to a machine and changes no artifact: no key says it.
	Backend string `yaml:"-" flag:"backend" oneof:"auto,cpu,go,xla:cuda,xla:cpu" doc:"what computes networks"`
}

// IngestConfig is how images are found and checked.
type IngestConfig struct {
	MaxImages   int     `yaml:"max_images" range:"0.." doc:"use a subset of so many images, labelled ones first and evenly over the classes; 0: all"`
	MaxPixels   int64   `yaml:"max_pixels" range:"1.." doc:"larger images are quarantined (decompression bombs)"`
	MaxRejected float64 `yaml:"max_rejected" range:"0..1" doc:"share of images that may be unusable before the stage fails (10 images always may)"`
}

// SplitConfig is which images keep their labels and which are held out.
type SplitConfig struct {
	Fraction     float64 `yaml:"fraction" range:"0..1" doc:"share of the training images that keep their labels (0.01, 0.1); 0: all that have one, or see per_class"`
	PerClass     int     `yaml:"per_class" range:"0.." doc:"labels kept per class, instead of fraction"`
	IDs          string  `yaml:"ids" doc:"a file of image ids or names, one a line: just these keep their labels"`
	TestFraction float64 `yaml:"test_fraction" range:"0..<1" doc:"share of the labelled images held out for evaluation when there is no test set"`
	Validation   float64 `yaml:"validation" late:"yes" range:"0..<1" doc:"share of the labels that would be kept which no training sees (0.2): by them probabilities are calibrated and trainings stop early; 0: none"`
}

// ViewsConfig is the augmentation of pretraining (appendix A of SimCLR).
type ViewsConfig struct {
	Augmentation string  `yaml:"augmentation" oneof:"simclrv2,torchvision,byol,swav,dino" doc:"which views; swav and dino (multi-crop: 2 of 224 and 6 of 96 px) are for a trainer of your own: the graph ends with them"`
	Passes       int     `yaml:"passes" range:"1..10000" doc:"records of views stored per image, out of one decode; training cycles through them"`
	Strength     float64 `yaml:"strength" range:"0..1.25" doc:"of simclrv2's colour jitter (1.0; CIFAR 0.5)"`
	Brightness   string  `yaml:"brightness" oneof:"simclrv2,simclrv1" doc:"of simclrv2's jitter: multiplicative (simclrv2) or additive (simclrv1) brightness"`
	Resize       string  `yaml:"resize" oneof:"tf2,tf1" doc:"bicubic variant; tf1 is what the released checkpoints were trained with"`
	Compression  string  `yaml:"compression" oneof:"none,gzip,zlib,zstd" doc:"of the shards"`
	Exact        bool    `yaml:"exact" doc:"decode large photos at full size, as the reference does; else their crops at 1/2, 1/4 or 1/8, where even the smallest has pixels to spare"`
	Store        string  `yaml:"store" oneof:"pixels,recipe" doc:"pixels: precompute; recipe: store the numbers, replay the pixels when training"`
	ShardMB      int     `yaml:"shard_mb" range:"1..4096" doc:"aimed size of a shard in MiB"`

	augment.Extras `yaml:",inline"` // operations that no augmentation has by itself
}

// NetConfig is a network.
type NetConfig struct {
	Arch  string  `yaml:"arch" oneof:"resnet18,resnet34,resnet50,resnet101,resnet152,resnet200" doc:"residual network"`
	Width float64 `yaml:"width" range:"0<..16" doc:"multiplier of all channels (1: 64 after the stem)"`
	SK    bool    `yaml:"sk" doc:"selective kernels, with the ResNet-D stem and shortcut"`
}

// OptimConfig is how a stage trains.
type OptimConfig struct {
	Epochs          int     `yaml:"epochs" range:"1..100000" doc:"passes over the images"`
	Batch           int     `yaml:"batch" range:"2..65536" doc:"images a step"`
	Optimizer       string  `yaml:"optimizer" oneof:"lars,momentum,adam,adamw" doc:"LARS, Nesterov momentum, Adam or AdamW"`
	LearningRate    float64 `yaml:"lr" range:"0<..1000" doc:"base learning rate, before scaling"`
	Scaling         string  `yaml:"lr_scaling" oneof:"linear,sqrt,none" doc:"linear: lr * batch/256; sqrt: lr * sqrt(batch)"`
	WarmupEpochs    float64 `yaml:"warmup_epochs" range:"0.." doc:"of linear warmup, before the cosine"`
	WeightDecay     float64 `yaml:"weight_decay" range:"0..1" doc:"L2, not on batch norm and biases"`
	CheckpointEvery int     `yaml:"checkpoint_every" range:"1.." doc:"steps between checkpoints that an interrupted run goes on from"`

	ClipNorm float64 `yaml:"clip_norm" late:"yes" range:"0.." doc:"scale gradients down to this norm, taken over all of them, where it is larger; 0: never"`
	Average  float64 `yaml:"average" late:"yes" range:"0..<1" doc:"decay of the weights' averages over the steps, which are the network that comes out (0.999); 0: no averages"`

	// How a step is computed; the result is the same.
	Remat             bool `yaml:"remat" late:"yes" doc:"compute activations again for the gradient instead of keeping them (gradient checkpointing): less memory, more time"`
	StepsPerExecution int  `yaml:"steps_per_execution" late:"yes" range:"0..10000" doc:"steps that the backend does in one call (GPUs: less idle time between them; xla:cpu: many times slower); interrupting a run then waits for so many; 0: 1"`
}

// StopConfig is when the training of a classifier ends before its last epoch.
type StopConfig struct {
	Patience      int    `yaml:"patience" late:"yes" range:"0.." doc:"stop after so many looks at the images of split.validation that were no better than the best before, and keep that network; 0: never"`
	ValidateEvery int    `yaml:"validate_every" late:"yes" range:"0.." doc:"steps between two looks at the images of split.validation; 0: a twentieth of the training"`
	StopBy        string `yaml:"stop_by" late:"yes" oneof:"loss,accuracy" doc:"what makes a look better: less loss or more accuracy"`
}

// PretrainConfig is pretraining without labels (section 2.1 of the paper).
type PretrainConfig struct {
	OptimConfig       `yaml:",inline"`
	Objective         Objective      `yaml:"objective" late:"yes" doc:"what the encoder is trained for; other modules register more"`
	ObjectiveSettings map[string]any `yaml:"objective_settings" late:"yes" doc:"settings of an objective that has its own, as {key: value}; those left out have its defaults"`

	Temperature float64 `yaml:"temperature" range:"0<..100" doc:"of NT-Xent"`
	Memory      int     `yaml:"memory" late:"yes" range:"0..16777216" doc:"embeddings of past batches that are further negatives of NT-Xent, by a network that follows with decay 0.999 (the paper: 65536); 0: none"`
	Chunk       int     `yaml:"chunk" late:"yes" range:"0..65536" doc:"images that the network sees at once, a divisor of batch: the loss is over the whole batch, its gradient exact, but batch normalisation is over a chunk; less memory, another forward pass; 0: the whole batch"`
	HeadLayers  int     `yaml:"head_layers" range:"1..8" doc:"of the projection head"`
	HeadDim     int     `yaml:"head_dim" range:"2..65536" doc:"width of its output"`
}

// Objective is the name of a registered objective; "" is NT-Xent.
type Objective objective.Name

// Words are the objectives that need no labels.
func (Objective) Words() []string {
	var words []string
	for _, name := range objective.Unlabelled() {
		words = append(words, string(name))
	}
	return words
}

// FinetuneConfig is fine-tuning on the few labels (section 2.2).
type FinetuneConfig struct {
	OptimConfig `yaml:",inline"`
	Selector    int  `yaml:"selector" range:"0..8" doc:"ft_proj_selector: 0 fine-tunes from the encoder, 1 from the first layer of the projection head, …"`
	LinearOnly  bool `yaml:"linear_only" doc:"train only a linear classifier on the frozen encoder"`
	Freeze      int  `yaml:"freeze" late:"yes" range:"0..5" doc:"parts of the encoder that stay as they are: 1 the stem, 2 to 5 also the first 1 to 4 groups of blocks; 0: none"`

	LabelSmoothing float64 `yaml:"label_smoothing" late:"yes" range:"0..<1" doc:"share of each label that is spread over all classes (0.1); 0: none"`

	Passes int `yaml:"passes" range:"1..10000" doc:"augmented views stored per labelled image (crop + flip)"`

	StopConfig `yaml:",inline"`
}

// BaselineConfig is what one would have without us: the same network, from
// scratch, on the same few labels.
type BaselineConfig struct {
	OptimConfig    `yaml:",inline"`
	Init           string  `yaml:"init" late:"yes" doc:"a checkpoint whose encoder the training starts from, of the same network; none: from scratch"`
	LabelSmoothing float64 `yaml:"label_smoothing" late:"yes" range:"0..<1" doc:"share of each label that is spread over all classes (0.1); 0: none"`

	StopConfig `yaml:",inline"`
}

// DistillConfig is the third step (section 2.3).
type DistillConfig struct {
	OptimConfig `yaml:",inline"`
	Temperature float64 `yaml:"temperature" range:"0<..100" doc:"of teacher and student (0.1 self-distillation, 1.0 big to small)"`
	Alpha       float64 `yaml:"alpha" range:"0..1" doc:"weight of the teacher's targets; 1: no labels are used"`
	TauSquared  bool    `yaml:"tau_squared" doc:"multiply the loss by temperature squared"`
	Passes      int     `yaml:"passes" range:"1..10000" doc:"augmented views per image that the teacher labels (crop + flip)"`
	Init        string  `yaml:"init" late:"yes" doc:"a checkpoint whose encoder the training starts from, of the same network; none: from scratch"`

	LabelPrecision string `yaml:"label_precision" late:"yes" oneof:"f32,int8" doc:"what the teacher labels in; int8: about twice as fast on a CPU with AVX-512 VNNI, for slightly other targets (docs/training.md)"`

	StopConfig `yaml:",inline"`
}

// EvaluateConfig is the evaluation.
type EvaluateConfig struct {
	KNN   int `yaml:"knn" range:"1..1000" doc:"neighbours of the kNN classifier on encoder features"`
	Batch int `yaml:"batch" range:"1..65536" doc:"images a step"`

	Linear             string  `yaml:"linear" late:"yes" oneof:"none,beside,only" doc:"linear evaluation: a linear classifier of the labels on the pretrained encoder's frozen features; beside fine-tuning and distillation, or only this"`
	LinearEpochs       int     `yaml:"linear_epochs" late:"yes" range:"1..100000" doc:"passes over the labelled images"`
	LinearLearningRate float64 `yaml:"linear_lr" late:"yes" range:"0<..1000" doc:"base learning rate, times batch/256; batches of 512, Nesterov momentum"`
}
