"""Annotations of YOLO: a text a photo, a line a box, and the names of the classes in a yaml.

A line is the class's number, then the middle, width and height as shares of the photo; or the
corners of a polygon, of which the box round it is taken. A photo without a text has no boxes.
"""

import math
import posixpath
import re

from ghostnet_tf.base.errors import UserError
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
from ghostnet_tf.data.formats import SUFFIXES, suffix
from ghostnet_tf.data.label_file import lines_of
from ghostnet_tf.data.places import Place
from ghostnet_tf.data.yolo_yaml import SPELLED, Setting, settings

NAME = "YOLO"
YAML = (".yaml", ".yml")
NAME_FILES = ("classes.txt", "obj.names", "_darknet.labels")  # a name a line, without a yaml
NO_LABELS = ("classes.txt", "readme.txt", "license.txt", "requirements.txt", "notes.txt")
KEYS = ("train", "val", "valid", "test")
MAX_LINE = 100_000  # characters: a polygon of thousands of corners


def is_here(source: Place) -> bool:
    """Whether a text belongs to a photo, or a yaml names classes."""
    if any(b"names" in source.read(n, "file") for n in source.files if suffix(n) in YAML):
        return True
    texts = {name for name in source.files if suffix(name) == ".txt"}
    return any(_text_of(name, texts) for name in source.files if suffix(name) in SUFFIXES)


def read(source: Place, photos: PhotoFinder) -> Annotations:
    """Every photo; UserError where names or splits cannot be read."""
    file, told = _yaml(source)
    classes, order = _classes(source, file, told)
    by_split = _splits(source, photos, file, told)
    texts = {name for name in source.files if suffix(name) == ".txt"}

    def of(split: str | None) -> Told:
        asked = sorted(photos.names if split is None else by_split[split])
        found, without = [], 0
        for photo in asked:
            text = _text_of(photo, texts)
            without += not text
            found.append(_annotation(source, text, photo) if text else Annotation("", photo))
        if asked and without == len(asked):
            text = _candidates(asked[0])[0]
            raise UserError(
                f"no photo of {source.title!r} has a text with its boxes, such as {text!r}",
                fix="put labels/NAME.txt beside images/NAME.jpg, or NAME.txt beside the photo",
            )
        found += _without_photo(texts, photos, by_split, split)
        notes = (f"{without} photos have no text, and so no boxes",) if without else ()
        return Told(tuple(found), notes)

    return Annotations(NAME, classes, order, tuple(sorted(by_split)), of)


def _yaml(source: Place) -> tuple[str, dict[str, Setting]]:
    """The yaml that names classes, and what it says; ("", {}) where there is none."""
    found = {}
    for name in sorted(name for name in source.files if suffix(name) in YAML):
        title = repr(name)
        lines = lines_of(source.read(name, "file"), f"the lines of {title}")
        told = settings(lines, {"names", "nc", "path", *KEYS}, title)
        if "names" in told:
            found[name] = told
    if len(found) > 1:
        one, other, *_ = found
        raise UserError(
            f"{one!r} and {other!r} of {source.title!r} both name classes", fix="keep one of them"
        )
    return next(iter(found.items()), ("", {}))


def _classes(source: Place, file: str, told: dict[str, Setting]) -> tuple[tuple[str, ...], str]:
    if file:
        names = class_names(_in_order(told["names"], file), file)
        if "nc" in told and told["nc"].value != str(len(names)):
            raise UserError(
                f"line {told['nc'].line} of {file!r} says nc: {short(str(told['nc'].value))}, and "
                f"it names {len(names)} classes",
                fix="write the number of names, or leave nc out",
            )
        return names, f"as in {file}"
    for name in sorted(source.files):
        if posixpath.basename(name) in NAME_FILES:
            lines = lines_of(source.read(name, "file"), f"the lines of {name!r}")
            return class_names(filter(str.strip, lines), name), f"as in {name}"
    raise UserError(
        f"{source.title!r} has labels of YOLO, and no yaml with the names of the classes",
        fix=f"write {SPELLED} into data.yaml there",
    )


def _in_order(names: Setting, file: str) -> list[str]:
    """Names by their numbers, which must go from 0 on without a gap."""
    if isinstance(names.value, str) or not names.value:
        raise UserError(f"line {names.line} of {file!r} has no list of names", fix=SPELLED)
    if isinstance(names.value, list):
        return names.value
    numbers = {int(key) if re.fullmatch(r"\d{1,9}", key) else -1: key for key in names.value}
    if sorted(numbers) != [*range(len(names.value))]:
        asked = {*map(str, range(len(names.value)))}
        odd = next(key for key in names.value if key not in asked)
        raise UserError(
            f"the names from line {names.line} of {file!r} on are not numbered from 0 on: "
            f"{short(odd)!r}",
            fix=SPELLED,
        )
    return [names.value[numbers[i]] for i in range(len(numbers))]


