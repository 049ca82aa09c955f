"""What can be trained from the command line: a file for each kind of data, with its `TASKS`.

A task is an object of a class derived from `base.Task`: it gives data, a model and a loss, and says
what to measure and to draw.
"""

from __future__ import annotations

from . import addition, autoencoder, digits, names, points, text, vae
from .base import Task

__all__ = ["TASKS"]

#: All tasks by their names.
TASKS: dict[str, Task] = {
    task.name: task
    for file in (points, digits, autoencoder, vae, names, addition, text)
    for task in file.TASKS
}
