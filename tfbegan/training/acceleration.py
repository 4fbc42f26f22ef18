"""What makes a step fast on this machine, chosen from measurements.

docs/results/foundation.md has the table: in bfloat16 a step takes about two
thirds of the time on a processor with AVX512-BF16 or AMX, and far longer on
one without; XLA hurt on every CPU configuration that was measured.
"""

import ctypes
import sys
from pathlib import Path

# From malloc.h of the GNU C library.
_M_TRIM_THRESHOLD = -1
_M_TOP_PAD = -2
_M_MMAP_THRESHOLD = -3
_LARGEST = 2**31 - 1
_TOP_PAD_BYTES = 2**28


def choose_precision(requested: str) -> str:
    """The dtype policy to train with.

    Args:
        requested: "float32", "mixed_bfloat16" or "auto".

    Returns:
        "float32" or "mixed_bfloat16".
    """
    if requested != "auto":
        return requested
    fast = _has_gpu() or _processor_has("avx512_bf16", "amx_bf16")
    return "mixed_bfloat16" if fast else "float32"


def choose_jit(requested: str) -> bool:
    """Whether to compile the step with XLA: "on", "off" or "auto"."""
    if requested == "auto":
        return _has_gpu()
    return requested == "on"


def keep_freed_memory() -> None:
    """Lets the C library keep what TensorFlow frees between two layers.

    By default every large tensor is mapped and unmapped anew, and the kernel
    clears its pages each time. Without effect where there is no glibc.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGEST)
    mallopt(_M_TRIM_THRESHOLD, _LARGEST)
    mallopt(_M_TOP_PAD, _TOP_PAD_BYTES)


def _has_gpu() -> bool:
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _processor_has(*flags: str) -> bool:
    try:
        description = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    words = set(description.split())
    return any(flag in words for flag in flags)
