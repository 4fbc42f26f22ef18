"""Importing the package is cheap; every public name is there."""

import subprocess
import sys

import pytest

import tfbegan


def test_importing_takes_no_tensorflow_with_it():
    code = (
        "import sys, tfbegan, tfrecords_builder\n"
        "names = {'tensorflow', 'keras', 'numpy', 'librosa'}\n"
        "heavy = names & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert tfbegan.__version__\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", tfbegan.__all__)
def test_every_public_name_is_there(name):
    assert getattr(tfbegan, name) is not None
    assert name in dir(tfbegan)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="colour"):
        _ = tfbegan.colour
