"""Times in XLA what `cargo bench -p dualgn --bench kernels` times: milliseconds, medians. Run both in turns on an idle machine.

    target/peers/jax/bin/python benches/peers/kernels_jax.py
"""
import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(0)


def median(function, *arguments):
    function = jax.jit(function)
    for _ in range(5):
        jax.block_until_ready(function(*arguments))
    times = []
    for _ in range(41):
        start = time.perf_counter()
        jax.block_until_ready(function(*arguments))
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def line(name, milliseconds):
    print(f"{name:44} {milliseconds:9.3f}", flush=True)


def with_slope(function):
    """The value and the derivative of each number."""
    return lambda x: jax.jvp(function, (x,), (jnp.ones_like(x),))


functions = dict(exp=jnp.exp, tanh=jnp.tanh, sigmoid=jax.nn.sigmoid, sin=jnp.sin, cos=jnp.cos, erf=jax.scipy.special.erf,
                 gelu=lambda x: jax.nn.gelu(x, approximate=False))
for dtype in ("float32", "float64"):
    print(f"\n{dtype}, 1024 x 1024")
    x = jnp.asarray(rng.standard_normal((1024, 1024)), dtype)
    for name, function in functions.items():
        line(name, median(function, x))
        line(f"{name} and its slope", median(with_slope(function), x))

print("\nproducts of matrices, float32")
for m, n in ((64, 784), (64, 1024), (128, 1024), (128, 2048), (640, 1024), (256, 128)):
    c = 1024 if n == 784 else n
    matrix = lambda *shape: jnp.asarray(rng.random(shape), "float32")
    line(f"A B  {m} x {n} x {c}", median(lambda a, b: a @ b, matrix(m, n), matrix(n, c)))
    line(f"A B' {m} x {c} x {n}", median(lambda a, b: a @ b.T, matrix(m, c), matrix(n, c)))
    line(f"A' B {n} x {m} x {c}", median(lambda a, b: a.T @ b, matrix(m, n), matrix(m, c)))

print("\n64 images, float32")
for name, x, w, padding in (("1 to 6 channels, 28 x 28", (64, 1, 28, 28), (6, 1, 5, 5), 2),
                            ("6 to 16 channels, 14 x 14", (64, 6, 14, 14), (16, 6, 5, 5), 0)):
    x, w = (jnp.asarray(rng.random(shape), "float32") for shape in (x, w))
    convolve = lambda x, w: jax.lax.conv_general_dilated(x, w, (1, 1), [(padding, padding)] * 2)
    y = convolve(x, w)
    line(f"convolution, {name}", median(convolve, x, w))
    line("  its transpose by the images", median(lambda x, w, y: jax.vjp(lambda x: convolve(x, w), x)[1](y), x, w, y))
    line("  its transpose by the weights", median(lambda x, w, y: jax.vjp(lambda w: convolve(x, w), w)[1](y), x, w, y))
    pool = lambda y: jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    line("  maxima of 2 x 2 windows", median(pool, y))
    line("  maxima and their transpose", median(lambda y: jax.vjp(pool, y)[1](pool(y)), y))
