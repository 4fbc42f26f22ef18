"""What makes a step fast on this machine, chosen from measurements.

docs/results/training.md has the table: in bfloat16 a step takes about two
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

_FIRST_GPU_WITH_BFLOAT16 = (8, 0)  # Ampere


def choose_precision(requested: str) -> str:
    """The dtype policy to train with.

    Args:
        requested: "float32", "mixed_bfloat16", "mixed_float16" or "auto".

    Returns:
        One of the first three. A GPU without bfloat16 gets float16, whose
        gradients are scaled.
    """
    if requested != "auto":
        return requested
    capability = _gpu_capability()
    if capability is not None:
        has_bfloat16 = capability >= _FIRST_GPU_WITH_BFLOAT16
        return "mixed_bfloat16" if has_bfloat16 else "mixed_float16"
    fast = _processor_has("avx512_bf16", "amx_bf16")
    return "mixed_bfloat16" if fast else "float32"


def choose_jit(requested: str) -> bool:
    """Whether to compile the step with XLA: "on", "off" or "auto"."""
    if requested == "auto":
        return _gpu_capability() is not None
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


def _gpu_capability() -> tuple[int, int] | None:
    """Of the first GPU, as CUDA counts; None where there is none."""
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    if not devices:
        return None
    details = tf.config.experimental.get_device_details(devices[0])
    # GPUs that are not NVIDIA's tell none; those in use have bfloat16.
    return details.get("compute_capability", _FIRST_GPU_WITH_BFLOAT16)


def _processor_has(*flags: str) -> bool:
    try:
        description = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    words = set(description.split())
    return any(flag in words for flag in flags)
