"""The mark is XML that platforms can read, and the hash is the model's."""

from xml.etree import ElementTree

import numpy as np

from tfbegan import BEGAN, Generator, ModelConfig
from tfbegan.generation.loading import load_generator
from tfbegan.generation.provenance import SOFTWARE, Provenance

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XMP = "{http://ns.adobe.com/xap/1.0/}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"


def test_the_packet_names_source_software_and_model():
    packet = Provenance("0123abcd").xmp()
    assert packet.startswith("<?xpacket begin=")
    (description,) = ElementTree.fromstring(packet).iter(f"{RDF}Description")
    assert description.get(f"{XMP}CreatorTool") == SOFTWARE
    # The term of the IPTC's vocabulary, letter by letter.
    assert description.get(f"{IPTC}DigitalSourceType") == (
        "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    )
    (model_hash,) = (v for k, v in description.items() if "ModelHash" in k)
    assert model_hash == "0123abcd"


def test_a_value_cannot_break_out_of_its_attribute():
    value = '"/><evil a="&<'
    packet = Provenance(value).xmp()
    (description,) = ElementTree.fromstring(packet).iter(f"{RDF}Description")
    assert value in description.attrib.values()


def test_the_hash_outlives_saving(tmp_path):
    generator = Generator(32, filters=4, latent_dim=8, seed=1)
    generator.save(tmp_path / "generator.keras")
    loaded = load_generator(tmp_path / "generator.keras").model
    assert Provenance.of_model(loaded) == Provenance.of_model(generator)


def test_a_model_in_training_has_the_hash_of_what_generates():
    model = BEGAN(ModelConfig(image_size=32, filters=4, latent_dim=8))
    average = model.ema_generator.weights[0]
    average.assign(np.array(average) + 1)
    received = Provenance.of_model(model)
    assert received == Provenance.of_model(model.ema_generator)
    assert received != Provenance.of_model(model.generator)
    assert len(received.model_hash) == 64
