"""Who a puppet is: the look and the voice, drawn from balanced decks.

Lengths are in eye distances: x to the viewer's right, y down, (0, 0) between
the eyes, so the eyes are at (-0.5, 0) and (0.5, 0).
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from tfrecords_builder.puppets.speech import Voice

Colour = tuple[float, float, float]
"""Red, green, blue, each 0 to 255."""

_Choice = TypeVar("_Choice")

_SKINS: tuple[Colour, ...] = (
    (250, 217, 193),
    (243, 205, 178),
    (236, 194, 162),
    (225, 178, 143),
    (208, 158, 122),
    (187, 135, 98),
    (158, 109, 77),
    (132, 88, 62),
    (108, 71, 51),
)
_HAIRS: tuple[Colour, ...] = (
    (28, 23, 22),
    (48, 34, 26),
    (78, 51, 33),
    (112, 74, 45),
    (156, 108, 62),
    (204, 164, 102),
    (158, 74, 36),
    (128, 124, 122),
    (196, 192, 188),
)
_DARK_HAIRS = 3
_IRISES: tuple[Colour, ...] = (
    (70, 44, 28),
    (96, 62, 34),
    (122, 88, 48),
    (86, 110, 74),
    (74, 108, 142),
    (104, 126, 144),
)
_DARK_IRISES = 2
_CLOTHES: tuple[Colour, ...] = (
    (46, 62, 92),
    (122, 48, 52),
    (66, 96, 78),
    (214, 208, 198),
    (58, 58, 64),
    (186, 142, 74),
    (104, 78, 116),
    (82, 128, 148),
    (190, 106, 84),
)
_BACKGROUNDS: tuple[Colour, ...] = (
    (176, 190, 204),
    (206, 194, 178),
    (150, 168, 156),
    (122, 130, 148),
    (200, 176, 168),
    (96, 104, 112),
    (186, 196, 176),
    (158, 146, 168),
    (224, 222, 218),
)
_SHORT_CUTS = ("short", "side", "quiff", "curly", "receding", "buzz")
_LONG_CUTS = ("long", "bob", "fringe", "bun", "curls", "scarf")
_BEARDS = ("none", "stubble", "none", "full", "moustache", "none", "goatee")
# How far a day's light is from the look's, where 1 is any light: so that more
# than half of what varies in a mouth is still its speech.
_LIGHT_OF_A_DAY = 0.7
_NECKLINES = ("round", "collar", "vee", "jacket")


@dataclass(frozen=True)
class Character:
    """The look and the voice of one puppet.

    Attributes:
        number: Which one of its cast.
        look: Which look it has: what is drawn by chance, as strands of hair
            and freckles are, is the look's.
        skin, hair, iris, clothes, background: Colours.
        cut: The style of the hair, or "scarf".
        beard: "none", "stubble", "full", "moustache" or "goatee".
        neckline: Of the clothes.
        glasses: "none", "round", "square" or "rimless".
        face_width: Half of the width at the cheekbones.
        jaw_width: Half of it at the corners of the jaw.
        chin: The chin's y.
        nose_length, nose_width: From the eyes' line; half of the width.
        nose_depth: How far its tip stands out.
        eye_size: Half of the width of an eye.
        eye_roundness: Half of an open eye's height by its half width.
        eye_tilt: How much higher the outer corner is.
        brow_height, brow_thickness, brow_arch: Of the eyebrows.
        mouth_width: Half of it, at rest.
        lip_fullness: 1 is average.
        lip_colour: How much redder than the skin, 0 to 1.
        smile: How much higher the corners of the mouth are.
        age: 0 young to 1 old: wrinkles.
        freckles, blush: 0 to 1.
        light: Where the light comes from: x, y (up is negative), z.
        light_contrast: 0 flat to 1 hard.
        warmth: Of the light, -1 cold to 1 warm.
        voice: How it sounds.
    """

    number: int
    look: int
    skin: Colour
    hair: Colour
    iris: Colour
    clothes: Colour
    background: Colour
    cut: str
    beard: str
    neckline: str
    glasses: str
    face_width: float
    jaw_width: float
    chin: float
    nose_length: float
    nose_width: float
    nose_depth: float
    eye_size: float
    eye_roundness: float
    eye_tilt: float
    brow_height: float
    brow_thickness: float
    brow_arch: float
    mouth_width: float
    lip_fullness: float
    lip_colour: float
    smile: float
    age: float
    freckles: float
    blush: float
    light: tuple[float, float, float]
    light_contrast: float
    warmth: float
    voice: Voice

    @property
    def mouth_height(self) -> float:
        """The y of the line between the closed lips."""
        return self.nose_length + 0.37 * (self.chin - self.nose_length)

    def to_dict(self) -> dict[str, Any]:
        """Everything about it as plain JSON types."""
        return dataclasses.asdict(self)


class _Deck:
    """Values for character `number` out of `count`, spread evenly.

    Each attribute has a shuffled deck of its own, so a small cast shows the
    whole range of every attribute, and attributes don't go together.
    """

    def __init__(self, seed: int, number: int, count: int) -> None:
        self._seed = seed
        self._number = number
        self._count = count

    def share(self, name: str) -> float:
        """A number in [0, 1), in another of `count` equal parts for each."""
        digest = hashlib.sha256(f"{self._seed} {name}".encode()).digest()
        rng = np.random.default_rng(list(digest))
        place = rng.permutation(self._count)[self._number]
        return float(place + rng.random(self._count)[self._number])

    def between(self, name: str, low: float, high: float) -> float:
        """A number in [low, high)."""
        share = self.share(name) / self._count
        return round(low + (high - low) * share, 4)

    def pick(self, name: str, choices: Sequence[_Choice]) -> _Choice:
        """One of the choices."""
        return choices[int(self.share(name)) % len(choices)]


def make_character(
    seed: int,
    number: int,
    count: int,
    looks: int = 0,
    one_sitting: bool = False,
    days: bool = False,
) -> Character:
    """A puppet of a cast.

    Args:
        seed: Of the cast.
        number: Which one, from 0.
        count: How many the cast has.
        looks: How many looks they share in turn; 0 gives each its own. The
            voice is always its own, and so is the light.
        one_sitting: All of a look sit in the same light instead.
        days: They sit in nearly the same, and each has clothes and a ground
            of other colours.
    """
    own = _Deck(seed, number, count)
    shared = number % looks if looks else number
    deck = _Deck(seed, shared, looks) if looks else own
    day = own if days else deck
    light_differs = _LIGHT_OF_A_DAY if days else 1.0
    if one_sitting:
        light_differs = 0.0

    def lamp(name: str, low: float, high: float) -> float:
        of_look, alone = (of.between(name, low, high) for of in (deck, own))
        return round(of_look + light_differs * (alone - of_look), 4)

    tone = int(deck.between("skin", 0, len(_SKINS)))
    dark = tone > 3
    bearded = shared % 2 == 0
    age = deck.between("age", 0, 1)
    cut = deck.pick("cut", _SHORT_CUTS if bearded else _LONG_CUTS)
    skin = _vary(_SKINS[tone], deck, "skin", 0.015)
    face_width = deck.between("face width", 1.0, 1.14)
    return Character(
        number=number,
        look=shared,
        skin=skin,
        hair=_hair_colour(deck, dark, age),
        iris=deck.pick("iris", _IRISES[:_DARK_IRISES] if dark else _IRISES),
        clothes=_vary(day.pick("clothes", _CLOTHES), day, "clothes", 0.1),
        background=_vary(
            day.pick("background", _BACKGROUNDS), day, "background", 0.08
        ),
        cut=cut,
        beard=deck.pick("beard", _BEARDS) if bearded else "none",
        neckline=deck.pick("neckline", _NECKLINES),
        glasses=deck.pick(
            "glasses",
            ("none", "none", "round", "none", "none", "square", "rimless"),
        ),
        face_width=face_width,
        jaw_width=face_width
        * (
            deck.between("jaw", 0.82, 0.9)
            if bearded
            else deck.between("jaw", 0.75, 0.84)
        ),
        chin=deck.between("chin", 1.75, 1.88),
        nose_length=deck.between("nose length", 0.61, 0.70),
        nose_width=deck.between("nose width", 0.24, 0.32 if dark else 0.28),
        nose_depth=deck.between("nose depth", 0.34, 0.46),
        eye_size=deck.between("eye size", 0.225, 0.255)
        - (0.012 if bearded else 0.0),
        eye_roundness=deck.between("eye roundness", 0.36, 0.5),
        eye_tilt=deck.between("eye tilt", -0.01, 0.04),
        brow_height=deck.between("brow height", 0.29, 0.37),
        brow_thickness=deck.between("brow thickness", 0.05, 0.075)
        * (1.15 if bearded else 0.85),
        brow_arch=deck.between("brow arch", 0.02, 0.08),
        mouth_width=deck.between("mouth width", 0.37, 0.44),
        lip_fullness=deck.between("lips", 0.8, 1.15) + (0.05 if dark else 0),
        lip_colour=deck.between("lip colour", 0.2, 0.45)
        + (0.0 if bearded else 0.3),
        smile=deck.between("smile", 0.03, 0.11),
        age=age,
        freckles=max(0.0, deck.between("freckles", -2, 1)) * (tone < 4),
        blush=deck.between("blush", 0.1, 0.6) * (0.6 if bearded else 1),
        light=(
            lamp("light x", -0.75, 0.75),
            lamp("light y", -0.7, -0.25),
            1.0,
        ),
        light_contrast=lamp("light contrast", 0.35, 0.9),
        warmth=lamp("warmth", -0.3, 1.0),
        voice=_make_voice(own, bearded),
    )


def _make_voice(deck: _Deck, low: bool) -> Voice:
    return Voice(
        pitch_hz=deck.between("pitch", 88, 140)
        if low
        else deck.between("pitch", 165, 245),
        melody=deck.between("melody", 0.12, 0.35),
        formant_scale=deck.between("throat", 0.94, 1.05)
        if low
        else deck.between("throat", 1.07, 1.18),
        rate=deck.between("rate", 0.88, 1.15),
        breathiness=deck.between("breathiness", 0, 1),
        tilt=deck.between("tilt", 0, 1),
    )


def _hair_colour(deck: _Deck, dark: bool, age: float) -> Colour:
    if age > 0.85:
        grey = _HAIRS[-1] if age > 0.93 else _HAIRS[-2]
        return _vary(grey, deck, "hair", 0.04)
    natural = _HAIRS[:_DARK_HAIRS] if dark else _HAIRS[:-2]
    return _vary(deck.pick("hair", natural), deck, "hair", 0.06)


def _vary(colour: Colour, deck: _Deck, name: str, spread: float) -> Colour:
    red, green, blue = (
        min(
            255.0,
            value * deck.between(f"{name} {channel}", 1 - spread, 1 + spread),
        )
        for channel, value in zip("rgb", colour, strict=True)
    )
    return (round(red, 1), round(green, 1), round(blue, 1))
