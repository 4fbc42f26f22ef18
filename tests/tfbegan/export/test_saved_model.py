"""The SavedModel is the generator, and needs nothing of ours."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tfbegan import Generator, export_saved_model
from tfbegan.errors import ConfigError, OutputError
from tfbegan.generation.latents import draw_latents

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def generator():
    return Generator(32, filters=4, latent_dim=8, seed=1)


@pytest.fixture(scope="module")
def exported(generator, tmp_path_factory):
    return export_saved_model(generator, tmp_path_factory.mktemp("served"))


def test_it_gives_the_same_faces_where_tfbegan_cannot_be_imported(
    generator, exported, tmp_path
):
    script = tmp_path / "serve.py"
    script.write_text(
        "import sys\n"
        "sys.modules['tfbegan'] = None\n"
        "import numpy as np, tensorflow as tf\n"
        "loaded = tf.saved_model.load(sys.argv[1])\n"
        "served = loaded.signatures['serving_default']\n"
        "faces = {}\n"
        "for n in (1, 3, 16):\n"
        "    z = np.load(sys.argv[2])[:n]\n"
        "    faces[str(n)] = served(z=tf.constant(z))['images'].numpy()\n"
        "np.savez(sys.argv[3], **faces)\n"
    )
    latents = draw_latents(16, 8, seed=0)
    np.save(tmp_path / "z.npy", latents)
    subprocess.run(
        [sys.executable, "-I", script, exported, tmp_path / "z.npy",
         tmp_path / "faces.npz"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    received = np.load(tmp_path / "faces.npz")
    for n in (1, 3, 16):
        expected = (np.array(generator(latents[:n])) + 1) / 2
        images = received[str(n)]
        assert images.shape == (n, 32, 32, 3)
        assert np.abs(np.clip(expected, 0, 1) - images).max() <= 1e-5


def test_saved_model_cli_shows_the_signature(exported):
    shown = subprocess.run(
        [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli",
         "show", "--dir", exported, "--all"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout  # fmt: skip
    assert "serving_default" in shown
    assert "inputs['z']" in shown
    assert "shape: (-1, 8)" in shown
    assert "outputs['images']" in shown


def test_versions_are_numbered_and_none_is_overwritten(generator, exported):
    assert exported.name == "1"
    second = export_saved_model(generator, exported.parent)
    assert second.name == "2"
    with pytest.raises(OutputError, match="there already"):
        export_saved_model(generator, exported.parent, version=1)
    with pytest.raises(ConfigError, match="1 or more"):
        export_saved_model(generator, exported.parent, version=0)
    assert not list(exported.parent.glob(".*"))


def test_a_card_tells_what_it_is(exported):
    card = json.loads(
        (exported / "assets.extra" / "model_card.json").read_text()
    )
    assert card["latent_dim"] == 8
    assert card["digital_source_type"].endswith("trainedAlgorithmicMedia")


def test_a_failed_export_leaves_nothing(generator, tmp_path, monkeypatch):
    from tfbegan.export import saved_model

    def fail(model, folder):
        folder.mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saved_model, "_save", fail)
    with pytest.raises(OutputError, match="No space"):
        export_saved_model(generator, tmp_path)
    assert list(tmp_path.iterdir()) == []
