"""A bank of states: rows that are kept, drawn by weight and put back into environments."""

from genesis_state.bank.entries import Entries, Entry
from genesis_state.bank.state_bank import StateBank

__all__ = ["Entries", "Entry", "StateBank"]
