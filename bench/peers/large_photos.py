"""Makes 4000x3000 JPEG files out of small photos: large_photos.py PHOTOS.tar OUT.tar

Mosaics of 252 photos each, about 3.5 MB: as much detail as a picture has.
"""
import io
import os
import sys
import tarfile

import cv2
import numpy as np

COLUMNS, ROWS, FILES = 18, 14, 8


def photos(path):
    with tarfile.open(path) as t:
        for m in t:
            if m.isfile():
                image = cv2.imdecode(np.frombuffer(t.extractfile(m).read(), np.uint8), cv2.IMREAD_COLOR)
                yield cv2.resize(image, (224, 224))


def main(source, out):
    images = list(photos(source))
    rng = np.random.default_rng(1)
    with tarfile.open(out + ".part", "w") as t:
        for n in range(FILES):
            pick = rng.permutation(len(images))[:COLUMNS * ROWS].reshape(ROWS, COLUMNS)
            mosaic = np.vstack([np.hstack([images[i] for i in row]) for row in pick])[:3000, :4000]
            data = cv2.imencode(".jpg", mosaic, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
            info = tarfile.TarInfo(f"mosaic/{n}.jpg")
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    os.rename(out + ".part", out)


main(*sys.argv[1:])
