"""Annotations of Pascal VOC: an XML file a photo, and lists of names in `ImageSets/Main`.

Corners are taken as they stand, distances in pixels from the left and upper edge, which is how
today's programs write them; Pascal's own count pixels from 1.
"""

import math
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from ghostnet_tf.base.errors import UserError, reading
from ghostnet_tf.base.schema import short
from ghostnet_tf.data.annotations import (
    Annotation,
    Annotations,
    PhotoFinder,
    Told,
    Written,
    class_names,
    split_of,
    split_of_folders,
)
from ghostnet_tf.data.formats import suffix
from ghostnet_tf.data.label_file import lines_of
from ghostnet_tf.data.names import same
from ghostnet_tf.data.photo import upright_size
from ghostnet_tf.data.places import Place

NAME = "Pascal VOC"
MAX_XML_BYTES = 4_000_000  # ten thousand boxes
LONGEST = 1000  # characters of a name or a number; what is longer is none, and is cut off
MAX_DEPTH = 30  # of elements in each other; an annotation has 5
CORNERS = ("xmin", "ymin", "xmax", "ymax")
LISTS = ("ImageSets/Main", "ImageSets")  # folders of lists, a name of a photo a line
CLASS_FILES = ("classes.txt", "labels.txt", "predefined_classes.txt")


def is_here(source: Place) -> bool:
    return any(suffix(name) == ".xml" for name in source.files)


def read(source: Place, photos: PhotoFinder) -> Annotations:
    """Every annotation; UserError where lists or classes cannot be read."""
    files = sorted(name for name in source.files if suffix(name) == ".xml")
    lists = split_lists(source)
    folders = {found for name in files if (found := split_of_folders(name))}
    splits = {*lists} or folders
    opened = {name: _opened(source, name) for name in files}
    classes, order = _classes(source, opened.values())

    def of(split: str | None) -> Told:
        if split is not None and lists:
            return Told(tuple(_listed(source, lists[split], opened, photos)))
        found = [
            _annotation(source, name, one, photos)
            for name, one in opened.items()
            if split in (None, split_of_folders(name))
        ]
        return Told((*found, *(_unsaid(found, photos) if split is None else ())))

    return Annotations(NAME, classes, order, tuple(sorted(splits)), of)


@dataclass
class Object:
    """One <object> of a file."""

    line: int
    texts: dict[str, str] = field(default_factory=dict)  # of `name` and the corners


@dataclass
class Opened:
    """One file, as far as its XML goes; nobody has looked at the numbers yet."""

    texts: dict[str, str] = field(default_factory=dict)  # filename, width, height
    objects: list[Object] = field(default_factory=list)
    fault: str = ""


def _opened(source: Place, name: str) -> Opened:
    try:
        return parsed(source.read(name, "annotation"), name)
    except UserError as error:
        return Opened(fault=str(error))


def parsed(data: bytes, name: str) -> Opened:
    """What stands in the bytes of an annotation; UserError with the line where it is no XML.

    A file with a document type is refused: with it come entities, and with those other files, and
    texts that grow without end.
    """
    what = f"annotation {name!r}"
    if len(data) > MAX_XML_BYTES:
        raise UserError(f"{what} is larger than {MAX_XML_BYTES:,} bytes")
    made, path, texts = Opened(), [], [""]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def begin(tag: str, _: Any) -> None:
        path.append(tag)
        texts.append("")
        if len(path) > MAX_DEPTH:
            raise UserError(f"{what} is nested deeper than {MAX_DEPTH} levels")
        if len(path) == 1 and tag != "annotation":
            raise UserError(f"{what} begins with <{short(tag)}>, and Pascal's with <annotation>")
        if path[1:] == ["object"]:
            made.objects.append(Object(parser.CurrentLineNumber))

    def end(tag: str) -> None:
        below, text = path[1:], texts.pop().strip()
        if below in (["filename"], ["size", "width"], ["size", "height"]):
            made.texts.setdefault(tag, text)
        elif below == ["object", "name"] or (
            below[:2] == ["object", "bndbox"] and len(below) == 3 and tag in CORNERS
        ):
            made.objects[-1].texts.setdefault(tag, text)
        path.pop()

    def say(text: str) -> None:
        texts[-1] = (texts[-1] + text)[:LONGEST]

    def refuse(*_: Any) -> None:
        raise UserError(
            f"{what} declares a document type in line {parser.CurrentLineNumber}, which is not "
            "read: it could name other files, or grow without end"
        )

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = say, refuse
    with reading(what):
        parser.Parse(data, True)
    return made


