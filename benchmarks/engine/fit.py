"""One fit of one contender in this process, and what it took."""

import time
from pathlib import Path

from .contenders import CONTENDERS
from .networks import NETWORKS, data


def one_fit(contender, name):
    """Rows a second, seconds of the fit before it (which loads and compiles all), losses, and memory in MiB.

    `peak` is the most resident memory that the process ever held; `memory` what the timed fit added to the memory held
    before it, when all was imported and the data made.
    """
    setting, fit = NETWORKS[name], CONTENDERS[contender]
    x, y = data(setting)
    began = time.perf_counter()
    whole = contender == "jax_scan"  # compiled for one number of batches
    first = len(x) if whole else setting["batch"] * 4 + len(x) % setting["batch"]
    fit(setting, x[:first], y[:first])
    first_seconds = time.perf_counter() - began
    peak, before = _status("VmHWM"), _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew
    ready = time.perf_counter()
    losses = fit(setting, x, y)
    seconds = time.perf_counter() - ready
    return {
        "rate": setting["rows"] * setting["epochs"] / seconds,
        "first": first_seconds,
        "losses": [float(loss) for loss in losses],
        "peak": max(peak, _status("VmHWM")) / 1024,
        "memory": max(0, _status("VmHWM") - before) / 1024,
    }


def matmul_peak():
    """Operations a second of the fastest of many matrix products 1024 × 1024 × 1024 in float32, all threads."""
    import torch

    a, b, c = (torch.rand(1024, 1024) for _ in range(3))
    best = float("inf")
    for _ in range(30):
        began = time.perf_counter()
        torch.mm(a, b, out=c)
        best = min(best, time.perf_counter() - began)
    return 2 * 1024**3 / best


def _status(name):
    """A line of /proc/self/status, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise LookupError(name)
