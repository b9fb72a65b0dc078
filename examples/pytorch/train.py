"""Trains on Retort's views with PyTorch and nothing else: train.py RUN/views

The run is made with: retort run --images photos/ --out RUN --only views
"""
import glob, json, sys
import torch
from torch import nn
from views import Views

folder = sys.argv[1]
with open(f"{folder}/manifest.json") as f:
    classes = json.load(f)["meta"]["classes"]
loader = torch.utils.data.DataLoader(Views(sorted(glob.glob(f"{folder}/views-*.tfrecord*"))), batch_size=64)
net = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(),
                    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 64))
optimizer = torch.optim.Adam(net.parameters(), 1e-3)
for epoch in range(3):
    losses = []
    for a, b, _ in loader:
        z = nn.functional.normalize(net(torch.cat([a, b])))
        scores = z @ z.T / 0.5 - torch.eye(len(z)) * 1e9  # NT-Xent: row i pairs with row i+n
        loss = nn.functional.cross_entropy(scores, torch.arange(len(z)).roll(len(a)))
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: loss {sum(losses) / len(losses):.3f}")
