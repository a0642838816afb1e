"""Optimizers in plain code: each takes a weight, its gradient and a dict that it keeps its state in, and returns the next weight."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

State = dict[str, Any]
"""What an optimizer remembers from step to step; empty before the first."""


def gradient_descent(w: Tensor, g: Tensor, state: State, lr: float) -> Tensor:
    return w - lr * g


def momentum(w: Tensor, g: Tensor, state: State, lr: float, mu: float = 0.9) -> Tensor:
    v = state["v"] = mu * state.get("v", 0) + g
    return w - lr * v


def nesterov(w: Tensor, g: Tensor, state: State, lr: float, mu: float = 0.9) -> Tensor:
    v = state["v"] = mu * state.get("v", 0) + g
    return w - lr * (g + mu * v)


def adagrad(w: Tensor, g: Tensor, state: State, lr: float = 0.01, eps: float = 1e-10) -> Tensor:
    s = state["s"] = state.get("s", 0) + g**2
    return w - lr * g / (s.sqrt() + eps)


def adadelta(w: Tensor, g: Tensor, state: State, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6) -> Tensor:
    s = state["s"] = rho * state.get("s", 0) + (1 - rho) * g**2
    d = state.get("d", torch.zeros_like(w))
    step = (d + eps).sqrt() / (s + eps).sqrt() * g
    state["d"] = rho * d + (1 - rho) * step**2
    return w - lr * step


def rmsprop(w: Tensor, g: Tensor, state: State, lr: float = 0.01, alpha: float = 0.99, eps: float = 1e-8) -> Tensor:
    s = state["s"] = alpha * state.get("s", 0) + (1 - alpha) * g**2
    return w - lr * g / (s.sqrt() + eps)


def adam(
    w: Tensor, g: Tensor, state: State, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
) -> Tensor:
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m, v = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - lr * m / (v.sqrt() + eps)


def adamw(w: Tensor, g: Tensor, state: State, lr: float = 0.001, decay: float = 0.01, **more: float) -> Tensor:
    return adam(w * (1 - lr * decay), g, state, lr, **more)


def adamax(
    w: Tensor, g: Tensor, state: State, lr: float = 0.002, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
) -> Tensor:
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    u = state["u"] = torch.maximum(beta2 * state.get("u", torch.zeros_like(w)), g.abs() + eps)
    return w - lr / (1 - beta1**t) * m / u


def nadam(
    w: Tensor, g: Tensor, state: State, lr: float = 0.002, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
) -> Tensor:
    t = state["t"] = state.get("t", 0) + 1
    now, following = (beta1 * (1 - 0.5 * 0.96 ** (0.004 * step)) for step in (t, t + 1))
    product = state["product"] = state.get("product", 1) * now
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    ahead = following * m / (1 - product * following) + (1 - now) * g / (1 - product)
    return w - lr * ahead / ((v / (1 - beta2**t)).sqrt() + eps)


def rprop(w: Tensor, g: Tensor, state: State, lr: float = 0.01) -> Tensor:
    agree = torch.sign(g * state.get("g", torch.zeros_like(w)))
    factor = torch.where(agree > 0, 1.2, torch.where(agree < 0, 0.5, 1.0))
    size = state["size"] = (state.get("size", torch.full_like(w, lr)) * factor).clamp(1e-6, 50)
    g = state["g"] = torch.where(agree < 0, 0.0, g)  # after a change of sign, wait for one step
    return w - torch.sign(g) * size


def asgd(
    w: Tensor, g: Tensor, state: State, lr: float = 0.01, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6
) -> Tensor:
    t = state["t"] = state.get("t", 0) + 1
    eta = lr / (1 + lambd * lr * (t - 1)) ** alpha
    w = w * (1 - lambd * eta) - eta * g
    average = state.get("average", torch.zeros_like(w))
    state["average"] = average + (w - average) / max(1, t - 1 - t0)
    return w


def sparse_adam(
    w: Tensor, g: Tensor, state: State, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
) -> Tensor:
    t = state["t"] = state.get("t", 0) + 1
    m, v = state.get("m", torch.zeros_like(w)), state.get("v", torch.zeros_like(w))
    here = g != 0  # nothing else is touched: neither the weight nor its averages
    m = state["m"] = torch.where(here, beta1 * m + (1 - beta1) * g, m)
    v = state["v"] = torch.where(here, beta2 * v + (1 - beta2) * g**2, v)
    lr = lr * math.sqrt(1 - beta2**t) / (1 - beta1**t)
    return torch.where(here, w - lr * m / (v.sqrt() + eps), w)


def lbfgs(w: Tensor, g: Tensor, state: State, lr: float = 1.0, history: int = 100) -> Tensor:
    pairs = state.setdefault("pairs", [])  # (change of w, change of g), the newest last
    if "g" in state and (y := g - state["g"]).dot(state["s"]) > 1e-10:
        state["pairs"] = pairs = [*pairs, (state["s"], y)][-history:]
    d, used = -g, []
    for s, y in reversed(pairs):
        used.append(s.dot(d) / y.dot(s))
        d = d - used[-1] * y
    if pairs:
        s, y = pairs[-1]
        d = d * y.dot(s) / y.dot(y)
    for (s, y), a in zip(pairs, reversed(used), strict=True):
        d = d + (a - y.dot(d) / y.dot(s)) * s
    step = lr * d if "g" in state else min(1.0, 1 / float(g.abs().sum())) * lr * d
    state.update(g=g, s=step)
    return w + step


def muon(w: Tensor, g: Tensor, state: State, lr: float = 0.02, mu: float = 0.95, decay: float = 0.1) -> Tensor:
    m = state["m"] = mu * state.get("m", 0) + (1 - mu) * g
    x = mu * m + (1 - mu) * g
    tall = w.shape[0] > w.shape[1]
    x = (x.T if tall else x) / x.norm().clamp(min=1e-7)
    for _ in range(5):  # brings all singular values near 1
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    x = x.T if tall else x
    return w * (1 - lr * decay) - lr * math.sqrt(max(1, w.shape[0] / w.shape[1])) * x
