"""What MediaPipe's ObjectDetector finds: PYTHON mediapipe_boxes.py FILE.tflite PHOTO.png

Prints a list of [name, score, [x1, y1, x2, y2] in whole pixels]. For a Python that has the package
`mediapipe`, which wants other versions of what the project needs; nothing of the project is used.
"""

import json
import sys

import mediapipe
from mediapipe.tasks.python import BaseOptions, vision


def main(file: str, photo: str) -> None:
    options = vision.ObjectDetectorOptions(base_options=BaseOptions(model_asset_path=file))
    detector = vision.ObjectDetector.create_from_options(options)
    found = detector.detect(mediapipe.Image.create_from_file(photo)).detections
    detector.close()
    rows = []
    for one in found:
        box, kind = one.bounding_box, one.categories[0]
        corners = [box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height]
        rows.append([kind.category_name, round(kind.score, 4), corners])
    print(json.dumps(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
