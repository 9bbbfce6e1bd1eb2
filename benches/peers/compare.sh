#!/usr/bin/env bash
# Times dualgn and its peers in turns on this machine and prints one table of ratios; about twenty minutes on two cores.
#
#   benches/peers/compare.sh PEERS [options of compare.py]      PEERS: the folder with bench_jax.py and bench_somax.py
#
# Python environments are made under target/peers if they are missing: JAX with Somax, and neural-tangents with the last
# versions of JAX that it runs with. Results go to benches/results/peers.json and peers.md. Keep the machine idle.
set -euo pipefail
peers=$(realpath "${1:?the folder with bench_jax.py is missing}")
shift
cd "$(dirname "$0")/../.."

environment() {
    local folder=target/peers/$1
    shift
    if ! "$folder/bin/python" -c 'import jax' 2>/dev/null; then
        python3 -m venv "$folder"
        "$folder/bin/python" -m pip install --quiet "$@"
    fi
}
environment jax -r "$peers/requirements.txt" -r "$peers/requirements-somax.txt"
environment neural-tangents neural-tangents==0.6.5 jax==0.4.30 jaxlib==0.4.30 tf2jax==0.3.6 'numpy<2'

export PYTHONDONTWRITEBYTECODE=1
cargo bench --locked -p dualgn --bench peers --no-run
exec target/peers/jax/bin/python benches/peers/compare.py "$peers" "$@"
