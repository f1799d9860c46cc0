"""What a notebook shows of a history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genesis_state.notebook import note, page, pairs, strip
from genesis_state.text import count, size

if TYPE_CHECKING:
    from genesis_state.recording.history import History


def history_page(history: History) -> str:
    """The steps that are kept, where their keyframes are, and where the scene stands."""
    timeline = history.timeline
    times = history.times
    span = max(1, timeline.last - timeline.first)

    def along(moments: list[int]) -> list[float]:
        return [(moment - timeline.first) / span for moment in moments if moment >= timeline.first]

    keyframes = [keyframe.moment for keyframe in timeline.keyframes]
    drawn = strip(
        [
            (along(keyframes), "keyframes"),
            (along(list(timeline.commands)), "commands"),
            (along([history.now]), "now"),
        ]
    )
    facts = {
        "steps": f"t = {times[0]} … {times[-1]}",
        "memory": f"{size(history.nbytes)} of {size(history.memory)}",
        "keyframes": f"{len(keyframes):,}, every {history.every} steps and where something was set",
        "commands": f"kept for {count(len(timeline.commands), 'step')}",
        "": drawn,
    }
    scene = history._scene()
    if scene is None or scene.closed or not scene._runtime.alive:
        now = note("its scene is gone: its states cannot be computed any more")
    else:
        at = times[history.now - timeline.first]
        doing = "recording" if history.recording else "stopped"
        now = note(f"{doing}; the scene stands at t = {at}. scene.seek(t) goes to any of these.")
    return page("History", pairs(facts.items()), now, aside=count(len(history), "state"))
