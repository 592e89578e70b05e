"""A run: every model, round after round, on one target; saved after each round."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.effort import Effort
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import set_aside

from . import store
from .measurement import ModelFailed, Settings, Target
from .model import Model
from .plan import orders

Progress = Callable[[str], None]  # told before each visit what comes


def measure(
    target: Target,
    models: Sequence[Model],
    effort: Effort,
    settings: Settings,
    path: Path,
    *,
    is_resumed: bool = False,
    progress: Progress = lambda text: None,
) -> store.Results:
    """All rounds of the plan; of a resumed run, those in `path` are not measured again.

    A model that fails is left out from then on, and `Results.failed` says why; if all do, the first
    error is raised. The target is closed in any case, and whatever stops the run, finished rounds
    are in `path`.
    """
    results = None
    try:
        with alone(path, f"measuring {target.name} into {str(path)!r}"):
            target.prepare(models)
            results = store.begin(target, effort, settings, models)
            if is_resumed and path.exists():
                store.resume(path, results)
            else:
                set_aside(path)
            plan = orders(len(models), rounds_of(target, effort))
            for number, order in enumerate(plan[len(results.rounds) :], len(results.rounds) + 1):
                before = target.conditions()
                visits = {}
                for model in [models[i] for i in order if models[i].sha256 not in results.failed]:
                    progress(f"round {number} of {len(plan)}: {model.title}")
                    try:
                        visits[model.sha256] = target.visit(model, settings)
                    except ModelFailed as error:
                        results.leave_out(model, error)
                results.add(store.Round(visits, before, target.conditions()))
                results.save(path)
            return results
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_kept(results, path)) from None
    except UserError as error:
        if results is None or not results.rounds:
            raise
        raise type(error)(f"{error}; {_kept(results, path)}", fix=error.fix) from error
    finally:
        target.close()


def rounds_of(target: Target, effort: Effort) -> int:
    """Instructions are the same each time they are counted: once is enough."""
    return 1 if target.kind == "emulated_counts" else effort.rounds


def _kept(results: store.Results | None, path: Path) -> str:
    if results is None or not results.rounds:
        return "no round was finished"
    return f"{len(results.rounds)} finished rounds are in {path}: --resume goes on from there"
