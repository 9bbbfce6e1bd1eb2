#!/usr/bin/env python3
"""Writes solutions of equations that have no formula, as tables for files of equations: `references.py FOLDER`.

Waves in space and exponential time differencing of fourth order in time (Kassam and Trefethen, "Fourth-order time-stepping for stiff
PDEs", 2005). Each is computed twice, the second time with twice the waves and half the step; the difference is printed. Needs NumPy."""

import csv
import sys
from pathlib import Path

import numpy as np


def etdrk4(linear, nonlinear, start, seconds, steps):
    """Integrates `v' = linear v + nonlinear(v)` in waves; yields `v` at the beginning and after each step."""
    h = seconds / steps
    # Mean values over a circle, since the quotients cancel near zero.
    circle = np.exp(1j * np.pi * (np.arange(1, 33) - 0.5) / 32)
    z = h * linear[:, None] + circle[None, :]
    phi = h * np.real(np.mean((np.exp(z / 2) - 1) / z, axis=1))
    f1 = h * np.real(np.mean((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3, axis=1))
    f2 = h * np.real(np.mean((2 + z + np.exp(z) * (-2 + z)) / z**3, axis=1))
    f3 = h * np.real(np.mean((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3, axis=1))
    whole, half = np.exp(h * linear), np.exp(h * linear / 2)
    v = start
    yield v
    for _ in range(steps):
        n = nonlinear(v)
        a = half * v + phi * n
        na = nonlinear(a)
        b = half * v + phi * na
        nb = nonlinear(b)
        c = half * a + phi * (2 * nb - n)
        v = whole * v + f1 * n + 2 * f2 * (na + nb) + f3 * nonlinear(c)
        yield v


def allen_cahn(waves, steps, times):
    """`u_t = 1e-4 u_xx + 5 (u - u³)` on [-1, 1], periodic, from `x² cos(πx)`: values at `times` moments, row by row."""
    x = -1 + 2 * np.arange(waves) / waves
    k = np.pi * np.fft.rfftfreq(waves, 1 / waves)
    linear = -1e-4 * k**2 + 5

    def nonlinear(v):
        u = np.fft.irfft(v, waves)
        return np.fft.rfft(-5 * u**3)

    every = steps // (times - 1)
    values = []
    for step, v in enumerate(etdrk4(linear, nonlinear, np.fft.rfft(x**2 * np.cos(np.pi * x)), 1.0, steps)):
        if step % every == 0:
            values.append(np.fft.irfft(v, waves))
    return x, np.array(values)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "examples/equations")
    times, places = 26, 64
    x, coarse = allen_cahn(16384, 5000, times)
    _, fine = allen_cahn(32768, 10000, times)
    difference = np.linalg.norm(coarse - fine[:, ::2]) / np.linalg.norm(coarse)
    print(f"allen-cahn: relative difference {difference:.1e}")
    every = len(x) // places
    with open(folder / "allen-cahn.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["x", "t", "u"])
        for row, t in zip(fine[:, :: 2 * every], np.linspace(0, 1, times)):
            table.writerows((repr(float(a)), repr(round(float(t), 12)), f"{u:.12g}") for a, u in zip(x[::every], row))


if __name__ == "__main__":
    main()
