package backend

import (
	"fmt"

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

// SayInt8 is Int8 for people; "" where there is nothing to say.
func (c *Choice) SayInt8() string {
	u, ok := c.Int8()
	if !ok {
		return ""
	}
	text := fmt.Sprintf("%d of %d convolutions are computed in 8 bits", u.InBytes, u.Convolutions)
	if u.Unfit > 0 {
		text += fmt.Sprintf("; %d more would be if their channels were multiples of 4 (in) and 16 (out)", u.Unfit)
	}
	return text
}