def _splits(
    source: Place, photos: PhotoFinder, file: str, told: dict[str, Setting]
) -> dict[str, set[str]]:
    """Split -> its photos: as the yaml says, else by the folders that they lie in."""
    by_folder: dict[str, set[str]] = {}
    for photo in photos.names:
        if found := split_of_folders(photo):
            by_folder.setdefault(found, set()).add(photo)
    said: dict[str, set[str]] = {}
    for key in KEYS:
        if key not in told:
            continue
        name = split_of(key)
        value = told[key].value
        where = f"line {told[key].line} of {file!r}"
        for path in [value] if isinstance(value, str) else [*value]:
            those = _below(source, photos, path, file, told.get("path"))
            if not those and name in map(split_of, path.replace("\\", "/").split("/")):
                those = by_folder.get(name, set())  # train/images, where images/train is here
            if not those:
                raise UserError(
                    f"{key} in {where} is {short(path)!r}, and no photo lies there",
                    fix=f"give a folder below {source.title!r}, or a list of its photos",
                )
            said.setdefault(name, set()).update(those)
    return said or by_folder


def _below(
    source: Place, photos: PhotoFinder, path: str, file: str, root: Setting | None
) -> set[str]:
    """The photos in the folder, or of the list, that a yaml calls `path`; none if it is elsewhere.

    What stands before a folder that is here is passed over: it is where the set lay for others.
    """
    parts = [p for p in path.replace("\\", "/").split("/") if p not in ("", ".", "..")]
    above = posixpath.dirname(file)
    for start in range(len(parts)):
        if start and split_of(parts[start - 1]):
            break  # of train/images never all images
        end = "/".join(parts[start:])
        for at in (f"{above}/{end}" if above else end, end):
            if at in source.files and suffix(at) == ".txt":
                lines = lines_of(source.read(at, "list"), f"the lines of {at!r}")
                named = [photos.named(line.strip(), at) for line in lines if line.strip()]
                return {*named} - {""}
            if found := {name for name in photos.names if name.startswith(f"{at}/")}:
                return found
    return set()


def _candidates(photo: str) -> list[str]:
    """Where the text of a photo may be: for .../images/a.jpg .../labels/a.txt, or beside it."""
    beside = posixpath.splitext(photo)[0] + ".txt"
    parts = beside.split("/")
    swapped = [
        "/".join([*parts[:i], "labels", *parts[i + 1 :]])
        for i in reversed(range(len(parts) - 1))
        if parts[i] in ("images", "JPEGImages")
    ]
    return [*swapped, beside]


def _text_of(photo: str, texts: set[str]) -> str:
    return next((name for name in _candidates(photo) if name in texts), "")


def _without_photo(
    texts: set[str], photos: PhotoFinder, by_split: dict[str, set[str]], split: str | None
) -> list[Annotation]:
    """Texts that lie where labels do, and belong to no photo."""
    used = {_text_of(photo, texts) for photo in photos.names}
    folders = {posixpath.dirname(name) for name in used if name}
    return [
        Annotation(name, "", fault=f"label {name!r} belongs to no photo")
        for name in sorted(texts - used)
        if posixpath.dirname(name) in folders
        if posixpath.basename(name).lower() not in NO_LABELS
        if split is None or split_of_folders(name) == split
        if split_of(posixpath.splitext(posixpath.basename(name))[0]) not in by_split  # a list
    ]


def _annotation(source: Place, text: str, photo: str) -> Annotation:
    try:
        lines = lines_of(source.read(text, "label"), f"the lines of {text!r}")
    except UserError as error:
        return Annotation(text, "", fault=str(error))
    told = [(i, line.strip()) for i, line in enumerate(lines, 1) if line.strip()]
    boxes = tuple(_box(line, i, number) for number, (i, line) in enumerate(told, 1))
    return Annotation(text, photo, None, boxes)


def _box(line: str, at: int, number: int) -> Written:
    where, said = f"line {at}, box {number}", repr(short(line))
    first, *others = line.split() if len(line) <= MAX_LINE else [""]
    numbers = [_number(text) for text in others]
    nan = (math.nan,) * 4
    if not re.fullmatch(r"\d{1,9}(\.0+)?", first, re.ASCII):
        return Written(-1, nan, where, said, f"it begins with no number of a class: {said}")
    label = int(first.partition(".")[0])
    is_polygon = len(numbers) >= 6 and len(numbers) % 2 == 0
    if len(numbers) != 4 and not is_polygon:
        fault = f"it has {len(numbers)} numbers behind its class, and not four: {said}"
        return Written(label, nan, where, said, fault)
    if not all(map(math.isfinite, numbers)):
        return Written(label, nan, where, said, f"not all of it are numbers: {said}")
    if is_polygon:
        xs, ys = numbers[::2], numbers[1::2]
        return Written(label, (min(xs), min(ys), max(xs), max(ys)), where, said)
    x, y, width, height = numbers
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Written(label, corners, where, said)


def _number(text: str) -> float:
    """NaN for what is none."""
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan
