"""What every command does that makes files of networks: write, say, and add Ghost operators."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ghostnet_tf.base import terminal
from ghostnet_tf.base.progress import Stages
from ghostnet_tf.base.record import SEGMENT, ghostop_path, postprocess_path
from ghostnet_tf.data.given import Given
from ghostnet_tf.data.items import Items
from ghostnet_tf.data.masked_photos import without_masks
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.data.samples import Samples
from ghostnet_tf.data.skipped import Skips

from . import postprocess_file, printed
from .arguments import refuse_unchosen
from .ghostop.making import Made, is_current, write_ghostop
from .listening import as_samples
from .network import Network
from .overwriting import note_what_stays
from .pipeline import HEARD, Result, export
from .recipes import OPERATOR_RECIPES
from .streamed import refuse_unfit, write_streaming


@dataclass
class Exporting:
    """One call of a command: what it was told, and what it has written so far."""

    args: argparse.Namespace  # of `arguments.add_export_options`
    photos: Given | None
    labelled: Given | None
    stages: Stages
    results: list[Result] = field(default_factory=list)
    streaming: list[Result] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    chosen: list[postprocess_file.Chosen] = field(default_factory=list)

    def write(self, network: Network, recipes: Sequence[str], streaming: bool = False) -> None:
        """The network in these recipes, `streaming` as files that hear hop by hop, too; the table
        is printed at once."""
        args = self.args
        refuse_unchosen(args, recipes, network.name, network.task)
        if network.task == SEGMENT and isinstance(self.photos, Photos):
            self.photos = without_masks(self.photos)
        sounds = None
        if streaming:
            given = self.photos if network.hearing else None
            heard = as_samples(given, network.hearing, network.name, HEARD, self.stages)
            sounds = heard if isinstance(heard, Samples) else None
            refuse_unfit(network, recipes, sounds, args.keep_float or (), args.qat or 0)
        if network.dialect:
            terminal.note(f"weights read as {network.dialect}")
        result = export(
            network,
            recipes,
            self.photos,
            self.labelled,
            args.out,
            self.stages,
            keep_float=args.keep_float or (),
            qat=args.qat or 0,
            overwrite=args.overwrite,
        )
        self.results.append(result)
        note_what_stays(args.out, network, recipes)
        if not args.json:
            terminal.out(*printed.table(network, result, self.one_photo()))
        if streaming:
            hopping = write_streaming(
                network, recipes, sounds, args.out, self.stages, args.overwrite
            )
            self.streaming.append(hopping)
            if not args.json:
                terminal.out(*printed.streaming_lines(hopping))

    def one_photo(self) -> str | None:
        """The file of a photo, or sound, that was given and can be read; None where none is."""
        both = (self.labelled, self.photos)
        given = (photos.one_file() for photos in both if isinstance(photos, Items))
        return next((path for path in given if path), None)

    def add_ghostop(self) -> None:
        """Ghost-operator files: those that were asked for, and those that belonged to older files.

        Such an old one would say of itself that it is of a plain file that is no longer there.
        """
        written = [file.path for result in self.results for file in result.files]
        fit = [path for path in written if path.stem.endswith(OPERATOR_RECIPES)]
        asked = self.args.ghostop
        self.make([p for p in fit if asked or (ghostop_path(p).exists() and not is_current(p))])

    def add_postprocess(self) -> None:
        """Files that choose among their boxes: those asked for, and those that older files had."""
        written = [file.path for result in self.results for file in result.files]
        for path in written:
            stands = postprocess_path(path).exists() and not postprocess_file.is_current(path)
            if not (self.args.postprocess or stands):
                continue
            with self.stages.stage(f"boxes chosen in {path.name}"):
                photos = None if isinstance(self.photos, Recordings) else self.photos
                self.chosen.append(postprocess_file.write_postprocess(path, photos))
            if not self.args.json:
                terminal.out(*printed.postprocess_lines(self.chosen[-1]))

    def make(self, plain: Iterable[Path]) -> None:
        """The Ghost-operator file of each of these."""
        for path in plain:
            with self.stages.stage(f"Ghost operators into {path.name}"):
                self.made.append(write_ghostop(path, self.photos))
            if not self.args.json:
                terminal.out(*printed.ghostop_lines(self.made[-1]))

    def end(self, original: str) -> None:
        """What is said once, when all is written; `original` is what the networks come from."""
        if self.args.json:
            both = (p for p in (self.photos, self.labelled) if isinstance(p, Items))
            skipped = next((p.skipped for p in both), Skips())
            results = [*self.results, *self.streaming]
            document = printed.document(results, [*self.made, *self.chosen], original)
            terminal.document({**document, **skipped.as_json()})
        if self.args.timings:
            spent = printed.timings(self.stages.seconds, printed.peak_memory_bytes())
            terminal.note(*spent)
