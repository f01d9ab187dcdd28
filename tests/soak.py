"""`make soak` runs the same tests for longer: PSG_SOAK=1 in their environment."""

import os

WHOLE = os.environ.get("PSG_SOAK") == "1"


def soak(quick, whole):
    """How many rounds, or which cases: `quick` in `make check`, `whole` in `make soak`."""
    return whole if WHOLE else quick
