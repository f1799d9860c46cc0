"""Read a pickle by walking its opcodes, with no unpickler and no code from the file.

Only the opcodes that plain values and NumPy arrays need are known. What keeps a hostile file small:

- Each length is compared with the bytes left before anything is taken; texts together are bounded,
  and the bytes of arrays are passed over.
- The memo is a dict, so a large index costs nothing.
- The number of opcodes is bounded, and arrays together take no more bytes than the file has.
- A dict, list or tuple cannot be fetched from the memo, so what is built is a tree: it has no
  cycles, and no list of lists of one list that grows when it is walked.
- Keys are str, so nothing deep is ever hashed.
"""

from __future__ import annotations

import pickle as op
from collections.abc import Callable
from io import BufferedReader
from typing import Any

from genesis_state.checkpoint.content import MAX_ARRAYS, MAX_INT_BYTES, MAX_VALUES
from genesis_state.checkpoint.pickle_arrays import ArrayBuilder, EmptyArray
from genesis_state.checkpoint.pickle_bytes import PickleBytes

# NumPy spends up to 40 opcodes on an array with its name, the pickler up to 4 on a plain value.
MAX_OPCODES = 40 * MAX_ARRAYS + 4 * MAX_VALUES


class PickleReader:
    """Reads one pickle.

    Args:
        stream: The file, at its beginning.
        size: Its bytes.

    Attributes:
        bytes: Gives the bytes.
        arrays: Notes the arrays.
    """

    def __init__(self, stream: BufferedReader, size: int) -> None:
        self.bytes = PickleBytes(stream, size)
        self.arrays = ArrayBuilder(limit=size)
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def read(self) -> Any:
        """What the pickle says: an ArrayInfo for each array, every other value plain.

        Raises:
            ValueError: The file asks for more than that.
            IndexError: An opcode finds too little on the stack.
            TypeError: An opcode finds something else there than it needs.
        """
        for _ in range(MAX_OPCODES):
            code = self.bytes.take(1)
            if code == op.STOP:
                return self._result()
            handler = _HANDLERS.get(code)
            if handler is None:
                raise ValueError(f"opcode {code!r} is none that arrays and plain values need.")
            handler(self)
        raise ValueError(f"more than {MAX_OPCODES} opcodes; no checkpoint needs so many.")

    def _result(self) -> Any:
        if self.bytes.left:
            raise ValueError("bytes follow the end of the pickle.")
        if self._outer or len(self._stack) != 1:
            raise ValueError("the pickle ends in the middle.")
        result = self._stack[0]
        arrays = result.get("arrays") if isinstance(result, dict) else None
        if isinstance(arrays, dict):
            for name, value in arrays.items():
                if isinstance(value, EmptyArray):
                    arrays[name] = value.array
        return result

    # The stack and the memo

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        return self._stack.pop()

    def items(self) -> list[Any]:
        """What was pushed since the last MARK."""
        items, self._stack = self._stack, self._outer.pop()
        return items

    def mark(self) -> None:
        self._outer.append(self._stack)
        self._stack = []

    def memoize(self) -> None:
        self.put(len(self._memo))

    def put(self, index: int) -> None:
        self._memo[index] = self._stack[-1]

    def get(self, index: int) -> None:
        if index not in self._memo:
            raise ValueError(f"memo entry {index} does not exist.")
        value = self._memo[index]
        if isinstance(value, (dict, list)) or (isinstance(value, tuple) and value):
            raise ValueError("a dict, list or tuple stands in two places.")
        self.push(value)

    # Containers

    def group(self, count: int) -> None:
        if len(self._stack) < count:
            raise IndexError
        self._stack[-count:] = [tuple(self._stack[-count:])]

    def extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise TypeError
        target.extend(items)

    def update(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise TypeError
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is not str:
                raise ValueError(f"a key is a {type(key).__name__}, needs a str.")
            if key in target:
                raise ValueError(f"key {key[:80]!r} stands there twice.")
            target[key] = value

    def pop_item(self) -> None:
        value, key = self.pop(), self.pop()
        self.update([key, value])

    # Arrays

    def line_global(self) -> None:
        self.push(self.arrays.named(self.bytes.line(), self.bytes.line()))

    def stack_global(self) -> None:
        name, module = self.pop(), self.pop()
        self.push(self.arrays.named(module, name))

    def reduce(self) -> None:
        arguments, builder = self.pop(), self.pop()
        self.push(self.arrays.call(builder, arguments))

    def build(self) -> None:
        state = self.pop()
        self.arrays.fill(self._stack[-1], state)


def _protocol(reader: PickleReader) -> None:
    protocol = reader.bytes.number("<B")
    if not 2 <= protocol <= 5:
        raise ValueError(f"pickle protocol {protocol}, needs 2 to 5.")


def _frame(reader: PickleReader) -> None:
    """A frame only groups opcodes; its size has to be possible."""
    reader.bytes.need(reader.bytes.number("<Q"))


def _integer(reader: PickleReader) -> None:
    count = reader.bytes.number("<B")
    if count > MAX_INT_BYTES:
        raise ValueError(f"an integer of {count} bytes.")
    reader.push(int.from_bytes(reader.bytes.take(count), "little", signed=True))


def _text(layout: str) -> Callable[[PickleReader], None]:
    return lambda reader: reader.push(reader.bytes.text(reader.bytes.number(layout)))


def _buffer(layout: str) -> Callable[[PickleReader], None]:
    return lambda reader: reader.push(reader.bytes.span(reader.bytes.number(layout)))


def _constant(value: Any) -> Callable[[PickleReader], None]:
    return lambda reader: reader.push(value)


def _value(layout: str) -> Callable[[PickleReader], None]:
    return lambda reader: reader.push(reader.bytes.number(layout))


_HANDLERS: dict[bytes, Callable[[PickleReader], None]] = {
    op.PROTO: _protocol,
    op.FRAME: _frame,
    op.MARK: PickleReader.mark,
    op.NONE: _constant(None),
    op.NEWTRUE: _constant(True),
    op.NEWFALSE: _constant(False),
    op.BININT: _value("<i"),
    op.BININT1: _value("<B"),
    op.BININT2: _value("<H"),
    op.LONG1: _integer,
    op.BINFLOAT: _value(">d"),
    op.SHORT_BINUNICODE: _text("<B"),
    op.BINUNICODE: _text("<I"),
    op.BINUNICODE8: _text("<Q"),
    op.SHORT_BINBYTES: _buffer("<B"),
    op.BINBYTES: _buffer("<I"),
    op.BINBYTES8: _buffer("<Q"),
    op.BYTEARRAY8: _buffer("<Q"),
    op.EMPTY_TUPLE: _constant(()),
    op.EMPTY_LIST: lambda reader: reader.push([]),
    op.EMPTY_DICT: lambda reader: reader.push({}),
    op.TUPLE: lambda reader: reader.push(tuple(reader.items())),
    op.TUPLE1: lambda reader: reader.group(1),
    op.TUPLE2: lambda reader: reader.group(2),
    op.TUPLE3: lambda reader: reader.group(3),
    op.APPEND: lambda reader: reader.extend([reader.pop()]),
    op.APPENDS: lambda reader: reader.extend(reader.items()),
    op.SETITEM: PickleReader.pop_item,
    op.SETITEMS: lambda reader: reader.update(reader.items()),
    op.MEMOIZE: PickleReader.memoize,
    op.BINPUT: lambda reader: reader.put(reader.bytes.number("<B")),
    op.LONG_BINPUT: lambda reader: reader.put(reader.bytes.number("<I")),
    op.BINGET: lambda reader: reader.get(reader.bytes.number("<B")),
    op.LONG_BINGET: lambda reader: reader.get(reader.bytes.number("<I")),
    op.GLOBAL: PickleReader.line_global,
    op.STACK_GLOBAL: PickleReader.stack_global,
    op.REDUCE: PickleReader.reduce,
    op.BUILD: PickleReader.build,
}
