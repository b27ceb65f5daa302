"""How the process of a run says by its exit code what came of it."""

DONE, FAILED, STOPPED, NO_ROOM = 0, 2, 3, 4
