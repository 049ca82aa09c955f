"""One step of `fit`: losses and penalties, their gradients, clipping, and the optimizer's step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..module import Module, Parameter
from .means import Means
from .penalties import l1_penalty, l2_penalty

__all__ = ["Optimizer", "Step"]


class Optimizer(Protocol):
    """What `fit` needs of an optimizer."""

    def zero_grad(self) -> None: ...  # noqa: D102

    def step(self, closure: Callable[[], Any], /) -> Any: ...  # noqa: D102


class Step:
    """Takes steps of the optimizer, each with one batch or with several that count as one.

    The optimizer computes the loss as often as it likes. If the first time fails, nothing else has
    changed by then, and the buffers are put back.
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Any],
        optimizer: Optimizer,
        means: Means,
        *,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        self.model, self.loss, self.optimizer, self.means = model, loss, optimizer, means
        self.l1, self.l2, self.clip_norm, self.clip_value = l1, l2, clip_norm, clip_value
        self.begin()

    def begin(self) -> None:
        """Look which parameters are trained: a callback may have frozen some, or others."""
        self.params = _trained(self.model, self.optimizer)
        self._buffered = any(True for _ in self.model.buffers())

    def __call__(self, batches: Sequence[tuple[Any, Any]]) -> None:
        """Take a step."""
        before = _copies(self.model) if self._buffered else {}
        calls = 0

        def closure() -> Any:
            nonlocal calls
            calls += 1
            first = calls == 1  # before the optimizer has changed anything
            try:
                self.optimizer.zero_grad()
                total = self._backward(batches, measure=first)
                for name, p in self.params if first else ():
                    if p.grad is not None:
                        self.means.check(f"the gradient of {name}", p.grad, _FIND)
                self._clip()
            except BaseException:
                for name, buffer in self.model.named_buffers():
                    if name in before:
                        buffer.data[...] = before[name]
                raise
            return total

        try:
            self.optimizer.step(closure)
        except (TypeError, AttributeError) as error:
            if calls:
                raise
            raise TypeError(f"{_not_called(self.optimizer)}. It failed: {error}") from error
        if not calls:
            raise TypeError(_not_called(self.optimizer))

    def _backward(self, batches: Sequence[tuple[Any, Any]], measure: bool) -> Any:
        """The gradients of the mean loss over all samples, and of the penalties; that loss."""
        samples, total = sum(len(y) for _, y in batches) if len(batches) > 1 else 0, None
        for x, y in batches:
            output = self.model(x)
            cost = self.loss(output, y)
            if measure:
                self.means.add(cost, output, y)
            if samples:
                cost = cost * (len(y) / samples)
            if total is None:  # once a step, however many batches
                cost = self._with_penalties(cost)
            cost.backward()
            total = cost if total is None else total.detach() + cost.detach()
        return total

    def _with_penalties(self, cost: Any) -> Any:
        params = [p for _, p in self.params]
        if self.l1 and params:
            cost = cost + self.l1 * l1_penalty(params)
        if self.l2 and params:
            cost = cost + self.l2 * l2_penalty(params)
        return cost

    def _clip(self) -> None:
        if self.clip_value is None and self.clip_norm is None:
            return
        from optim.clip import clip_grad_norm_, clip_grad_value_  # as a user would, and only then

        params = [p for _, p in self.params]
        if self.clip_value is not None:
            clip_grad_value_(params, self.clip_value)
        if self.clip_norm is not None:
            clip_grad_norm_(params, self.clip_norm)


_FIND = "with autograd.detect_anomaly(): finds the op; often it is a root, norm or logarithm of 0"


def _trained(model: Module, optimizer: Any) -> list[tuple[str, Parameter]]:
    """The parameters that the optimizer changes, with their names; all if it does not tell."""
    groups = getattr(optimizer, "param_groups", [{"params": model.parameters()}])
    own = {id(p) for group in groups for p in group["params"]}
    return [(k, p) for k, p in model.named_parameters() if p.requires_grad and id(p) in own]


def _copies(model: Module) -> dict[str, Any]:
    return {name: buffer.data.copy() for name, buffer in model.named_buffers()}


def _not_called(optimizer: Any) -> str:
    return (
        f"fit: {type(optimizer).__name__}.step does not call the function that it gets, which "
        "computes the loss of the batch and the gradients. Derive it from optim.Optimizer and "
        "write update; or begin with def step(self, closure): loss = closure()"
    )
