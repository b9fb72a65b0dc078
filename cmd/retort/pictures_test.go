package main

import (
	"archive/tar"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
)

// scriptPicture makes one image file: "picture KIND FILE".
func scriptPicture(ts *script, neg bool, args []string) {
	if neg || len(args) != 2 || pictures[args[0]] == nil {
		ts.Fatalf("usage: picture KIND FILE")
	}
	path := ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	ts.Check(os.WriteFile(path, pictures[args[0]](), 0o644))
}

var pictures = map[string]func() []byte{
	"good":      func() []byte { return encodePNG(waves(24, 18)) },
	"1x1":       func() []byte { return encodePNG(waves(1, 1)) },
	"30000x1":   func() []byte { return encodePNG(waves(30000, 1)) },
	"bomb":      func() []byte { return blackPNG(20000, 6000) },
	"zero-byte": func() []byte { return nil },
	"truncated": func() []byte { data := encodeJPEG(waves(64, 64)); return data[:len(data)*2/3] },
	"corrupt":   func() []byte { data := encodePNG(waves(64, 64)); data[len(data)/2] ^= 0x55; return data },
	"text":      func() []byte { return []byte("this is no image\n") },
}

func waves(width, height int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, color.NRGBA{R: uint8(x * 7), G: uint8(y*11 + x*x), B: uint8(x * y), A: 255})
		}
	}
	return img
}

// blackPNG is a PNG of two colours that unpacks to a thousand times its size.
func blackPNG(width, height uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		from := len(b)
		b = append(append(b, kind...), data...)
		b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[from:]))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	chunk("IHDR", append(header, 1, 0, 0, 0, 0)) // one bit of gray a pixel
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(make([]byte, int(height)*int(1+(width+7)/8))); err != nil {
		panic(err)
	}
	z.Close()
	chunk("IDAT", packed.Bytes())
	chunk("IEND", nil)
	return b
}

func encodePNG(img image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func encodeJPEG(img image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// scriptArchive packs the files of a folder, in order of name, and then
// members that no program should follow: "archive FOLDER FILE.tar [evil]".
func scriptArchive(ts *script, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) == 3 && args[2] != "evil" {
		ts.Fatalf("usage: archive FOLDER FILE.tar [evil]")
	}
	files, err := readRun(ts.MkAbs(args[0]))
	ts.Check(err)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(h tar.Header, data []byte) {
		h.Mode, h.Size = 0o644, int64(len(data))
		ts.Check(w.WriteHeader(&h))
		_, err := w.Write(data)
		ts.Check(err)
	}
	for _, name := range names {
		add(tar.Header{Name: name, Typeflag: tar.TypeReg}, files[name])
	}
	if len(args) == 3 {
		image := files[names[0]]
		add(tar.Header{Name: "../outside/a.png", Typeflag: tar.TypeReg}, image)
		add(tar.Header{Name: "circle/../../b.png", Typeflag: tar.TypeReg}, image)
		add(tar.Header{Name: "/absolute/c.png", Typeflag: tar.TypeReg}, image)
		add(tar.Header{Name: "circle/link.png", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, nil)
		add(tar.Header{Name: "circle/hard.png", Typeflag: tar.TypeLink, Linkname: names[0]}, nil)
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o644))
}
