"""The same photos and boxes as Pascal VOC, COCO and YOLO write them, as a folder or a zip."""

import io
import json
import zipfile
from pathlib import Path

from PIL import Image

CLASSES = ("dog", "cat")  # not by their names
# Photo -> its size, and class, x1, y1, x2, y2 in pixels: no two numbers could be taken for others.
PHOTOS = {
    "train/a": ((200, 100), [("cat", 20, 10, 60, 90), ("dog", 100, 40, 200, 60)]),
    "train/b": ((100, 160), [("dog", 10, 20, 40, 120)]),
    "val/c": ((120, 80), []),
    "val/d": ((64, 64), [("cat", 8, 16, 32, 64)]),
}


def photo(size: tuple[int, int]) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, "grey").save(data, "PNG")
    return data.getvalue()


def photos() -> dict[str, bytes]:
    return {f"images/{name}.png": photo(size) for name, (size, _) in PHOTOS.items()}


def xml(size, boxes, filename="other.png", more="") -> str:
    objects = "".join(
        f"<object><name>{name}</name>\n<bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin>"
        f"<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>\n"
        for name, x1, y1, x2, y2 in boxes
    )
    width, height = size
    return (
        f"<annotation>\n<filename>{filename}</filename>\n<size><width>{width}</width>"
        f"<height>{height}</height><depth>3</depth></size>\n{objects}{more}</annotation>\n"
    )


def voc() -> dict[str, bytes]:
    files = {f"JPEGImages/{n.split('/')[1]}.png": photo(size) for n, (size, _) in PHOTOS.items()}
    for name, (size, boxes) in PHOTOS.items():
        files[f"Annotations/{name.split('/')[1]}.xml"] = xml(size, boxes).encode()
    for split in ("train", "val"):
        stems = [name.split("/")[1] for name in PHOTOS if name.startswith(split)]
        files[f"ImageSets/Main/{split}.txt"] = "\n".join([*stems, ""]).encode()
    files["ImageSets/Main/dog_train.txt"] = b"a  1\nb  1\n"
    return files


def coco_document(split: str) -> dict:
    images, annotations = [], []
    for i, (name, ((width, height), boxes)) in enumerate(PHOTOS.items()):
        if not name.startswith(split):
            continue
        file = f"{name.split('/')[1]}.png"
        images.append({"id": 100 + i, "file_name": file, "width": width, "height": height})
        annotations += [
            {
                "id": 10 * i + j, "image_id": 100 + i, "category_id": 7 + CLASSES.index(label),
                "bbox": [x1, y1, x2 - x1, y2 - y1], "iscrowd": 0,
            }
            for j, (label, x1, y1, x2, y2) in enumerate(boxes)
        ]  # fmt: skip
    categories = [{"id": 7 + i, "name": name} for i, name in enumerate(CLASSES)]
    return {"images": images, "annotations": annotations, "categories": categories[::-1]}


def coco() -> dict[str, bytes]:
    files = photos()
    for split in ("train", "val"):
        text = json.dumps(coco_document(split))
        files[f"annotations/instances_{split}2017.json"] = text.encode()
    return files | {"annotations/captions_train2017.json": b'{"images": [], "annotations": []}'}


def yolo_text(size, boxes) -> str:
    width, height = size
    return "".join(
        f"{CLASSES.index(name)} {(x1 + x2) / 2 / width:.6f} {(y1 + y2) / 2 / height:.6f} "
        f"{(x2 - x1) / width:.6f} {(y2 - y1) / height:.6f}\n"
        for name, x1, y1, x2, y2 in boxes
    )


def yolo() -> dict[str, bytes]:
    files = photos()
    for name, (size, boxes) in PHOTOS.items():
        if boxes:
            files[f"labels/{name}.txt"] = yolo_text(size, boxes).encode()
    yaml = "path: ../datasets/pets\ntrain: images/train\nval: images/val\nnames: [dog, cat]\n"
    return files | {"data.yaml": yaml.encode()}


FORMATS = {"Pascal VOC": voc, "COCO": coco, "YOLO": yolo}


def folder_of(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def zip_of(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
