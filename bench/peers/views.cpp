// Pairs of SimCLR views of every JPEG of a tar, as fast as libjpeg-turbo and a
// compiler make them: views TAR SIZE SECONDS. The last line is one JSON object.
// The work is the reference's, operation by operation, each clipped: accurate
// inverse DCT, bicubic crop, flip, jitter in random order, gray, blur, uint8.
// Photos that are much larger than a view are decoded fast: of both crops' common
// region only, at the smallest scale that leaves both as many pixels as a view has
// (TurboJPEG 3).
//
// g++ -O3 -march=native -mprefer-vector-width=512 -ffast-math -std=c++17 views.cpp -lturbojpeg
#include <turbojpeg.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <random>
#include <string>
#include <vector>
#ifdef __AVX512VBMI__
#include <immintrin.h>
#endif

using Bytes = std::vector<unsigned char>;
static std::mt19937 rng(1);
static float between(float lo, float hi) { return lo + (hi - lo) * (rng() * (1 / 4294967296.f)); }
static bool happens(float p) { return between(0, 1) < p; }

struct Box { int x, y, w, h; };

static Box draw_crop(int width, int height) {
  for (int attempt = 0; attempt < 10; attempt++) {
    float area = between(.08f, 1) * width * height, ratio = std::exp(between(std::log(.75f), std::log(4 / 3.f)));
    int w = std::lround(std::sqrt(area * ratio)), h = std::lround(std::sqrt(area / ratio));
    if (w > 0 && h > 0 && w <= width && h <= height) return {int(rng() % (width - w + 1)), int(rng() % (height - h + 1)), w, h};
  }
  return {0, 0, width, height};
}

// Taps of one axis: four weights from a first sample on, by output.
struct Taps {
  std::vector<int> first;
  std::vector<float> weight[4];

  void set(int from, int length, int limit, int n, bool flip, int step) {
    first.assign(n + 16, 0);
    for (auto& w : weight) w.assign(n + 16, 0);
    auto keys = [](float x) { return x < 1 ? (1.5f * x - 2.5f) * x * x + 1 : ((-.5f * x + 2.5f) * x - 4) * x + 2; };
    for (int i = 0; i < n; i++) {
      float at = (i + .5f) * length / n - .5f, whole = std::floor(at), t = at - whole;
      float w[4] = {keys(1 + t), keys(t), keys(1 - t), keys(2 - t)}, sum = 0;
      int begin = std::clamp(from + int(whole) - 1, 0, std::max(0, limit - 4)), to = flip ? n - 1 - i : i;
      for (int k = 0; k < 4; k++) {
        int sample = int(whole) - 1 + k;
        if (sample < 0 || sample >= length) continue;
        weight[std::clamp(from + sample - begin, 0, 3)][to] += w[k];
        sum += w[k];
      }
      for (auto& v : weight) v[to] /= sum;
      first[to] = begin * step;
    }
  }
};

struct Renderer {
  int size, n, stride;
  std::vector<float> plane[3], spare, ring[4], row;
  Taps across, down;

  explicit Renderer(int s) : size(s), n(s * s), stride(s + 16) {
    for (auto& p : plane) p.assign(n + 64, 0);
    for (auto& r : ring) r.assign(3 * stride, 0);
    spare.assign(n + 64, 0);
    row.assign(size + 128, 0);
  }

