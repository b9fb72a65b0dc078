package backend

import (
	"fmt"
	"sync"

	"github.com/retort-ml/retort/model/backend/cpu" // registers "cpu"
)

// Int8 is how much of the network that was compiled last is computed in 8 bits; false
// where none was to be.
func (c *Choice) Int8() (u cpu.Int8Use, ok bool) {
	if b, is := c.Backend.(interface{ Int8Use() (cpu.Int8Use, bool) }); is {
		return b.Int8Use()
	}
	return u, false
}

// TellInt8 is a function that says, when it is first called, how much of the network
// that was compiled is computed in 8 bits, if any was to be. say may be nil.
func (c *Choice) TellInt8(say func(string)) func() {
	return sync.OnceFunc(func() {
		u, ok := c.Int8()
		if !ok || say == nil {
			return
		}
		text := fmt.Sprintf("%d of %d convolutions are computed in 8 bits", u.InBytes, u.Convolutions)
		if u.Unfit > 0 {
			text += fmt.Sprintf("; %d more would be if their channels were multiples of 4 (in) and 16 (out)", u.Unfit)
		}
		say(text)
	})
}
