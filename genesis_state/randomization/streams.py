"""Named streams of random numbers, so that what one part draws never shifts what another does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import torch


class RandomStreams:
    """One torch.Generator for each name, made from the seed and the name alone.

    The order in which streams are first asked for changes nothing, and neither the global
    generators of torch, NumPy and Python nor the seeds of others are touched.
    """

    def __init__(self, seed: int, device: torch.device | str = "cpu") -> None:
        """Makes no stream yet; each comes when it is first asked for.

        Args:
            seed: Any int.
            device: Where the streams draw.
        """
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise TypeError(f"seed: got a {type(seed).__name__}, needs an int; use int(seed).")
        self.seed = seed
        self.device = torch.device(device)
        self._generators: dict[str, torch.Generator] = {}

    def __getitem__(self, name: str) -> torch.Generator:
        """The stream of this name: the same object every time."""
        if not isinstance(name, str):
            raise TypeError(
                f"stream name: got a {type(name).__name__}, needs a string; use str(name)."
            )
        if name not in self._generators:
            self._generators[name] = self._fresh(name)
        return self._generators[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The streams that have been asked for, sorted."""
        return tuple(sorted(self._generators))

    def state_dict(self) -> dict[str, Any]:
        """Seed, kind of device, and each stream's state as a uint8 tensor on the CPU."""
        states = {name: self._generators[name].get_state().clone() for name in self.names}
        return {"version": 1, "seed": self.seed, "device": self.device.type, "states": states}

    def check_state_dict(self, state: Mapping[str, Any]) -> None:
        """Changes nothing; raises what `load_state_dict` would."""
        self._checked(state)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Puts every stream where it was; checked as a whole before anything changes.

        The seed is taken over too. A stream that is known here but was not in the saved run goes
        back to its beginning, as the saved run would have met it there. Generators that others
        hold stay the same objects.

        Raises:
            TypeError, ValueError: The state is none of these streams.
        """
        seed, states = self._checked(state)
        self.seed = seed
        for name in {*self._generators, *states}:
            if name not in states:
                self[name].set_state(self._fresh(name).get_state())
            else:
                self[name].set_state(states[name])

    def _fresh(self, name: str) -> torch.Generator:
        digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        generator = torch.Generator(device=self.device)
        # The CPU's generator looks at the lower 32 bits only, CUDA's at all; 63 fit everywhere.
        return generator.manual_seed(int.from_bytes(digest[:8], "little") >> 1)

    def _checked(self, state: Mapping[str, Any]) -> tuple[int, dict[str, torch.Tensor]]:
        wanted = {"version", "seed", "device", "states"}
        if not isinstance(state, Mapping) or set(state) != wanted:
            raise ValueError(
                f"random streams: the state needs the keys {', '.join(sorted(wanted))}; "
                "pass what RandomStreams.state_dict returned."
            )
        if state["version"] != 1:
            raise ValueError(
                f"random streams: the state has version {state['version']!r}, this code reads 1; "
                "load it with the version that wrote it."
            )
        seed = state["seed"]
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise TypeError(
                f"random streams: the saved seed is a {type(seed).__name__}, needs an int; "
                "pass what RandomStreams.state_dict returned."
            )
        if state["device"] != self.device.type:
            raise ValueError(
                f"random streams: saved on {state['device']}, these are on {self.device.type}, "
                "whose numbers are others; resume there, or leave the streams out of the load."
            )
        if not isinstance(state["states"], Mapping):
            raise TypeError(
                "random streams: states is no mapping; pass what RandomStreams.state_dict returned."
            )
        return seed, {name: self._checked_one(name, one) for name, one in state["states"].items()}

    def _checked_one(self, name: Any, one: Any) -> torch.Tensor:
        trial = torch.Generator(device=self.device)
        size = trial.get_state().numel()
        fits = isinstance(one, torch.Tensor) and one.dtype == torch.uint8 and one.shape == (size,)
        if not isinstance(name, str) or not fits:
            raise ValueError(
                f"random streams: the state of {name!r} needs {size} bytes as a uint8 tensor; "
                "it was saved by another version of torch, or is damaged."
            )
        # A plain clone on the CPU: map_location may have moved it where no generator takes it.
        one = one.detach().cpu().clone()
        try:
            trial.set_state(one)
        except RuntimeError as error:
            raise ValueError(
                f"random streams: torch refuses the state of {name!r} ({error}); "
                "load an undamaged file."
            ) from error
        return one
