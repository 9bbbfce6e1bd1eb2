"""Times the direction by the empirical tangent kernel of neural-tangents, and a Cholesky factorisation, on W1.

    python neural_tangents_ntk.py PEERS --one W1 ntk_1      PEERS is the folder with bench_jax.py

Methods ntk_1, ntk_2, ntk_3 are the library's three implementations (Jacobian contraction, NTK-vector products, structured
derivatives). Prints one JSON line like those of bench_jax.py. Needs neural-tangents 0.6.5, jax 0.4.30, tf2jax 0.3.6.
"""
import argparse
import json
import sys

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("peers")
arguments.add_argument("--one", nargs=2, required=True)
arguments.add_argument("--repeats", type=int, default=7)
arguments.add_argument("--budget", type=float, default=2.0)
arguments = arguments.parse_args()
sys.path.insert(0, arguments.peers)
import bench_jax as bj

name, method = arguments.one
work, params, xs, y = bj.prepare(name)
import jax
import jax.numpy as jnp
import neural_tangents as nt

implementation = nt.NtkImplementation(int(method.rsplit("_", 1)[1]))
value, dloss, factor = bj.loss_parts(work["loss"])


def outputs(p, x):
    return work["outputs"](p, (x,))


kernel = nt.empirical_ntk_fn(outputs, trace_axes=(), vmap_axes=0, implementation=implementation)


def direction(p, xs, y):
    x = xs[0]
    f, pull = jax.vjp(lambda w: outputs(w, x), p)
    m, k = f.shape
    K = kernel(x, None, p).transpose(0, 2, 1, 3).reshape(m * k, m * k)
    c = 1.0 / (bj.LAMBDA * m)
    g = dloss(f, y)
    L, Lt = factor(f, y)
    rows = lambda M: jax.vmap(lambda col: Lt(col.reshape(m, k)).reshape(-1), 1, 1)(M)
    B = jnp.eye(m * k, dtype=f.dtype) + c * rows(rows(K).T).T
    b = -c * Lt((K @ g.reshape(-1)).reshape(m, k)).reshape(-1)
    beta = jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(B, lower=True), b)
    alpha = g + L(beta.reshape(m, k))
    return value(f, y), jax.tree_util.tree_map(lambda t: -c * t, pull(alpha)[0])


out, times, first = bj.measure(jax.jit(direction), params, xs, y, arguments.repeats, arguments.budget)
print(json.dumps(bj.report(f"neural-tangents {nt.__version__}", name, method, work, out, times, first)), flush=True)
