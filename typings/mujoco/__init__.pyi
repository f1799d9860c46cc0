# MuJoCo's compiled modules carry no types; every name in them is taken as Any.
from typing import Any

def __getattr__(name: str) -> Any: ...
