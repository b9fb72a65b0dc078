package views

// run are records of the first pass that follow each other there, on their way
// into its file: small ones are made faster than each is written on its own.
type run struct {
	item, records int    // the first one's, and how many there are
	frames        []byte // with room for their frames
	left          int    // items that may still come, the one at hand among them
}

// begin forgets what is left of a run that an error or the end of a context cut off.
func (r *run) begin() {
	if r.records > 0 {
		*r = run{}
	}
}

// room is where the record of an item goes: behind the last one; for the first, into
// memory that is lent for it and what may follow, or, without, of about so many bytes.
func (r *run) room(to sink, item, recordBytes int) []byte {
	if r.records > 0 {
		return r.frames
	}
	if lent := to.lend(item, r.left); lent != nil {
		r.frames = lent
	} else if n := r.left * recordBytes; cap(r.frames) < n {
		r.frames = make([]byte, 0, n)
	}
	return r.frames[:0]
}

// add adds an item's record, the last in frames.
func (r *run) add(item int, frames []byte) {
	if r.records == 0 {
		r.item = item
	}
	r.records++
	r.frames = frames
}

// end puts the run, and starts another one.
func (r *run) end(to sink) (err error) {
	if r.records > 0 {
		r.frames, err = to.put(0, r.item, r.frames)
	}
	r.records, r.frames = 0, r.frames[:0]
	return err
}
