"""Callbacks of scikit-learn's, told of each training, and of each epoch and its losses."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sklearn.callback import CallbackContext, CallbackSupportMixin

from spectralnet.progress import BeginEpoch, EndEpoch, Watch, watched


@contextmanager
def fit_task(estimator: CallbackSupportMixin, name: str, X: Any, y: Any) -> Iterator[None]:
    """Tell an estimator's callbacks that a fit begins, of its trainings, and that it ended well.

    The task `name` has a subtask for each net that is trained, called as its progress bar, and
    that one for each epoch, at whose end the row of history is the `metadata`. A callback that
    returns True there ends the training, as early stopping does. Callbacks see the estimator as it
    was before.
    """
    context = estimator._init_callback_context(name, max_subtasks=None)
    context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    with watched(_watch(estimator, context)):
        yield
    context.call_on_fit_task_end(estimator=estimator, X=X, y=y, reconstruction_attributes={})


def _watch(estimator: CallbackSupportMixin, context: CallbackContext) -> Watch:
    @contextmanager
    def watch(name: str, epochs: int) -> Iterator[BeginEpoch]:
        training = context.subcontext(name, max_subtasks=epochs)
        training.call_on_fit_task_begin(estimator=estimator)

        def begin_epoch() -> EndEpoch:
            epoch = training.subcontext("epoch").call_on_fit_task_begin(estimator=estimator)

            def end_epoch(row: Mapping[str, float]) -> bool:
                return epoch.call_on_fit_task_end(estimator=estimator, metadata=dict(row))

            return end_epoch

        yield begin_epoch
        training.call_on_fit_task_end(estimator=estimator)

    return watch