def _annotation(source: Place, name: str, opened: Opened, photos: PhotoFinder) -> Annotation:
    if opened.fault:
        return Annotation(name, "", fault=opened.fault)
    stem = posixpath.splitext(posixpath.basename(name))[0]
    said = opened.texts.get("filename", "")
    try:
        photo = photos.of_stem(stem, name) or photos.named(said, name)
        if not photo:
            called = said or f"{stem}.jpg"
            return Annotation(
                name, "", fault=f"annotation {name!r} is of {short(called)!r}, which is not there"
            )
        size = _size(opened) or upright_size(source.read(photo), photo)
    except UserError as error:
        return Annotation(name, "", fault=f"annotation {name!r} cannot be used: {error}")
    boxes = tuple(_box(i, one, size) for i, one in enumerate(opened.objects, 1))
    return Annotation(name, photo, size, boxes)


def _size(opened: Opened) -> tuple[int, int] | None:
    """Width and height as said; None where they are left out or 0, as some programs do."""
    width, height = (_number(opened.texts.get(key, "")) for key in ("width", "height"))
    if width >= 1 and height >= 1:  # which NaN is not
        return int(min(width, 1e9)), int(min(height, 1e9))
    return None


def _box(number: int, one: Object, size: tuple[int, int]) -> Written:
    label = same(one.texts.get("name", ""))
    texts = [one.texts.get(corner, "") for corner in CORNERS]
    said = ", ".join(f"{c} {short(t)!s}" for c, t in zip(CORNERS, texts, strict=True))
    corners = tuple(_number(t) / side for t, side in zip(texts, (*size, *size), strict=True))
    fault = ""
    if not label:
        fault = "it has no <name>"
    elif bad := [c for c, x in zip(CORNERS, corners, strict=True) if not math.isfinite(x)]:
        what = f"<{bad[0]}> is {short(one.texts[bad[0]])!r}" if bad[0] in one.texts else ""
        fault = what or f"it has no <{bad[0]}>"
    return Written(label, corners, f"line {one.line}, box {number}", said, fault)


def _number(text: str) -> float:
    """NaN for what is none."""
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan


def _classes(source: Place, opened: Any) -> tuple[tuple[str, ...], str]:
    """The names of all classes, of whatever split, and by what they are in this order."""
    for name in sorted(source.files):
        if posixpath.basename(name) in CLASS_FILES:
            lines = lines_of(source.read(name, "file"), f"the lines of {name!r}")
            return class_names(filter(str.strip, lines), name), f"as in {name}"
    names = {same(o.texts.get("name", "")) for one in opened for o in one.objects} - {""}
    return class_names(sorted(names), source.title), "by their names"


def split_lists(source: Place, folders: Sequence[str] = LISTS) -> dict[str, list[tuple[str, str]]]:
    """Split -> (name of a photo, where that stands) of each of its lines.

    Pascal's lists of one class, "aeroplane_train.txt" with a 1 or -1 behind each name, are none.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(source.files):
        folder, file = posixpath.split(name)
        if suffix(file) != ".txt" or not f"/{folder}".endswith(tuple(f"/{at}" for at in folders)):
            continue
        lines = lines_of(source.read(name, "list"), f"the lines of {name!r}")
        told = [(line.strip(), f"{name!r}, line {i}") for i, line in enumerate(lines, 1)]
        told = [(stem, where) for stem, where in told if stem]
        if told and all(stem.split()[-1] in ("1", "-1", "0") for stem, _ in told):
            if all(len(stem.split()) == 2 for stem, _ in told):
                continue
        stem = posixpath.splitext(file)[0]
        found.setdefault(split_of(stem) or stem, []).extend(told)
    return found


def _listed(
    source: Place,
    told: list[tuple[str, str]],
    opened: dict[str, Opened],
    photos: PhotoFinder,
) -> list[Annotation]:
    by_stem: dict[str, str] = {}
    for name in opened:
        by_stem.setdefault(posixpath.splitext(posixpath.basename(name))[0], name)
    found = []
    for stem, where in told:
        stem = posixpath.basename(stem)
        name = by_stem.get(stem) or by_stem.get(posixpath.splitext(stem)[0])
        if name:
            found.append(_annotation(source, name, opened[name], photos))
        else:
            fault = f"{short(stem)!r} ({where}) has no annotation"
            found.append(Annotation(f"{where}: {stem}", "", fault=fault))
    return found


def _unsaid(found: list[Annotation], photos: PhotoFinder) -> list[Annotation]:
    """Photos without an annotation. What is on them nobody says, so they teach nothing."""
    left = photos.names - {one.photo for one in found}
    # That of an annotation which cannot be used is named with it.
    stems = {posixpath.splitext(posixpath.basename(one.file))[0] for one in found if one.fault}
    return [
        Annotation(photo, "", fault=f"photo {photo!r} has no annotation")
        for photo in sorted(left)
        if posixpath.splitext(posixpath.basename(photo))[0] not in stems
    ]
