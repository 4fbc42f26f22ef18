"""What is asked for is taken; "auto" goes by the machine."""

import sys
from pathlib import Path

import pytest

from tfbegan.training import acceleration
from tfbegan.training.acceleration import (
    choose_jit,
    choose_precision,
    keep_freed_memory,
)


def machine(monkeypatch, *, gpu, flags):
    monkeypatch.setattr(acceleration, "_has_gpu", lambda: gpu)
    monkeypatch.setattr(
        Path, "read_text", lambda path, **_: f"flags : fpu {flags} sse\n"
    )


@pytest.mark.parametrize("requested", ["float32", "mixed_bfloat16"])
def test_a_precision_that_is_asked_for_is_taken(requested):
    assert choose_precision(requested) == requested


@pytest.mark.parametrize(
    ("gpu", "flags", "expected"),
    [
        (False, "avx2", "float32"),
        (False, "avx512_bf16x", "float32"),
        (False, "avx512_bf16", "mixed_bfloat16"),
        (False, "amx_bf16", "mixed_bfloat16"),
        (True, "avx2", "mixed_bfloat16"),
    ],
)
def test_auto_halves_the_precision_only_where_that_is_fast(
    monkeypatch, gpu, flags, expected
):
    machine(monkeypatch, gpu=gpu, flags=flags)
    assert choose_precision("auto") == expected


def test_a_machine_that_tells_nothing_computes_in_float32(monkeypatch):
    machine(monkeypatch, gpu=False, flags="amx_bf16")

    def fail(path, **_):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", fail)
    assert choose_precision("auto") == "float32"


@pytest.mark.parametrize("gpu", [True, False])
def test_xla_is_for_gpus_unless_asked_for(monkeypatch, gpu):
    machine(monkeypatch, gpu=gpu, flags="")
    assert choose_jit("auto") is gpu
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
