"""The fastest views that we can put together in Python: simplejpeg decodes with
libjpeg-turbo's fast settings, OpenCV does the rest on bytes, one thread. Brightness,
contrast, saturation, hue and gray are one 3x4 matrix, which is less work than their
steps one by one, clamped after each. Random numbers are drawn for many views at once.

Variants: decoded whole ("whole"); for photos far larger than the views at the
largest DCT scale that leaves each crop as many pixels as its view, decoded for all
views of an image together ("scaled") or for each anew ("scaled each").
"""
import cv2

cv2.setNumThreads(0)

import numpy as np  # noqa: E402
import simplejpeg  # noqa: E402

from augment_common import arguments, clock, encoded_images, report, strength  # noqa: E402

LUMA = np.array([0.299, 0.587, 0.114])
GRAY = np.tile(LUMA, (3, 1))
YIQ = np.array([LUMA, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
CHUNK = 4096  # views drawn at once
SCALES = (8, 4, 2, 1)


class Draws:
    """Random numbers of views, one row after the other."""

    def __init__(self, size):
        self.strength, self.blur = strength(size)
        self.rng = np.random.default_rng(1)
        self.row = self.crop = CHUNK

    def matrices(self):
        """Of CHUNK views: the colour matrices, and what the mean gray is multiplied by."""
        s, n, uniform = self.strength, CHUNK, self.rng.uniform
        low = max(0, 1 - 0.8 * s)
        bright, contrast, saturation = (uniform(low, 1 + 0.8 * s, n) for _ in range(3))
        angle = uniform(-0.2 * s, 0.2 * s, n) * 2 * np.pi
        turn = np.zeros((n, 3, 3))
        turn[:, 0, 0] = 1
        turn[:, 1, 1] = turn[:, 2, 2] = np.cos(angle)
        turn[:, 2, 1] = np.sin(angle)
        turn[:, 1, 2] = -turn[:, 2, 1]
        mixed = saturation[:, None, None] * np.eye(3) + (1 - saturation)[:, None, None] * GRAY
        colour = (bright * contrast)[:, None, None] * (np.linalg.inv(YIQ) @ turn @ YIQ @ mixed)
        self.jitter = uniform(size=n) < 0.8
        colour[~self.jitter] = np.eye(3)
        gray = uniform(size=n) < 0.2
        colour[gray] = GRAY @ colour[gray]
        self.plain = (~self.jitter & ~gray).tolist()
        self.colour = np.concatenate([colour, np.zeros((n, 3, 1))], axis=2).astype(np.float32)
        self.of_mean = np.where(self.jitter, bright * (1 - contrast), 0).tolist()

    def next(self):
        """The number of the next view."""
        self.row += 1
        if self.row >= CHUNK:
            self.row = 0
            self.matrices()
            self.flip = (self.rng.uniform(size=CHUNK) < 0.5).tolist()
            sigma = self.rng.uniform(0.1, 2, CHUNK)
            self.sigma = np.where(self.rng.uniform(size=CHUNK) < 0.5, sigma, 0).tolist() if self.blur else [0] * CHUNK
        return self.row

    def box(self, width, height):
        """A random crop: x, y, width, height."""
        for _ in range(10):
            self.crop += 1
            if self.crop >= CHUNK:
                self.crop = 0
                area, ratio = self.rng.uniform(0.08, 1, CHUNK), np.exp(self.rng.uniform(np.log(3 / 4), np.log(4 / 3), CHUNK))
                self.sides = list(zip(np.sqrt(area * ratio).tolist(), np.sqrt(area / ratio).tolist(), *self.rng.uniform(size=(2, CHUNK)).tolist()))
            across, down, x, y = self.sides[self.crop]
            side = (width * height) ** 0.5
            w, h = round(across * side), round(down * side)
            if 0 < w <= width and 0 < h <= height:
                return int(x * (width - w + 1)), int(y * (height - h + 1)), w, h
        return 0, 0, width, height


def view(image, box, draws, size):
    x, y, w, h = box
    v = cv2.resize(image[y : y + h, x : x + w], (size, size), interpolation=cv2.INTER_CUBIC)
    i = draws.next()
    if draws.flip[i]:
        v = cv2.flip(v, 1)
    if not draws.plain[i]:
        m = draws.colour[i]
        if draws.of_mean[i]:
            r, g, b, _ = cv2.mean(v[::4, ::4])  # a sixteenth of the pixels is enough
            m[:, 3] = draws.of_mean[i] * (0.299 * r + 0.587 * g + 0.114 * b)
        v = cv2.transform(v, m)
    if sigma := draws.sigma[i]:
        taps = 2 * max(1, int(np.ceil(3 * sigma))) + 1
        v = cv2.GaussianBlur(v, (taps, taps), sigma)
    return v


def decode(data, **scale):
    return simplejpeg.decode_jpeg(data, "RGB", fastdct=True, fastupsample=True, **scale)


def whole(draws, size):
    def views_of(data, passes):
        image = decode(data)
        height, width = image.shape[:2]
        return [view(image, draws.box(width, height), draws, size) for _ in range(2 * passes)]
    return views_of


def scaled(draws, size, each):
    def group(data, width, height, boxes):
        least = min(min(w, h) for _, _, w, h in boxes)
        by = next(s for s in SCALES if s * size <= least or s == 1)
        image = decode(data, min_width=width // by, min_height=height // by, min_factor=by)
        k = image.shape[1] / width
        return [view(image, [int(x * k), int(y * k), max(1, int(w * k)), max(1, int(h * k))], draws, size) for x, y, w, h in boxes]

    def views_of(data, passes):
        height, width = simplejpeg.decode_jpeg_header(data)[:2]
        boxes = [draws.box(width, height) for _ in range(2 * passes)]
        if not each:
            return group(data, width, height, boxes)
        return [group(data, width, height, [box])[0] for box in boxes]
    return views_of


def main():
    a = arguments(__doc__)
    files, draws = encoded_images(a), Draws(a.size)
    variants = {"whole": whole(draws, a.size)}
    if min(simplejpeg.decode_jpeg_header(files[0])[:2]) > 10 * a.size:
        variants = {"scaled": scaled(draws, a.size, False), "scaled each": scaled(draws, a.size, True)}
    chosen = [a.variant] if a.variant else variants
    report(a, f"simplejpeg, OpenCV {cv2.__version__}", {name: clock(a, files, variants[name]) for name in chosen})


if __name__ == "__main__":
    main()
