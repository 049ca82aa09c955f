"""Learning rates that change while the optimizer works."""

from .schedules import *  # noqa: F403
from .schedules import __all__ as __all__
