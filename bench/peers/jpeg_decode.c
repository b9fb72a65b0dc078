// Every JPEG of a tar decoded whole to RGB by libjpeg-turbo, with its defaults
// (accurate inverse DCT, triangle upsampling): jpeg_decode TAR SECONDS. Files are
// read into memory first. The last line is one JSON object.
//
// cc -O3 -march=native jpeg_decode.c -lturbojpeg
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <turbojpeg.h>

enum { MOST = 1000 }; // files, as the other side takes by default

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void fail(const char *what, const char *why) {
  fprintf(stderr, "jpeg_decode: %s: %s\n", what, why);
  exit(1);
}

struct file { unsigned char *data; size_t size; };

// read_tar keeps the regular files of a ustar archive whose names look like JPEG's.
static int read_tar(const char *path, struct file *files) {
  FILE *tar = fopen(path, "rb");
  if (!tar) fail(path, "cannot be opened");
  unsigned char block[512];
  int n = 0;
  while (n < MOST && fread(block, 512, 1, tar) == 1 && block[0]) {
    size_t size = strtoull((char *)block + 124, 0, 8), padded = (size + 511) & ~(size_t)511;
    block[100] = 0;
    if ((block[156] != '0' && block[156]) || !(strstr((char *)block, ".jp") || strstr((char *)block, ".JP"))) {
      fseek(tar, padded, SEEK_CUR);
      continue;
    }
    files[n] = (struct file){malloc(padded), size};
    if (fread(files[n].data, 1, padded, tar) != padded) fail(path, "ends inside a file");
    n++;
  }
  fclose(tar);
  if (!n) fail(path, "holds no JPEG");
  return n;
}

int main(int count, char **args) {
  if (count != 3) fail("usage", "jpeg_decode TAR SECONDS");
  static struct file files[MOST];
  int n = read_tar(args[1], files);
  tjhandle decoder = tj3Init(TJINIT_DECOMPRESS);
  unsigned char *pixels = 0;
  size_t room = 0;
  double pixels_done = 0, wall = 0, used = 0, limit = atof(args[2]);
  long images = 0;
  for (long i = -1; i <= 0 || seconds(CLOCK_MONOTONIC) - wall < limit; i++) {
    if (i == 0) wall = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_PROCESS_CPUTIME_ID), pixels_done = images = 0; // warm
    struct file *f = &files[(i + n) % n];
    if (tj3DecompressHeader(decoder, f->data, f->size)) fail("a header", tj3GetErrorStr(decoder));
    size_t area = (size_t)tj3Get(decoder, TJPARAM_JPEGWIDTH) * tj3Get(decoder, TJPARAM_JPEGHEIGHT);
    if (3 * area > room) pixels = realloc(pixels, room = 3 * area);
    if (tj3Decompress8(decoder, f->data, f->size, pixels, 0, TJPF_RGB)) fail("an image", tj3GetErrorStr(decoder));
    pixels_done += area;
    images++;
  }
  wall = seconds(CLOCK_MONOTONIC) - wall;
  used = seconds(CLOCK_PROCESS_CPUTIME_ID) - used;
  printf("{\"images\":%d,\"decoded\":%ld,\"mpx_per_s\":%.2f,\"mpx_per_cpu_s\":%.2f}\n", n, images, pixels_done / wall / 1e6, pixels_done / used / 1e6);
  return 0;
}
