package views

// run are records of the first pass that follow each other there, on their way
// into its file: small ones are made faster than each is written on its own.
type run struct {
	item, records int    // the first one's, and how many there are
	frames        []byte // with room for their frames
}

// begin starts a run of about so many bytes.
func (r *run) begin(bytes int) {
	if r.records, r.frames = 0, r.frames[:0]; cap(r.frames) < bytes {
		r.frames = make([]byte, 0, bytes)
	}
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
