// Package imagefile lists and decodes images.
//
// List streams the images of folders, tar archives and lists of paths; Reader
// reads the encoded bytes of one of them; DecodeConfig looks at a header;
// Decode gives packed 8-bit RGB.
//
// What is decoded:
//
//	format  variants                                        else
//	JPEG    baseline and progressive, 8 bit, gray, YCbCr,   arithmetic, lossless, 12 bit,
//	        RGB, CMYK and YCCK with an Adobe marker         unmarked CMYK: unsupported-format
//	PNG     all; of an animation the default image
//	WebP    lossy, lossless, alpha                          animated: unsupported-format
//	GIF     the first frame on its canvas
//	BMP     8, 24 and 32 bit, uncompressed                  unsupported-format
//
// Every image comes out as a person would see it on white paper: the EXIF
// orientation (JPEG, PNG, WebP) is applied, alpha is composited on white, gray
// and palettes are expanded, 16-bit samples v become round(v*255/65535), CMYK
// becomes RGB. Embedded colour profiles are ignored, as Pillow, OpenCV and
// TensorFlow do. JPEG pixels are those of libjpeg-turbo at its defaults.
//
// Bytes that cannot become pixels give a *QuarantineError with one of the
// reasons in Reasons; nothing that is decoded wrongly passes in silence.
package imagefile
