// Package imagefile lists and decodes images.
//
// List streams the images of folders, tar archives and lists of paths; Reader
// reads the encoded bytes of one of them; DecodeConfig looks at a header;
// Decode gives packed 8-bit RGB.
//
// What is decoded, and what is known by name only, is one table, in formats.go;
// docs/formats.md shows it.
//
// Every image comes out as a person would see it on white paper: the EXIF
// orientation (JPEG, PNG, WebP, TIFF; of EXIF or XMP) is applied, alpha is composited on white, gray
// and palettes are expanded, 16-bit samples v become round(v*255/65535), CMYK
// becomes RGB. Embedded colour profiles are ignored, as Pillow, OpenCV and
// TensorFlow do. JPEG pixels are those of libjpeg-turbo at its defaults, others
// those of Pillow, where they are defined to within a level. What is read in
// spite of damage that does not touch the pixels is told (Options.Lenient).
//
// Bytes that cannot become pixels give a *QuarantineError with one of the
// reasons in Reasons; nothing that is decoded wrongly passes in silence.
package imagefile
