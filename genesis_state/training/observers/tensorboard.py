"""Event files for TensorBoard that agree with the checkpoints beside them."""

from __future__ import annotations

import logging
import os
import socket
import time
from pathlib import Path
from typing import Any

from tensorboardX.proto import event_pb2
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary import scalar

from genesis_state.training.observers.observer import Observer
from genesis_state.training.run_directory import event_files

# Made by protobuf when it is loaded, so that no type checker knows of it.
_Event: Any = getattr(event_pb2, "Event")  # noqa: B009
_log = logging.getLogger("genesis_state.training")


class TensorBoard(Observer):
    """Writes all scalars into `summaries/`.

    Each checkpoint keeps how long the event files were. A run that goes on from it cuts them there,
    so that what a killed process logged past its last save does not stand twice. Scalars are on the
    disk when a checkpoint is; between saves they are at most `flush_seconds` old.

    Args:
        flush_seconds: After how long scalars are written out [s].
    """

    def __init__(self, flush_seconds: float = 10.0) -> None:
        self._flush_seconds = flush_seconds
        self._flushed = 0.0
        self._file: _EventFile | None = None
        self._folder = Path()

    def after_init(self, algo: Any) -> None:
        self._folder = Path(algo.summaries_dir)
        self._file = _EventFile(self._folder)
        self._flushed = time.monotonic()
        algo.writer.add_sink(self._file.write)

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        if self._file is not None and time.monotonic() - self._flushed > self._flush_seconds:
            self._file.flush()
            self._flushed = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        if self._file is not None:
            self._file.flush()
        return {"sizes": {path.name: path.stat().st_size for path in event_files(self._folder)}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        sizes: dict[str, int] = state["sizes"]
        own = None if self._file is None else self._file.path
        older = [path for path in event_files(self._folder) if path != own]
        if not any(path.name in sizes for path in older):
            return  # the checkpoint is that of another run
        for path in older:
            size = sizes.get(path.name)
            if size is None:
                path.unlink()
            elif path.stat().st_size > size:
                os.truncate(path, size)
            elif path.stat().st_size < size:
                _log.warning(f"{path}: is shorter than when it was saved; some scalars are lost.")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class _EventFile:
    """An event file without a thread: what was flushed is in the file, in the order of calls."""

    def __init__(self, folder: Path) -> None:
        # The number keeps two runs of one second apart: their file would be one otherwise.
        stem = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}"
        number = len(list(event_files(folder)))
        while (folder / f"{stem}.{number:04d}").exists():
            number += 1
        self.path = folder / f"{stem}.{number:04d}"
        self._records = RecordWriter(str(self.path))
        self._closed = False
        self._put(_Event(wall_time=time.time(), file_version="brain.Event:2"))
        self.flush()

    def write(self, tag: str, value: float, step: int) -> None:
        self._put(_Event(wall_time=time.time(), step=step, summary=scalar(tag, value)))

    def flush(self) -> None:
        if not self._closed:
            self._records.flush()

    def close(self) -> None:
        self.flush()
        if not self._closed:
            self._records.close()
        self._closed = True

    def _put(self, event: Any) -> None:
        self._records.write(event.SerializeToString())
