"""Name photos: ghostnet predict FILE.tflite PHOTO|SOUND|DIR|ZIP|NPZ... [--top 5] [--json]

A file that hears takes recordings in the place of photos, or `microphone`: each word is then
printed as it is said, until Ctrl-C. For samples in an .npz, of a network that takes no photos, its
outputs are printed as they are.

A photo that cannot be read is named on stderr, counted, and left out; the others are answered, and
the exit code is 1. If none can be read it is 2, and nothing is printed to stdout. (In 0.1 one bad
photo ended the command before any other was answered.)
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base import doors, terminal
from ghostnet_tf.base.errors import CHECK_FAILED, DONE, UserError, run
from ghostnet_tf.base.files import user_path, write_atomic
from ghostnet_tf.base.record import UNKNOWN
from ghostnet_tf.data.formats import NAMES, suffix
from ghostnet_tf.data.samples import SUFFIX
from ghostnet_tf.data.skipped import Skips, say_count

from . import arguments

SOUNDS, MICROPHONE = "WAV, FLAC or OGG", "microphone"

if TYPE_CHECKING:
    from .detection import Detector
    from .segmentation import Segmenter
    from .trusted import Opened


def parser() -> argparse.ArgumentParser:
    parse = doors.parser("predict", "Name photos with a .tflite file.")
    parse.add_argument("file", metavar="FILE.tflite")
    parse.add_argument(
        "photos",
        metavar="PHOTO|DIR|ZIP|NPZ",
        nargs="+",
        help=f"{NAMES}; a folder or zip: all in it; .npz: samples, an array for each input; for "
        f"a file that hears, sounds: {SOUNDS}, or microphone",
    )
    out = parse.add_argument_group("output")
    out.add_argument("--top", type=int, default=5, metavar="N", help="classes per photo")
    out.add_argument(
        "--pictures",
        type=user_path,
        metavar="DIR",
        help="of a detector: photos with their boxes; of a segmenter: under their masks",
    )
    out.add_argument(
        "--stream",
        action="store_true",
        help="of a file that hears: every word of recordings of up to two hours, with its time",
    )
    out.add_argument(
        "--seconds", type=float, metavar="S", help="of a microphone: stop after so long"
    )
    arguments.add_json(out)
    return parse


def main(argv: list[str] | None = None) -> int:
    parse = parser()
    args = parse.parse_args(argv)
    arguments.refuse_below_one(parse, args, "top")

    if any(suffix(place) == SUFFIX for place in args.photos):
        return say_values(args)

    from .trusted import trusted

    opened = trusted(args.file)
    hears = bool(opened[1] and opened[1].sound)
    if args.seconds is not None and not (hears and MICROPHONE in args.photos):
        raise UserError("--seconds is of a microphone", fix="leave it out")
    if hears and args.pictures:
        raise UserError(f"{args.file!r} hears: there is nothing to draw", "leave --pictures out")
    if hears:
        if MICROPHONE in args.photos:
            return say_spoken(args, opened)
        return say_stream(args, opened) if args.stream else say_words(args, opened)
    if args.stream:
        raise UserError(
            f"{args.file!r} takes no sound, as far as is known", fix="leave --stream out"
        )

    from .answers import NO_PROBABILITIES, answers
    from .detection import Detector, open_any
    from .segmentation import Segmenter

    named, skipped = [], Skips()
    classifier = open_any(args.file, opened)
    if isinstance(classifier, Detector):
        return say_boxes(args, classifier)
    if isinstance(classifier, Segmenter):
        return say_masks(args, classifier)
    if classifier.scores == UNKNOWN:
        terminal.note(f"note: {classifier.title} {NO_PROBABILITIES}")
    for answer in answers(classifier, args.photos, args.top, skipped):
        named.append({"photo": answer.photo, "top": answer.top})
        if not args.json:
            terminal.out(answer.photo, *(f"  {share_of(one)}  {one['name']}" for one in answer.top))
    return end(args, named, skipped)


def end(args: argparse.Namespace, named: list[dict[str, Any]], skipped: Skips) -> int:
    """What is said once all photos were looked at; the exit code."""
    n = len(skipped)
    if not named:
        fixes = dict.fromkeys(one.fix for one in skipped if one.fix)
        raise UserError(
            f"none of the {n} photos can be read" if n > 1 else "the photo cannot be read",
            fix=next(iter(fixes)) if len(fixes) == 1 else f"give {NAMES}",
        )
    if args.json:
        terminal.document({"file": args.file, "photos": named, **skipped.as_json()})
    else:
        say_count(n, n + len(named))
    return CHECK_FAILED if n else DONE


def say_words(args: argparse.Namespace, opened: "Opened") -> int:
    """Of recordings: the words that are heard in each."""
    from .hearer import open_hearer, words

    named, skipped = [], Skips()
    hearer = open_hearer(args.file, opened)
    for answer in words(hearer, args.photos, args.top, skipped):
        named.append({"sound": answer.photo, "top": answer.top})
        if not args.json:
            terminal.out(answer.photo, *(f"  {share_of(one)}  {one['name']}" for one in answer.top))
    return end_of_sounds(args, named, skipped)


def say_stream(args: argparse.Namespace, opened: "Opened") -> int:
    """Of recordings of any length: each word when it was heard, as soon as that is known."""
    from .hearer import open_hearer
    from .stream import words_in

    named, skipped = [], Skips()
    hearer = open_hearer(args.file, opened)
    for path in args.photos:
        said = []
        try:
            for one in words_in(hearer, path):
                if not args.json:
                    line = f"  {one.seconds:9.2f} s  {one.probability:6.1%}  {one.name}"
                    terminal.out(*([] if said else [path]), line)
                said.append(one.as_json())
        except UserError as error:
            skipped.note(path, str(error), error.fix)
            continue
        named.append({"sound": path, "words": said})
        if not said and not args.json:
            terminal.out(path, "  no words")
    return end_of_sounds(args, named, skipped)


def end_of_sounds(args: argparse.Namespace, named: list[dict[str, Any]], skipped: Skips) -> int:
    """What is said once all sounds were heard; the exit code."""
    if not named:
        one = next(iter(skipped))
        n = len(skipped)
        raise UserError(
            f"none of the {n} sounds can be read" if n > 1 else "the sound cannot be read",
            fix=one.fix or f"give {SOUNDS}",
        )
    if args.json:
        terminal.document({"file": args.file, "sounds": named, **skipped.as_json()})
    else:
        say_count(len(skipped), len(skipped) + len(named), "sounds")
    return CHECK_FAILED if len(skipped) else DONE


def say_spoken(args: argparse.Namespace, opened: "Opened") -> int:
    """Of a microphone: every word as it is said."""
    from .hearer import open_hearer
    from .microphone import spoken_words

    if args.photos != [MICROPHONE]:
        raise UserError("a microphone is listened to alone", fix="give the files in another call")
    if args.json and not args.seconds:
        raise UserError("--json is one document, and a microphone never ends", fix="--seconds 10")
    found, hearer = [], open_hearer(args.file, opened)
    terminal.note(f"listening for {', '.join(hearer.labels.names)}; Ctrl-C ends it")
    try:
        for one in spoken_words(hearer, args.seconds):
            found.append(one.as_json())
            if not args.json:
                terminal.out(f"{one.seconds:7.2f} s  {one.probability:6.1%}  {one.name}")
    except KeyboardInterrupt:
        return DONE
    if args.json:
        terminal.document({"file": args.file, "sounds": [{"sound": MICROPHONE, "words": found}]})
    return DONE


def share_of(answer: dict[str, Any]) -> str:
    """A probability, or the value of one of which nobody knows what it means."""
    return f"{answer['value']:7.3f}" if "value" in answer else f"{answer['probability']:6.1%}"


def say_boxes(args: argparse.Namespace, detector: "Detector") -> int:
    """Of a detector: the boxes of each photo, printed, and drawn where pictures were asked for."""
    from .finding import finds, picture_path, said

    named, skipped, taken = [], Skips(), set()
    for one in finds(detector, args.photos, skipped):
        row = {"photo": one.photo, "boxes": one.boxes}
        lines = said(one)
        if args.pictures:
            path = picture_path(args.pictures, one.photo, taken)
            write_atomic(path, one.picture(detector.labels))
            row["picture"] = str(path)
            lines.append(f"  drawn into {path}")
        named.append(row)
        if not args.json:
            terminal.out(*lines)
    return end(args, named, skipped)


def say_masks(args: argparse.Namespace, segmenter: "Segmenter") -> int:
    """Of a segmenter: the share of each class, and photos under their masks where asked for."""
    from .finding import picture_path
    from .outlines import outlined, said

    named, skipped, taken = [], Skips(), set()
    for one in outlined(segmenter, args.photos, skipped):
        row = {"photo": one.photo, "classes": one.classes}
        lines = said(one)
        if args.pictures:
            path = picture_path(args.pictures, one.photo, taken, "masks")
            write_atomic(path, one.picture(segmenter))
            row["picture"] = str(path)
            lines.append(f"  painted into {path}")
        named.append(row)
        if not args.json:
            terminal.out(*lines)
    return end(args, named, skipped)


def say_values(args: argparse.Namespace) -> int:
    """Of samples: what the file gives, its outputs' shapes and first values."""
    if others := [place for place in args.photos if suffix(place) != SUFFIX]:
        raise UserError(f"{others[0]!r} is no .npz, and another one is", fix="ask for one kind")

    from . import printed
    from .values import values_of

    found = []
    for one in values_of(args.file, args.photos):
        found.append(one)
        if not args.json:
            terminal.out(*printed.value_lines(one))
    if args.json:
        terminal.document({"file": args.file, "samples": [*map(asdict, found)]})
    return DONE


if __name__ == "__main__":
    run(main)
