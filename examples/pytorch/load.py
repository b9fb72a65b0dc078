"""Load an exported ResNet into PyTorch, and compute with it.

    retort checkpoint export runs/demo/finetune model.safetensors
    python load.py model.safetensors

The network is torchvision's, but for three things: the pooling of the stem pads
at the end only, small images have a stem of 3x3 without pooling, and the first
block of a ResNet-18 or 34 has a projection around it, too.
"""
import re
import sys

import safetensors
import torch
import torchvision
from torch import nn


def load(path):
    with safetensors.safe_open(path, "pt") as f:
        weights, meta = {k: f.get_tensor(k) for k in f.keys()}, f.metadata()
    depth, width = re.match(r"ResNet-(\d+) (\S+)x", meta["architecture"]).groups()
    if float(width) != 1:
        raise SystemExit(f"torchvision has no {meta['architecture']}")
    model = getattr(torchvision.models, f"resnet{depth}")()
    if weights["conv1.weight"].shape[-1] == 3:
        model.conv1, model.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
    else:  # what comes in is never below 0
        model.maxpool = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(3, 2))
    if model.layer1[0].downsample is None:
        model.layer1[0].downsample = nn.Sequential(nn.Conv2d(64, 64, 1, bias=False), nn.BatchNorm2d(64))
    model.fc = nn.Identity()  # features; a classifier is projection's layers and fc
    model.load_state_dict({k: v for k, v in weights.items() if not k.startswith(("projection.", "fc."))})
    return model.eval(), int(meta["image_size"])


if __name__ == "__main__":
    model, size = load(sys.argv[1])
    with torch.inference_mode():
        print(model(torch.rand(2, 3, size, size)).shape)
