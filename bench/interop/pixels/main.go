// Pixels reads names of files from stdin and writes, for each, a line "ok WIDTH
// HEIGHT" and the upright RGB pixels that the project decodes, or "no REASON".
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/retort-ml/retort/io/imagefile"
)

func main() {
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	for in.Scan() {
		data, err := os.ReadFile(in.Text())
		var img *imagefile.RGB
		if err == nil {
			img, err = imagefile.Decode(data, imagefile.Options{})
		}
		if err != nil {
			fmt.Fprintf(out, "no %q\n", err)
		} else {
			fmt.Fprintf(out, "ok %d %d\n", img.Width, img.Height)
			out.Write(img.Pix)
		}
		if out.Flush() != nil {
			os.Exit(1)
		}
	}
}
