"""What "retort checkpoint import" makes of torchvision's ResNets computes what
torchvision does: exactly where the two agree, and how far apart where they do not.

torch_imports.py RETORT DIR: files go into DIR. Weights are drawn, and batch normalisation
has seen images, so that its statistics are those of a network in use.
"""
import subprocess
import sys

import numpy as np
import onnxruntime
import torch
import torchvision
from onnx_runs import compare
from safetensors.torch import save_file

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


def pictures(n, size, seed):
    """Smooth ones, as photos are, in 0 to 1: [n, size, size, 3]."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.random((n, 3, 9, 9), np.float32))
    fine = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear", align_corners=False)
    return np.rint(fine.numpy().transpose(0, 2, 3, 1) * 255).astype(np.uint8).astype(np.float32) * np.float32(1 / 255)


def drawn(name, size, normalised):
    torch.manual_seed(3)
    model = getattr(torchvision.models, name)(weights=None)
    for m in model.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(m.weight, 0.5, 1.5)
            torch.nn.init.uniform_(m.bias, -0.2, 0.2)
    model.train()
    with torch.no_grad():
        for seed in range(8):
            model(fed(pictures(4, size, seed), normalised))
    model.fc = torch.nn.Identity()
    return model.eval()


def fed(images, normalised):
    if normalised:
        images = (images - MEAN) / DEVIATION
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def apart(retort, folder, name, size, normalised, dtype=torch.float32):
    model, path = drawn(name, size, normalised), f"{folder}/{name}-{size}-{normalised}-{dtype}"
    if dtype != torch.float32:
        model = model.to(dtype).float()  # the same values in both
    state = {k: v.to(dtype) if v.is_floating_point() else v for k, v in model.state_dict().items()}
    save_file(state, path + ".safetensors")
    options = [] if normalised else ["--unit-pixels"]
    for args in (["import", *options, "--image-size", str(size), path + ".safetensors", path + "-ours.safetensors"],
                 ["export", "--input", "float", path + "-ours.safetensors", path + ".onnx"]):
        done = subprocess.run([retort, "checkpoint", *args], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"retort checkpoint {' '.join(args)}: {done.stderr}")
    images = pictures(4, size, 99)
    session = onnxruntime.InferenceSession(path + ".onnx", providers=["CPUExecutionProvider"])
    outputs = dict(zip((o.name for o in session.get_outputs()), session.run(None, {"images": images.transpose(0, 3, 1, 2)})))
    with torch.inference_mode():
        return outputs["features"], model(fed(images, normalised)).numpy()


def main():
    retort, folder = sys.argv[1:]
    for name in ("resnet18", "resnet34", "resnet50"):
        got, want = apart(retort, folder, name, 225, False)
        print(f"ok   imported {name}, 225 px, pixels of 0 to 1: {compare(name, got, want, 1e-4):.1e} apart at most")
    for dtype in (torch.float16, torch.bfloat16):
        got, want = apart(retort, folder, "resnet18", 225, False, dtype)
        print(f"ok   imported resnet18 of {dtype}: {compare(str(dtype), got, want, 1e-4):.1e} apart at most")
    for size, normalised, what in ((225, True, "normalisation folded: edges differ"), (224, False, "pooling shifted by a pixel")):
        got, want = apart(retort, folder, "resnet50", size, normalised)
        distance = np.linalg.norm(got - want) / np.linalg.norm(want)
        if not 1e-4 < distance < 0.3:
            sys.exit(f"resnet50, {what}: {distance:.2g} apart, relative; want a little")
        print(f"ok   imported resnet50, {what}: features are {distance:.2g} apart, relative to their norm")


if __name__ == "__main__":
    main()
