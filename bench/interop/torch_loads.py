"""Torchvision's ResNets with exported weights compute what the engine does.

torch_loads.py DIR: DIR as bench/interop/networks left it.
"""
import json
import os
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../examples/pytorch"))
from load import load  # noqa: E402
from onnx_runs import array, compare  # noqa: E402


def main():
    folder = sys.argv[1]
    for net in json.load(open(f"{folder}/networks.json", encoding="utf-8")):
        if not net["Torchvision"]:
            continue
        model, size = load(f"{folder}/{net['Name']}.safetensors")
        images = array(net["Own"]["Pixels"], np.uint8, net["Images"], size, size, 3)
        with torch.inference_mode():
            got = model(torch.from_numpy((images.astype(np.float32) * np.float32(1 / 255)).transpose(0, 3, 1, 2))).numpy()
        apart = compare(net["Name"], got, array(net["Own"]["Features"], np.float32, net["Images"], -1), 1e-4)
        print(f"ok   torchvision computes {net['Name']}.safetensors: {apart:.1e} apart at most")


if __name__ == "__main__":
    main()
