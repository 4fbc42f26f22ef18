"""Puppets: drawn talking faces whose mouths follow a synthesised voice.

build_puppets   the default data set
render_mp4      a video with sound, as footage for tests
record_take     the same as plain arrays
"""

from tfrecords_builder.puppets.build import (
    PuppetPlan,
    build_puppets,
    puppet_clips,
    record_take,
)
from tfrecords_builder.puppets.character import Character, make_character
from tfrecords_builder.puppets.film import FilmConfig, render_mp4
from tfrecords_builder.puppets.performance import Shot, Studio, Take
from tfrecords_builder.puppets.sentence import (
    Sentence,
    random_sentence,
    spell,
)

__all__ = [
    "Character",
    "FilmConfig",
    "PuppetPlan",
    "Sentence",
    "Shot",
    "Studio",
    "Take",
    "build_puppets",
    "make_character",
    "puppet_clips",
    "random_sentence",
    "record_take",
    "render_mp4",
    "spell",
]
