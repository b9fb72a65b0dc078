package split

// InRangesOf makes ranges and chunks as small as given until the returned function
// is called.
func InRangesOf(images, chunk int64) (back func()) {
	r, c := rangeImages, chunkImages
	rangeImages, chunkImages = images, chunk
	return func() { rangeImages, chunkImages = r, c }
}
