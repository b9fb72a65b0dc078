package augment

// Pretrain is SimCLRv2's augmentation for contrastive pre-training at strength
// 1 (data_util.preprocess_for_train and batch_random_blur). At 32 pixels and
// below there is no blur. CIFAR wants Strength 0.5.
func Pretrain(size int) Config {
	c := FineTune(size)
	c.Jitter, c.Strength, c.Mode = 0.8, 1, Multiply
	c.Brightness, c.Contrast, c.Saturation, c.Hue = 0.8, 0.8, 0.8, 0.2
	c.Gray = 0.2
	if size > 32 {
		c.Blur, c.Sigma = 0.5, Range{0.1, 2}
	}
	return c
}

// FineTune is SimCLRv2's augmentation for fine-tuning, linear evaluation and
// distillation: crop and flip.
func FineTune(size int) Config {
	return Config{
		Size: size,
		CropConfig: CropConfig{
			Sampler: TF, Area: Range{0.08, 1}, Aspect: Range{3.0 / 4, 4.0 / 3}, MinCovered: 0.1, Attempts: 100, Filter: Bicubic,
		},
		FlipConfig:   FlipConfig{Flip: 0.5},
		JitterConfig: JitterConfig{Mode: Multiply},
	}
}

// Eval is the evaluation view: the centre crop of proportion 0.875, at 32
// pixels and below the whole image. It is the same for every key.
func Eval(size int) Config {
	c := Config{Size: size, CropConfig: CropConfig{Sampler: Centre, Proportion: 0.875, Filter: Bicubic}, JitterConfig: JitterConfig{Mode: Multiply}}
	if size <= 32 {
		c.Sampler, c.Proportion = Whole, 0
	}
	return c
}

// TorchRandomResizedCrop is crop and flip with the crop drawn as torchvision's
// RandomResizedCrop draws it by default.
func TorchRandomResizedCrop(size int) Config {
	c := FineTune(size)
	c.Sampler, c.MinCovered, c.Attempts = Torchvision, 0, 10
	return c
}

// BYOL gives the two views of BYOL (Grill et al. 2020, appendix B, table 6):
// crops as torchvision's, jitter 0.4/0.4/0.2/0.1, the first view always
// blurred, the second blurred one time in ten and solarized one in five.
func BYOL(size int) []Config {
	a := TorchRandomResizedCrop(size)
	a.Jitter, a.Strength = 0.8, 1
	a.Brightness, a.Contrast, a.Saturation, a.Hue = 0.4, 0.4, 0.2, 0.1
	a.Gray, a.Blur, a.Sigma = 0.2, 1, Range{0.1, 2}
	b := a
	b.Blur, b.Solarize, b.Threshold = 0.1, 0.2, 0.5
	return []Config{a, b}
}

// SwAV gives the eight views of multi-crop (Caron et al. 2020, section 3.2):
// two of 224 pixels over 14..100 % of the image, six of 96 over 5..14 %, with
// SimCLR's jitter at strength 1.
func SwAV() []Config {
	return multiCrop(Range{0.14, 1}, Range{0.05, 0.14}, func(c *Config, view int) {
		c.Brightness, c.Contrast, c.Saturation, c.Hue = 0.8, 0.8, 0.8, 0.2
		c.Blur = 0.5
	})
}

// DINO gives the eight views of DINO (Caron et al. 2021) with six local crops:
// two of 224 pixels over 40..100 % of the image, six of 96 over 5..40 %, BYOL's
// jitter, and the blur and solarization of each view as there.
func DINO() []Config {
	return multiCrop(Range{0.4, 1}, Range{0.05, 0.4}, func(c *Config, view int) {
		c.Brightness, c.Contrast, c.Saturation, c.Hue = 0.4, 0.4, 0.2, 0.1
		switch view {
		case 0:
			c.Blur = 1
		case 1:
			c.Blur, c.Solarize, c.Threshold = 0.1, 0.2, 0.5
		default:
			c.Blur = 0.5
		}
	})
}

func multiCrop(global, local Range, colour func(c *Config, view int)) []Config {
	views := make([]Config, 8)
	for i := range views {
		size, area := 224, global
		if i >= 2 {
			size, area = 96, local
		}
		c := TorchRandomResizedCrop(size)
		c.Area = area
		c.Jitter, c.Strength, c.Gray, c.Sigma = 0.8, 1, 0.2, Range{0.1, 2}
		colour(&c, i)
		views[i] = c
	}
	return views
}

// Preset is a named list of views.
type Preset struct {
	Name  string
	Doc   string                  // what they are, in a few words
	Views func(size int) []Config // size 0 means the preset's own
}

// Presets lists the presets by the names that the command line knows.
var Presets = []Preset{
	{"simclrv2", "the pair of contrastive pretraining", func(size int) []Config { return []Config{Pretrain(or(size, 224)), Pretrain(or(size, 224))} }},
	{"finetune", "crop and flip", func(size int) []Config { return []Config{FineTune(or(size, 224))} }},
	{"eval", "the centre crop", func(size int) []Config { return []Config{Eval(or(size, 224))} }},
	{"torchvision", "RandomResizedCrop and flip", func(size int) []Config { return []Config{TorchRandomResizedCrop(or(size, 224))} }},
	{"byol", "a pair with solarize", func(size int) []Config { return BYOL(or(size, 224)) }},
	{"swav", "multi-crop, 2 x 224 and 6 x 96 pixels", func(int) []Config { return SwAV() }},
	{"dino", "multi-crop with solarize, 2 x 224 and 6 x 96 pixels", func(int) []Config { return DINO() }},
}

// PresetByName finds a preset.
func PresetByName(name string) (Preset, bool) {
	for _, p := range Presets {
		if p.Name == name {
			return p, true
		}
	}
	return Preset{}, false
}

func or(size, own int) int {
	if size == 0 {
		return own
	}
	return size
}
