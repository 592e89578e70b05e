"""Annotations of COCO: a JSON file a split, with lists of images, categories and annotations.

`bbox` is left, top, width and height in pixels. A region that is marked as a crowd is no box of one
thing and is passed over.
"""

import math
import posixpath
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.schema import Mismatch, document, short
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
from ghostnet_tf.data.photo import MAX_FILE_BYTES
from ghostnet_tf.data.places import Place

NAME = "COCO"
LISTS = ("images", "categories", "annotations")
INSTANCES, OTHERS = "instances_", ("captions_", "person_keypoints_", "stuff_", "panoptic_")
AGAIN = "export it again as COCO's JSON for detection"


def is_here(source: Place) -> bool:
    """Whether one of the JSON files has what COCO's have. Anybody may have others beside it."""
    return any(
        all(f'"{key}"'.encode() in data for key in LISTS)
        for name in source.files
        if suffix(name) == ".json" and (data := source.read(name, "annotation"))
    )


def read(source: Place, photos: PhotoFinder) -> Annotations:
    """Every annotation; UserError for a file that is not of COCO's form."""
    by_split: dict[str, list[str]] = defaultdict(list)
    for name in _files(source):
        by_split[_split(name)].append(name)
    # All are read: classes are the same for every split, or a detector would be scored on others.
    opened = {name: _opened(source, name) for name in _files(source)}
    categories = {name: _categories(one, name) for name, one in opened.items()}
    (first, ids), *others = categories.items()
    for name, found in others:
        if found != ids:
            raise UserError(
                f"{first!r} and {name!r} of {source.title!r} have not the same categories",
                fix="give both all categories, with the same ids",
            )
    names = class_names(ids.values(), first)
    position = {id: i for i, id in enumerate(ids)}

    def of(split: str | None) -> Told:
        asked = sorted(n for of, ns in by_split.items() if split in (None, of) for n in ns)
        found, crowds = [], 0
        for name in asked:
            of_file, passed = _annotations(opened[name], name, position, photos)
            found, crowds = found + of_file, crowds + passed
        notes = (f"{crowds} regions of crowds are passed over",) if crowds else ()
        return Told(tuple(found), notes)

    splits = tuple(sorted(by_split.keys() - {""}))
    return Annotations(NAME, names, "by the ids of their categories", splits, of)


def _files(source: Place) -> list[str]:
    """Those for detection: COCO's own captions and key points are of the same photos."""
    names = sorted(name for name in source.files if suffix(name) == ".json")
    of_others = [n for n in names if posixpath.basename(n).startswith(OTHERS)]
    if any(posixpath.basename(name).startswith(INSTANCES) for name in names):
        names = [name for name in names if name not in of_others]
    return names


def _split(name: str) -> str:
    stem = posixpath.splitext(posixpath.basename(name))[0]
    return split_of(stem) or split_of_folders(name)


def _opened(source: Place, name: str) -> dict[str, list]:
    try:
        found = document(source.read(name, "annotation"), MAX_FILE_BYTES)
    except Mismatch as wrong:
        raise UserError(f"annotation {name!r} cannot be read: {wrong}", fix=AGAIN) from None
    if not isinstance(found, dict):
        raise UserError(f"annotation {name!r} is not of COCO's form: it is no object", fix=AGAIN)
    for key in LISTS:
        if not isinstance(found.get(key), list):
            raise UserError(
                f"annotation {name!r} is not of COCO's form: it has no list {key!r}", fix=AGAIN
            )
    return found


def _categories(opened: Mapping[str, list], name: str) -> dict[int, str]:
    """Id -> name, by id."""
    found = {}
    for i, one in enumerate(opened["categories"]):
        id, called = (one.get("id"), one.get("name")) if isinstance(one, dict) else (None, None)
        if type(id) is not int or not isinstance(called, str):
            raise UserError(f"categories[{i}] of {name!r} has no id or no name", fix=AGAIN)
        if id in found:
            raise UserError(f"the category {id} stands twice in {name!r}", fix=AGAIN)
        found[id] = called
    return dict(sorted(found.items()))


def _annotations(
    opened: Mapping[str, list], name: str, position: Mapping[int, int], photos: PhotoFinder
) -> tuple[list[Annotation], int]:
    """One of each image and of each box that belongs to none, and how many crowds there are."""
    boxes: dict[Any, list[tuple[int, dict]]] = defaultdict(list)
    found, crowds = [], 0
    ids = {one["id"] for one in opened["images"] if isinstance(one, dict) and _is_id(one.get("id"))}
    for i, one in enumerate(opened["annotations"]):
        image = one.get("image_id") if isinstance(one, dict) else None
        if not _is_id(image) or image not in ids:
            fault = f"annotations[{i}] of {name!r} is of no image that stands there"
            found.append(Annotation(f"{name}: annotations[{i}]", "", fault=fault))
        elif one.get("iscrowd") == 1:
            crowds += 1
        else:
            boxes[image].append((i, one))
    seen: set[int] = set()
    for i, one in enumerate(opened["images"]):
        where = f"{name}: images[{i}]"
        fault = _why_not(one, seen)
        if fault:
            fault = f"images[{i}] of {name!r} {fault}"
            found.append(Annotation(where, "", fault=fault))
            continue
        seen.add(one["id"])
        try:
            photo = photos.named(one["file_name"], name)
            fault = "" if photo else "is not there"
        except UserError as error:
            photo, fault = "", str(error)
        if fault:
            fault = f"photo {short(one['file_name'])!r} (images[{i}] of {name!r}): {fault}"
            found.append(Annotation(where, "", fault=fault))
            continue
        size = int(one["width"]), int(one["height"])
        written = [_box(n, one, size, position) for n, one in boxes[one["id"]]]
        found.append(Annotation(where, photo, size, tuple(written)))
    return found, crowds


def _is_id(value: Any) -> bool:
    return type(value) in (int, str)


def _why_not(image: Any, seen: set) -> str:
    """Why an image of the list cannot be used; "" where it can."""
    if not isinstance(image, dict) or not _is_id(image.get("id")):
        return "has no id"
    if image["id"] in seen:
        return f"has the id {short(image['id'])} of another"
    if not isinstance(image.get("file_name"), str):
        return "has no file_name"
    for side in ("width", "height"):
        if not _is_number(image.get(side)) or not 1 <= image[side] < 1e9:
            return f"has no {side} of one pixel or more"
    return ""


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e15 and math.isfinite(value)


def _box(number: int, one: dict, size: tuple[int, int], position: Mapping[int, int]) -> Written:
    where = f"annotations[{number}]"
    id, bbox, category = one.get("id"), one.get("bbox"), one.get("category_id")
    if _is_id(id):
        where += f" (id {short(id)})"
    nan = (math.nan,) * 4
    if type(category) is not int or category not in position:
        fault = f"there is no category {short(repr(category))}"
        return Written(-1, nan, where, "", fault)
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(map(_is_number, bbox)):
        said = "it has no bbox" if bbox is None else f"its bbox is {short(repr(bbox))}"
        return Written(position[category], nan, where, "", f"{said}, and not four numbers")
    left, top, width, height = bbox
    pixels = (left, top, left + width, top + height)
    corners = tuple(x / side for x, side in zip(pixels, (*size, *size), strict=True))
    return Written(position[category], corners, where, f"bbox {short(repr(bbox))}")