  void across_row(float* out, const unsigned char* src) {
#ifdef __AVX512VBMI__
    const __m512i low = _mm512_set1_epi32(255);
    for (int i = 0; i < size; i += 16) {
      __m512i at = _mm512_loadu_si512(&across.first[i]), word[3];
      for (int k = 0; k < 3; k++) word[k] = _mm512_i32gather_epi32(at, src + 4 * k, 1);
      for (int c = 0; c < 3; c++) {
        __m512 sum = _mm512_setzero_ps();
        for (int j = 0; j < 4; j++) {
          int byte = 3 * j + c;
          __m512i x = _mm512_and_si512(_mm512_srli_epi32(word[byte / 4], byte % 4 * 8), low);
          sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(x), _mm512_loadu_ps(&across.weight[j][i]), sum);
        }
        _mm512_storeu_ps(out + c * stride + i, sum);
      }
    }
#else
    for (int c = 0; c < 3; c++)
      for (int i = 0; i < size; i++) {
        const unsigned char* p = src + across.first[i] + c;
        out[c * stride + i] = p[0] * across.weight[0][i] + p[3] * across.weight[1][i] + p[6] * across.weight[2][i] + p[9] * across.weight[3][i];
      }
#endif
  }

  void resize(const unsigned char* pixels, int width, int height, Box b, bool flip) {
    across.set(b.x, b.w, width, size, flip, 3);
    down.set(b.y, b.h, height, size, false, 1);
    for (auto& w : across.weight)
      for (auto& x : w) x *= 1 / 255.f;
    int holds[4] = {-1, -1, -1, -1};
    for (int y = 0; y < size; y++) {
      const float* near[4];
      for (int k = 0; k < 4; k++) {
        int from = std::min(down.first[y] + k, height - 1), slot = from & 3;
        if (holds[slot] != from) across_row(ring[slot].data(), pixels + size_t(3) * width * from);
        holds[slot] = from;
        near[k] = ring[slot].data();
      }
      float w[4] = {down.weight[0][y], down.weight[1][y], down.weight[2][y], down.weight[3][y]};
      for (int c = 0; c < 3; c++) {
        float* __restrict out = &plane[c][y * size];
        const float *p = near[0] + c * stride, *q = near[1] + c * stride, *r = near[2] + c * stride, *s = near[3] + c * stride;
        for (int i = 0; i < size; i++) out[i] = p[i] * w[0] + q[i] * w[1] + r[i] * w[2] + s[i] * w[3];
      }
    }
  }

  template <class F> void each_pixel(F f) {
    float *__restrict r = plane[0].data(), *__restrict g = plane[1].data(), *__restrict b = plane[2].data();
    auto clip = [](float x) { return std::min(std::max(x, 0.f), 1.f); };
    for (int i = 0; i < n; i++) {
      float x = r[i], y = g[i], z = b[i];
      f(x, y, z);
      r[i] = clip(x), g[i] = clip(y), b[i] = clip(z);
    }
  }

  void contrast(float factor) {
    float mean[3];
    for (int c = 0; c < 3; c++) {
      float sum = 0;
      for (int i = 0; i < n; i++) sum += plane[c][i];
      mean[c] = (1 - factor) * sum / n;
    }
    each_pixel([=](float& r, float& g, float& b) { r = r * factor + mean[0], g = g * factor + mean[1], b = b * factor + mean[2]; });
  }

  void saturation(float factor) {
    each_pixel([=](float& r, float& g, float& b) {
      float v = std::max(r, std::max(g, b)), span = v - std::min(r, std::min(g, b));
      float k = span > 0 ? std::min(factor, v / span) : 0;
      r = v - (v - r) * k, g = v - (v - g) * k, b = v - (v - b) * k;
    });
  }

  void hue(float sixths) {
    each_pixel([=](float& r, float& g, float& b) {
      float v = std::max(r, std::max(g, b)), least = std::min(r, std::min(g, b)), span = v - least, inverse = span > 0 ? 1 / span : 0;
      float h = sixths + (v == r ? (g - b) * inverse : v == g ? 2 + (b - r) * inverse : 4 + (r - g) * inverse);
      h -= 6 * std::floor(h * (1 / 6.f));
      auto part = [](float x) { return std::min(std::max(x, 0.f), 1.f); };
      r = least + span * part(std::fabs(h - 3) - 1), g = least + span * part(2 - std::fabs(h - 2)), b = least + span * part(2 - std::fabs(h - 4));
    });
  }

  void colour(float strength) {
    if (happens(.8f)) {
      int order[4] = {0, 1, 2, 3};
      std::shuffle(order, order + 4, rng);
      for (int op : order) {
        float factor = between(std::max(0.f, 1 - .8f * strength), 1 + .8f * strength);
        if (op == 0) each_pixel([=](float& r, float& g, float& b) { r *= factor, g *= factor, b *= factor; });
        if (op == 1) contrast(factor);
        if (op == 2) saturation(factor);
        if (op == 3) hue(6 * between(-.2f * strength, .2f * strength));
      }
    }
    if (happens(.2f)) each_pixel([](float& r, float& g, float& b) { r = g = b = .2989f * r + .587f * g + .114f * b; });
  }

  void blur(float sigma) {
    float kernel[64], sum = 0, tail = 0;
    int radius = size / 20;
    for (int d = 0; d <= radius; d++) sum += (d ? 2 : 1) * (kernel[d] = std::exp(-d * d / (2 * sigma * sigma)));
    while (radius > 0 && (tail += 2 * kernel[radius] / sum) < 1e-7f) radius--;
    for (auto& k : kernel) k /= sum;
    auto pass = [&](float* __restrict out, const float* centre, int step) {
      for (int i = 0; i < size; i++) out[i] = centre[i] * kernel[0];
      for (int d = 1; d <= radius; d++) {
        const float *above = centre - d * step, *below = centre + d * step, k = kernel[d];
        for (int i = 0; i < size; i++) out[i] += (above[i] + below[i]) * k;
      }
    };
    std::vector<float> zeros(size, 0);
    for (auto& p : plane) {
      for (int y = 0; y < size; y++) {
        std::copy_n(&p[y * size], size, &row[64]);
        pass(&spare[y * size], &row[64], 1);
      }
      for (int y = 0; y < size; y++) {
        float* __restrict out = &p[y * size];
        const float* centre = &spare[y * size];
        for (int i = 0; i < size; i++) out[i] = centre[i] * kernel[0];
        for (int d = 1; d <= radius; d++) {
          const float *above = y >= d ? centre - d * size : zeros.data(), *below = y + d < size ? centre + d * size : zeros.data(), k = kernel[d];
          for (int i = 0; i < size; i++) out[i] += (above[i] + below[i]) * k;
        }
      }
    }
  }

  void store(unsigned char* out) {
#ifdef __AVX512VBMI__
    alignas(64) unsigned char order[64] = {};
    for (int i = 0; i < 48; i++) order[i] = i / 3 * 4 + i % 3;
    const __m512i index = _mm512_load_si512(order), most = _mm512_set1_epi32(255), none = _mm512_setzero_si512();
    for (int i = 0; i < n; i += 16) {
      __m512i x[3];
      for (int c = 0; c < 3; c++) {
        __m512i v = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(&plane[c][i]), _mm512_set1_ps(255)));
        x[c] = _mm512_min_epi32(_mm512_max_epi32(v, none), most);
      }
      __m512i v = _mm512_or_si512(x[0], _mm512_or_si512(_mm512_slli_epi32(x[1], 8), _mm512_slli_epi32(x[2], 16)));
      _mm512_storeu_si512(out + 3 * i, _mm512_permutexvar_epi8(index, v));
    }
#else
    for (int c = 0; c < 3; c++)
      for (int i = 0; i < n; i++) out[3 * i + c] = std::min(std::max(plane[c][i], 0.f), 1.f) * 255 + .5f;
#endif
  }
};

static std::vector<Bytes> jpegs_of(const char* tar) {
  std::vector<Bytes> files;
  std::ifstream in(tar, std::ios::binary);
  char header[512];
  while (files.size() < 1000 && in.read(header, 512) && header[0]) {
    size_t length = std::strtoul(header + 124, nullptr, 8);
    Bytes data((length + 511) / 512 * 512);
    in.read(reinterpret_cast<char*>(data.data()), data.size());
    std::string name(header, strnlen(header, 100));
    if (name.find(".jp") == std::string::npos && name.find(".JP") == std::string::npos) continue;
    data.resize(length);
    files.push_back(data);
  }
  return files;
}

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "views TAR SIZE SECONDS\n"), 2;
  int size = std::atoi(argv[2]);
  double seconds = std::atof(argv[3]);
  auto files = jpegs_of(argv[1]);
  if (files.empty()) return std::fprintf(stderr, "%s: no JPEG\n", argv[1]), 1;
  Renderer view(size);
  Bytes pixels, out(3 * size * size + 64);
#ifdef TJ_NUMINIT
  tjhandle decoder = tj3Init(TJINIT_DECOMPRESS);
#else
  tjhandle decoder = tjInitDecompress();
#endif
  auto begin = std::chrono::steady_clock::now();
  auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  std::clock_t used = std::clock();
  long made = 0;
  for (size_t i = 0; elapsed() < seconds; i++) {
    Bytes& file = files[i % files.size()];
    int width, height, sampling, space;
    if (tjDecompressHeader3(decoder, file.data(), file.size(), &width, &height, &sampling, &space)) return std::fprintf(stderr, "%s\n", tjGetErrorStr2(decoder)), 1;
    Box crops[2] = {draw_crop(width, height), draw_crop(width, height)};
#ifdef TJ_NUMINIT
    int reduction = 8;
    for (auto& c : crops)
      while (reduction > 1 && std::min(c.w, c.h) < reduction * size) reduction /= 2;
    bool whole = reduction == 1 && width * height < 1 << 20;
    tj3Set(decoder, TJPARAM_FASTDCT, !whole), tj3Set(decoder, TJPARAM_FASTUPSAMPLE, !whole);
    tj3SetScalingFactor(decoder, {1, reduction});
    tjregion region = TJUNCROPPED;
    width = (width + reduction - 1) / reduction, height = (height + reduction - 1) / reduction;
    if (!whole) {
      int right = 0, bottom = 0, block = std::max(1, tjMCUWidth[sampling] / reduction);
      region.x = width, region.y = height;
      for (auto& c : crops) {
        c = {c.x / reduction, c.y / reduction, c.w / reduction, c.h / reduction};
        region.x = std::min(region.x, std::max(0, c.x - 2) / block * block), region.y = std::min(region.y, std::max(0, c.y - 2));
        right = std::max(right, std::min(width, c.x + c.w + 2)), bottom = std::max(bottom, std::min(height, c.y + c.h + 2));
      }
      width = region.w = right - region.x, height = region.h = bottom - region.y;
      for (auto& c : crops) c.x -= region.x, c.y -= region.y;
    }
    pixels.resize(size_t(3) * width * height + 64);
    if (tj3SetCroppingRegion(decoder, region) || tj3Decompress8(decoder, file.data(), file.size(), pixels.data(), 3 * width, TJPF_RGB)) return std::fprintf(stderr, "%s\n", tj3GetErrorStr(decoder)), 1;
#else
    pixels.resize(size_t(3) * width * height + 64);
    if (tjDecompress2(decoder, file.data(), file.size(), pixels.data(), width, 3 * width, height, TJPF_RGB, TJFLAG_ACCURATEDCT)) return std::fprintf(stderr, "%s\n", tjGetErrorStr2(decoder)), 1;
#endif
    for (int pair = 0; pair < 2; pair++, made++) {
      view.resize(pixels.data(), width, height, crops[pair], happens(.5f));
      view.colour(size <= 32 ? .5f : 1);
      if (size > 32 && happens(.5f)) view.blur(between(.1f, 2));
      view.store(out.data());
    }
  }
  double wall = elapsed(), cpu = double(std::clock() - used) / CLOCKS_PER_SEC;
  std::printf("{\"peer\": \"C++\", \"size\": %d, \"views_per_s\": %.1f, \"views_per_cpu_s\": %.1f}\n", size, made / wall, made / cpu);
}
