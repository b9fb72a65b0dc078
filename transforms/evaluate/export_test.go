package evaluate

// InRangesOf makes ranges as small as given until the returned function is called.
func InRangesOf(images int64) (back func()) {
	r := rangeImages
	rangeImages = images
	return func() { rangeImages = r }
}
