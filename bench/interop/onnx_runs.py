"""onnxruntime's side of the interoperability checks: networks as ONNX, by ONNX's own
checker, and computed.

onnx_runs.py DIR: DIR as bench/interop/networks left it.
"""
import base64
import json
import sys

import numpy as np
import onnx
import onnxruntime

TOLERANCE = 1e-4  # of the largest value


def array(text, dtype, *shape):
    return np.frombuffer(base64.b64decode(text), dtype).reshape(*shape)


def compare(what, got, want, tolerance):
    apart = float(np.abs(got - want).max() / np.abs(want).max())
    assert apart <= tolerance, f"{what}: {apart:.2g} apart, {tolerance} allowed"
    return apart


def main():
    folder = sys.argv[1]
    print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}")
    for net in json.load(open(f"{folder}/networks.json", encoding="utf-8")):
        n, size = net["Images"], net["Size"]
        for kind in ("uint8", "float", "photo"):
            path = f"{folder}/{net['Name']}.{kind}.onnx"
            onnx.checker.check_model(onnx.load(path), full_check=True)
            session = onnxruntime.InferenceSession(path)
            want = net["Photo" if kind == "photo" else "Own"]
            shape = net["PhotoShape"] if kind == "photo" else [size, size]
            images = array(want["Pixels"], np.uint8, n, *shape, 3)
            if kind == "float":
                images = (images.astype(np.float32) * np.float32(1 / 255)).transpose(0, 3, 1, 2)
            # our bicubic rounds its weights to 1/1024, so that a pixel may be a code off
            tolerance = 5e-4 if kind == "photo" else TOLERANCE
            apart = 0
            for count in (n, 1):  # any number of images
                out = dict(zip((o.name for o in session.get_outputs()), session.run(None, {"images": images[:count]})))
                for name in ("Features", "Logits"):
                    values = array(want[name], np.float32, n, -1)
                    if values.size:
                        apart = max(apart, compare(f"{path}: {name}", out[name.lower()], values[:count], tolerance))
            print(f"ok   onnxruntime computes {net['Name']}.{kind}.onnx: {apart:.1e} apart at most")


if __name__ == "__main__":
    main()
