"""Several targets in one command: phones side by side, anything on this machine one by one."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ghostnet_tf.base.effort import Effort
from ghostnet_tf.base.errors import UserError, tell
from ghostnet_tf.base.progress import Begin, bars

from .measurement import Settings, Target
from .model import Model
from .session import measure, rounds_of
from .store import Results, results_path


class Fleet:
    """Results of every target that could be measured, and the error of every one that not."""

    def __init__(
        self,
        models: Sequence[Model],
        effort: Effort,
        settings: Settings,
        out: Path,
        *,
        is_resumed: bool = False,
    ):
        self.models, self.effort, self.settings = models, effort, settings
        self.out, self.is_resumed = out, is_resumed
        self.errors: list[UserError] = []
        self._stop = threading.Event()

    def measure(self, targets: Sequence[Target]) -> list[Results]:
        if self.is_resumed and not any(
            results_path(self.out, target.name).exists() for target in targets
        ):
            raise UserError(f"there are no results in {str(self.out)!r}", fix="leave out --resume")
        with bars() as begin:
            if len(targets) > 1 and targets[0].kind == "phone_latency":
                results = self._side_by_side(targets, begin)
            else:
                results = [self._one(target, begin) for target in targets]
        if not results:
            raise self.errors[0]
        for one in results:
            for why in one.failed.values():
                self.errors.append(UserError(why, fix="the other files were measured all the same"))
        for error in self.errors:
            tell(error)
        return results

    def _side_by_side(self, targets: Sequence[Target], begin: Begin) -> list[Results]:
        """One worker per phone, whose cores take turns; a phone that fails stops no other."""
        phones: dict[str, list[Target]] = {}
        for target in targets:
            phones.setdefault(getattr(target, "serial", target.name), []).append(target)
        with ThreadPoolExecutor(len(phones)) as pool:
            futures = [pool.submit(self._one_phone, cores, begin) for cores in phones.values()]
            try:
                return [results for future in futures for results in future.result()]
            except BaseException:
                self._stop.set()  # the others end before their next visit, and clean up
                raise

    def _one_phone(self, cores: Sequence[Target], begin: Begin) -> list[Results]:
        results = []
        for target in cores:
            try:
                results.append(self._one(target, begin))
            except UserError as error:
                self.errors.append(error)
        return results

    def _one(self, target: Target, begin: Begin) -> Results:
        total = rounds_of(target, self.effort) * len(self.models)
        advance = begin(target.name, total)

        def show(text: str) -> None:
            if self._stop.is_set():
                raise KeyboardInterrupt
            advance(said=text)

        return measure(
            target,
            self.models,
            self.effort,
            self.settings,
            results_path(self.out, target.name),
            is_resumed=self.is_resumed,
            progress=show,
        )
