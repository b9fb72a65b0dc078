"""Decodes the JPEGs of a tar into one file of raw RGB: pixels.py TAR OUT [COUNT]."""
import sys
import tarfile

import cv2
import numpy as np


def main(source, out, count=400):
    with tarfile.open(source) as tar, open(out, "wb") as f:
        files = [m for m in tar if m.isfile()]
        for m in files[::max(1, len(files) // int(count))]:
            data = np.frombuffer(tar.extractfile(m).read(), np.uint8)
            f.write(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB).tobytes())


main(*sys.argv[1:])
