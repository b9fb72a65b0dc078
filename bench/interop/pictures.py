"""Pillow's side of the comparison of pictures.

pictures.py PIXELS FOLDER...: PIXELS is the built pixels program. Prints a line
for every picture that is not the same, then the counts; exits 1 if one differs.
"""
import collections
import io
import pathlib
import subprocess
import sys
import warnings

import numpy as np
from PIL import Image, ImageOps

DEEP = ("I", "I;16", "I;16B", "I;16L")


def pillow(data):
    """Upright RGB on white; 16 bits become 8 as docs/formats.md has it."""
    image = Image.open(io.BytesIO(data))
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode in DEEP:
        deep = np.asarray(image).astype(np.int64).clip(0, 65535)
        image = Image.fromarray((deep * 255 // 65535).astype(np.uint8))
    if image.mode in ("LA", "PA", "P", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255,) * 4)
        white.alpha_composite(image)
        image = white
    return np.asarray(image.convert("RGB")).astype(int)


def ours(program, path):
    program.stdin.write(f"{path}\n".encode())
    program.stdin.flush()
    word, *rest = program.stdout.readline().decode().split(maxsplit=1)
    if word != "ok":
        return None, rest[0].strip()
    width, height = map(int, rest[0].split())
    pixels = program.stdout.read(3 * width * height)
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3).astype(int), ""


def verdict(got, want):
    if got is None or want is None:
        return {(True, True): "both refuse", (True, False): "refused"}.get((got is None, want is None), "only ours reads")
    if got.shape != want.shape:
        return "differs"
    return "same" if abs(got - want).max() <= 1 else "differs"


def main():
    warnings.simplefilter("ignore")
    counts = collections.Counter()
    with subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        for folder in sys.argv[2:]:
            for path in sorted(p for p in pathlib.Path(folder).rglob("*") if p.is_file()):
                got, reason = ours(program, path)
                try:
                    want = pillow(path.read_bytes())
                except Exception as error:  # whatever a plugin raises
                    want, reason = None, f"{reason} | {error!r:.80}"
                found = verdict(got, want)
                counts[found] += 1
                if found not in ("same", "both refuse"):
                    print(f"{found}: {path}: {reason}")
        program.stdin.close()
    print(dict(counts))
    sys.exit(bool(counts["differs"]))


main()
