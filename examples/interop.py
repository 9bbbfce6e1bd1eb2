"""A Gauss-Newton direction for a network of another framework: through files, checked by a dense solve in NumPy.

    cargo build --release && pip install numpy && python3 examples/interop.py

The network is tanh(x W1' + b1) W2' + b2 with the softmax cross-entropy, its weights named and laid out as those of

    torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))

whose `state_dict()` may as well be saved with `torch.save` and given as `--weights model.pt`.
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np

PROGRAM = pathlib.Path(__file__).parent.parent / "target" / "release" / "dualgn"
NETWORK = """
input = [5]
outputs = 3
layers = [{ type = "dense", units = 8 }, { type = "tanh" }]
"""
DAMPING = 0.1


def save_safetensors(path, tensors):
    """The format in full: a length, a JSON header, the bytes."""
    import json

    header, offset = {}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F64", "shape": array.shape, "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(array.tobytes() for array in tensors.values()))


def jacobian(weights, x):
    """Rows of J: example by example, output by output, the parameters in the order of `weights`."""
    hidden = np.tanh(x @ weights["0.weight"].T + weights["0.bias"])
    slopes = 1 - hidden**2
    examples, outputs = len(x), len(weights["2.bias"])
    rows = np.zeros((examples, outputs, sum(array.size for array in weights.values())))
    for i in range(examples):
        for c in range(outputs):
            of_hidden = weights["2.weight"][c] * slopes[i]
            of_last = np.zeros_like(weights["2.weight"])
            of_last[c] = hidden[i]
            blocks = [np.outer(of_hidden, x[i]), of_hidden, of_last, np.eye(outputs)[c]]
            rows[i, c] = np.concatenate([block.ravel() for block in blocks])
    return hidden @ weights["2.weight"].T + weights["2.bias"], rows


def main():
    random = np.random.default_rng(0)
    normal = lambda *shape: random.normal(size=shape) * 0.5
    weights = {"0.weight": normal(8, 5), "0.bias": normal(8), "2.weight": normal(3, 8), "2.bias": normal(3)}
    x, y = random.normal(size=(20, 5)), random.integers(0, 3, size=20)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "network.toml").write_text(NETWORK)
        save_safetensors(folder / "weights.safetensors", weights)
        np.savez(folder / "batch.npz", x=x, y=y)
        command = [PROGRAM, "direction", folder / "network.toml", "--weights", folder / "weights.safetensors"]
        command += ["--batch", folder / "batch.npz", "--loss", "softmax", "--damping", str(DAMPING), "--solver", "cholesky", "--gram"]
        print(subprocess.run(command + ["--out", folder / "direction.npz"], check=True, text=True, stdout=subprocess.PIPE).stdout)
        result = dict(np.load(folder / "direction.npz"))

    outputs, rows = jacobian(weights, x)
    shares = np.exp(outputs - outputs.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    gradient = shares - np.eye(3)[y]
    # (1/m Σ Jᵢ' Hᵢ Jᵢ + λ I) d = -1/m Σ Jᵢ' gᵢ
    curvature = DAMPING * np.eye(rows.shape[2])
    for i in range(len(x)):
        hessian = np.diag(shares[i]) - np.outer(shares[i], shares[i])
        curvature += rows[i].T @ hessian @ rows[i] / len(x)
    pulled = np.einsum("ikp,ik->p", rows, gradient) / len(x)
    dense = -np.linalg.solve(curvature, pulled)

    flat = rows.reshape(-1, rows.shape[2])
    ours = np.concatenate([result[f"direction.{name}"].ravel() for name in weights])
    errors = {
        "direction": np.abs(ours - dense).max() / np.abs(dense).max(),
        "Gram matrix": np.abs(result["K"] - flat @ flat.T).max() / np.abs(flat @ flat.T).max(),
        "slope": abs(result["slope"] - pulled @ dense) / abs(pulled @ dense),
        "outputs": np.abs(result["outputs"] - outputs).max(),
    }
    for name, error in errors.items():
        print(f"{name}: off by {error:.1e} of a dense solve")
    if max(errors.values()) > 1e-9:
        sys.exit("the direction is not that of the dense solve")


if __name__ == "__main__":
    main()
