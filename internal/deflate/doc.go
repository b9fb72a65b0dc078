// Package deflate compresses to gzip (RFC 1952) and zlib (RFC 1950) streams data
// that hardly compress, such as pixels. It looks for repeated pixels, three bytes
// at a time, and for nothing better than the first it finds; every 16 KiB get
// Huffman codes of their own, so that what repeats nothing is shortened too.
//
// The bytes of a stream depend on what is written and on nothing else: neither
// on the sizes of the calls nor on the machine.
package deflate
