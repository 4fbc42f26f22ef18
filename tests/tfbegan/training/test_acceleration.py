"""What is asked for is taken; "auto" goes by the machine."""

import sys
from pathlib import Path

import pytest
import tensorflow as tf

from tfbegan.training import acceleration
from tfbegan.training.acceleration import (
    choose_jit,
    choose_precision,
    keep_freed_memory,
)


def machine(monkeypatch, *, gpu, flags):
    monkeypatch.setattr(acceleration, "_gpu_capability", lambda: gpu)
    monkeypatch.setattr(
        Path, "read_text", lambda path, **_: f"flags : fpu {flags} sse\n"
    )


@pytest.mark.parametrize(
    "requested", ["float32", "mixed_bfloat16", "mixed_float16"]
)
def test_a_precision_that_is_asked_for_is_taken(requested):
    assert choose_precision(requested) == requested


@pytest.mark.parametrize(
    ("gpu", "flags", "expected"),
    [
        (None, "avx2", "float32"),
        (None, "avx512_bf16x", "float32"),
        (None, "avx512_bf16", "mixed_bfloat16"),
        (None, "amx_bf16", "mixed_bfloat16"),
        ((7, 5), "avx512_bf16", "mixed_float16"),
        ((8, 0), "avx2", "mixed_bfloat16"),
        ((10, 0), "avx2", "mixed_bfloat16"),
    ],
)
def test_auto_halves_the_precision_only_where_that_is_fast(
    monkeypatch, gpu, flags, expected
):
    machine(monkeypatch, gpu=gpu, flags=flags)
    assert choose_precision("auto") == expected


def test_a_machine_that_tells_nothing_computes_in_float32(monkeypatch):
    machine(monkeypatch, gpu=None, flags="amx_bf16")

    def fail(path, **_):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", fail)
    assert choose_precision("auto") == "float32"


@pytest.mark.parametrize("gpu", [(9, 0), None])
def test_xla_is_for_gpus_unless_asked_for(monkeypatch, gpu):
    machine(monkeypatch, gpu=gpu, flags="")
    assert choose_jit("auto") is (gpu is not None)
    assert choose_jit("on") is True
    assert choose_jit("off") is False


@pytest.mark.parametrize("error", [OSError, AttributeError])
def test_another_c_library_is_no_error(monkeypatch, error):
    asked = []

    def fail(name):
        asked.append(name)
        raise error(name)

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(acceleration.ctypes, "CDLL", fail)
    keep_freed_memory()
    assert asked == ["libc.so.6"]
    monkeypatch.setattr(sys, "platform", "darwin")
    keep_freed_memory()
    assert asked == ["libc.so.6"]


@pytest.mark.parametrize(
    ("details", "expected"),
    [({"compute_capability": (7, 0)}, (7, 0)), ({}, (8, 0))],
)
def test_the_first_gpu_decides(monkeypatch, details, expected):
    config = tf.config
    monkeypatch.setattr(
        config, "list_physical_devices", lambda kind: [kind, "another"]
    )
    monkeypatch.setattr(
        config.experimental, "get_device_details", lambda device: details
    )
    assert acceleration._gpu_capability() == expected


def test_a_machine_without_a_gpu_has_no_capability(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    assert acceleration._gpu_capability() is None
