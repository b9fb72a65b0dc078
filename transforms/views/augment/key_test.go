package augment

import "testing"

// The published values of Philox4x64-10 (Random123's known-answer tests).
func TestPhiloxMatchesItsPublishedValues(t *testing.T) {
	ones := ^uint64(0)
	for _, c := range []struct {
		counter [4]uint64
		key     [2]uint64
		want    [4]uint64
	}{
		{[4]uint64{}, [2]uint64{}, [4]uint64{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
		{[4]uint64{ones, ones, ones, ones}, [2]uint64{ones, ones}, [4]uint64{0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
	} {
		if got := philox(c.counter, c.key); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

func TestEveryPartOfTheKeyCounts(t *testing.T) {
	cfg := Pretrain(224)
	base := Key{Seed: 1, Pass: 1, View: 1}
	seen := map[Recipe]Key{}
	keys := []Key{base, {2, base.Image, 1, 1}, {1, base.Image, 2, 1}, {1, base.Image, 1, 2}}
	for i := range base.Image {
		k := base
		k.Image[i]++
		keys = append(keys, k)
	}
	for _, k := range keys {
		r := Draw(&cfg, 500, 375, k)
		if other, ok := seen[r]; ok {
			t.Errorf("%+v and %+v draw the same recipe", k, other)
		}
		seen[r] = k
		if again := Draw(&cfg, 500, 375, k); again != r {
			t.Errorf("%+v drew %v, then %v", k, r, again)
		}
	}
}

// What is not about the crop leaves the crop alone, so that two settings can
// be compared on the same crops.
func TestASettingChangesOnlyWhatItIsAbout(t *testing.T) {
	a := Pretrain(224)
	b := a
	b.Jitter, b.Gray, b.Blur, b.Strength = 0, 0, 0, 0.3
	for i := range 100 {
		k := Key{View: i}
		x, y := Draw(&a, 400, 300, k), Draw(&b, 400, 300, k)
		if x.Crop != y.Crop || x.Flip != y.Flip {
			t.Fatalf("key %d: %v and %v", i, x, y)
		}
	}
}

// Recipes of fixed keys must stay what they are: shards written today are
// replayed tomorrow.
func TestRecipesOfFixedKeys(t *testing.T) {
	cfg := Pretrain(224)
	id := [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	for i, want := range fixedRecipes {
		if got := Draw(&cfg, 500, 375, Key{Seed: 42, Image: id, Pass: 3, View: i}).String(); got != want {
			t.Errorf("view %d: %s\n    want %s", i, got, want)
		}
	}
}

var fixedRecipes = []string{
	"194x167+71+45 flip h+0.16 s*1.35 c*1.33 b*1.44",
	"311x316+185+7 b*1.02 c*1.74 h-0.07 s*1.45 blur 1.22",
	"171x156+260+83 s*1.14 c*1.22 h-0.20 b*0.43",
}
