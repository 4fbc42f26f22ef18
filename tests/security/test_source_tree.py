"""Nothing in the source loads code from data or runs a shell."""

import ast
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_FILES = [
    *sorted((_ROOT / "tfbegan").rglob("*.py")),
    *sorted((_ROOT / "tfrecords_builder").rglob("*.py")),
    _ROOT / "train.py",
]
_FORBIDDEN_CALLS = {"eval", "exec", "compile_command", "__import__"}
_FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
_FORBIDDEN_ARGUMENTS = {("safe_mode", False), ("shell", True)}


@pytest.mark.parametrize(
    "path", _FILES, ids=lambda p: str(p.relative_to(_ROOT))
)
def test_a_module_is_harmless(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not _FORBIDDEN_MODULES & {a.name for a in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.module not in _FORBIDDEN_MODULES
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            assert node.func.id not in _FORBIDDEN_CALLS
        if isinstance(node.func, ast.Attribute):
            assert ast.unparse(node.func) not in ("os.system", "os.popen")
        for keyword in node.keywords:
            if isinstance(keyword.value, ast.Constant):
                pair = (keyword.arg, keyword.value.value)
                assert pair not in _FORBIDDEN_ARGUMENTS


def test_there_is_something_to_look_at():
    assert len(_FILES) > 50
