"""`python -m genesis_state` is the command line `genesis-state`."""

from genesis_state.cli import main

main()
