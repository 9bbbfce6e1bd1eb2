"""A Gauss-Newton direction for a PyTorch module, from its `state_dict()`, checked by `torch.func` and a dense solve; then a step along it.

    cargo build --release && pip install torch && python3 examples/pytorch.py
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, jacrev, vmap

PROGRAM = pathlib.Path(__file__).parent.parent / "target" / "release" / "dualgn"
NETWORK = """
input = [1, 8, 8]
outputs = 4
layers = [
    { type = "conv", channels = 3, kernel = 3 },
    { type = "tanh" },
    { type = "average-pool", size = 2 },
    { type = "flatten" },
    { type = "dense", units = 6 },
    { type = "gelu" },
]
"""
DAMPING = 0.05


def main():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    module = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(48, 6), nn.GELU(), nn.Linear(6, 4)
    )
    x, y = torch.randn(24, 1, 8, 8), torch.randint(0, 4, (24,))

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "network.toml").write_text(NETWORK)
        torch.save(module.state_dict(), folder / "model.pt")
        np.savez(folder / "batch.npz", x=x.numpy(), y=y.numpy())
        command = [PROGRAM, "direction", folder / "network.toml", "--weights", folder / "model.pt", "--batch", folder / "batch.npz"]
        command += ["--loss", "softmax", "--damping", str(DAMPING), "--solver", "cholesky", "--out", folder / "direction.npz"]
        print(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout)
        result = dict(np.load(folder / "direction.npz"))

    weights = {name: value.detach() for name, value in module.named_parameters()}
    outputs = module(x).detach()
    rows = vmap(jacrev(lambda weights, x: functional_call(module, weights, (x[None],))[0]), (None, 0))(weights, x)
    rows = torch.cat([rows[name].flatten(2) for name in weights], 2)
    shares = outputs.softmax(1)
    hessians = torch.diag_embed(shares) - shares[:, :, None] * shares[:, None, :]
    curvature = torch.einsum("icp,icd,idq->pq", rows, hessians, rows) / len(x) + DAMPING * torch.eye(rows.shape[2])
    gradient = torch.einsum("icp,ic->p", rows, shares - nn.functional.one_hot(y, 4)) / len(x)
    dense = -torch.linalg.solve(curvature, gradient)

    direction = {name: torch.from_numpy(result[f"direction.{name}"]) for name in weights}
    ours = torch.cat([value.flatten() for value in direction.values()])
    error = (ours - dense).abs().max() / dense.abs().max()
    print(f"direction of {len(dense)} parameters: off by {error:.1e} of a dense solve")
    if error > 1e-9:
        sys.exit("the direction is not that of the dense solve")

    with torch.no_grad():
        before = nn.functional.cross_entropy(module(x), y)
        for name, parameter in module.named_parameters():
            parameter += direction[name]
        print(f"a whole step: loss {before:.4f} -> {nn.functional.cross_entropy(module(x), y):.4f}")


if __name__ == "__main__":
    main()
