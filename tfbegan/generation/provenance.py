"""Marks what was generated as generated.

The International Press Telecommunications Council's digital source type, in
XMP, is what platforms read, and what Article 50 of the EU AI Act asks for.
"""

import hashlib
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from tfbegan._version import __version__

DIGITAL_SOURCE_TYPE = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
)
SOFTWARE = f"tfbegan {__version__}"

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:tfbegan="https://tfbegan.invalid/ns/1.0/"
    xmp:CreatorTool={software}
    Iptc4xmpExt:DigitalSourceType={source_type}
    tfbegan:ModelHash={model_hash}/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


@dataclass(frozen=True)
class Provenance:
    """Where a generated file comes from.

    Attributes:
        model_hash: SHA-256 of the generator's weights, in hexadecimal.
    """

    model_hash: str

    @classmethod
    def of_model(cls, model: Any) -> "Provenance":
        """Of a `Generator`, or of a `BEGAN`'s averaged one."""
        generator = getattr(model, "ema_generator", model)
        digest = hashlib.sha256()
        for weight in generator.weights:
            value = np.ascontiguousarray(np.array(weight), np.float32)
            digest.update(value.tobytes())
        return cls(digest.hexdigest())

    def xmp(self) -> str:
        """The XMP packet for a file."""
        return _XMP.format(
            software=quoteattr(SOFTWARE),
            source_type=quoteattr(DIGITAL_SOURCE_TYPE),
            model_hash=quoteattr(self.model_hash),
        )
