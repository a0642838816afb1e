"""The course's own answers to exercises of earlier chapters. `mine` takes from here what you have not written yet."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# part: linear_scores, of linear_scores in start (0.1 · Start here)
def linear_scores(x, W, b):
    """Return scores (N, D_out) for `x` (N, D_in), weights `W` (D_out, D_in), biases `b` (D_out,)."""
    return x @ W.T + b


# part: pick_one, of from_scores in start (0.2 · Kinds of problems)
def pick_one(scores):
    """Return the position of the largest of each row of `scores` (N, C), as integers of shape (N,)."""
    return scores.argmax(dim=1)


# part: stable_softmax, of stable_softmax in activations (1.2 · Softmax)
def stable_softmax(z):
    """Turn scores `(..., C)` into probabilities `(..., C)` that sum to 1 in the last dimension."""
    powers = torch.exp(z - z.amax(dim=-1, keepdim=True))
    return powers / powers.sum(dim=-1, keepdim=True)


# part: tanh_by_logistic, of mend_tanh in activations (1.3 · The activation family)
def tanh_by_logistic(z: Tensor) -> Tensor:
    """Return tanh(z), element by element; `z` has any shape."""
    return 2 * torch.sigmoid(2 * z) - 1


# part: leaky, of leaky in activations (1.3 · The activation family)
def leaky(z: Tensor, slope: float = 0.01) -> Tensor:
    """Return z where it is positive and slope * z elsewhere; `z` has any shape."""
    return torch.where(z > 0, z, slope * z)


# part: soft_hinge, of stable_softplus in activations (1.3 · The activation family)
def soft_hinge(z: Tensor) -> Tensor:
    """Return log(1 + exp(z)), element by element, without overflow; `z` has any shape."""
    return torch.relu(z) + torch.log1p(torch.exp(-z.abs()))


# part: d_tanh, of derivatives in activations (1.3 · The activation family)
def d_tanh(z: Tensor) -> Tensor:
    """Return the derivative of tanh at each element of `z`."""
    return 1 - torch.tanh(z) ** 2


# part: d_softplus, of derivatives in activations (1.3 · The activation family)
def d_softplus(z: Tensor) -> Tensor:
    """Return the derivative of log(1 + exp(z)) at each element of `z`."""
    return torch.sigmoid(z)


# part: linear_by_matmul, of linear_by_matmul in forward_pass (2.1 · Layers)
def linear_by_matmul(x, W, b):
    """Return the pre-activations `(..., D_out)` of the inputs `x`, shape `(..., D_in)`."""
    return x @ W.T + b


# part: count_parameters, of count_parameters in forward_pass (2.1 · Layers)
def count_parameters(sizes):
    """The number of weights and biases of the linear layers sizes[0] -> sizes[1] -> …"""
    return sum(sizes[k - 1] * sizes[k] + sizes[k] for k in range(1, len(sizes)))


# part: variance_of_z, of variance_of_z in forward_pass (2.2 · First weights)
def variance_of_z(d_in, var_w, mean_x, var_x):
    """The variance of a sum of `d_in` products of a weight, with mean 0, and an input."""
    return d_in * var_w * (var_x + mean_x**2)


# part: leaky_std, of leaky_std in forward_pass (2.2 · First weights)
def leaky_std(d_in, alpha):
    """The standard deviation of weights with which layer and leaky ReLU keep the mean square."""
    return math.sqrt(2 / ((1 + alpha**2) * d_in))


# part: read_answers, of read_answers in forward_pass (2.3 · Predictions)
def read_answers(z: Tensor, problem: str) -> Tensor:
    """Turn the scores `z` (N, D_out) of a last linear layer into predictions for `problem`."""
    if problem == "regression":
        return z.squeeze(1)
    if problem == "multi-class":
        return z.argmax(dim=-1)
    labels = (torch.sigmoid(z) >= 0.5).long()
    return labels.squeeze(1) if problem == "binary" else labels


# part: accuracy_of, of accuracy_of in forward_pass (2.4 · Inside the network)
def accuracy_of(z: Tensor, y: Tensor) -> Tensor:
    answer = (torch.sigmoid(z.squeeze(1)) >= 0.5).float()
    return (answer == y).float().mean()


# part: entropy_rows, of entropy_rows in loss (3.1 · Information)
def entropy_rows(p):
    """The entropy in nats of the distributions `p` (..., C), as a tensor (...)."""
    return torch.special.entr(p).sum(dim=-1)


# part: epoch_loss, of epoch_loss in loss (3.2 · Cross-entropy)
def epoch_loss(batches):
    total, count = 0.0, 0
    for z, y in batches:
        total = total + F.cross_entropy(z, y, reduction="sum")
        count = count + len(y)
    return total / count


# part: ce_from_scores, of ce_from_scores in loss (3.2 · Cross-entropy)
def ce_from_scores(z, y):
    """The mean cross-entropy of scores `z` (N, C) for the class indices `y` (N,)."""
    z = z - z.amax(dim=1, keepdim=True)  # (N, C)
    log_sum = z.exp().sum(dim=1).log()  # (N,)
    return (log_sum - z[torch.arange(len(y)), y]).mean()


# part: bce_from_scores, of bce_from_scores in loss (3.2 · Cross-entropy)
def bce_from_scores(z, y, pos_weight):
    """The mean binary cross-entropy of scores `z` for targets `y` of the same shape."""
    positive = pos_weight * y * F.logsigmoid(z)
    negative = (1 - y) * F.logsigmoid(-z)
    return -(positive + negative).mean()


# part: huber_mean, of huber_mean in loss (3.3 · Regression losses)
def huber_mean(prediction, target, delta):
    """The Huber loss, averaged over all elements; shape ()."""
    size = (prediction - target).abs()
    return torch.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)).mean()


# part: focal, of focal in loss (3.6 · Sequences and choosing)
def focal(scores, target, gamma):
    """The mean focal loss of `scores` (N, C) with class indices `target` (N,)."""
    log_p = torch.log_softmax(scores, dim=1).gather(1, target[:, None]).squeeze(1)  # (N,)
    return -((1 - log_p.exp()) ** gamma * log_p).mean()


# part: numerical_gradient, of numerical_gradient in backprop (4.1 · Derivatives)
def numerical_gradient(f, x, h):
    """The central difference of `f` with respect to each entry of `x`, same shape as `x`."""
    slopes = []
    for direction in torch.eye(x.numel(), dtype=x.dtype):  # 1 at one place, 0 elsewhere
        step = h * direction.reshape(x.shape)
        slopes.append((f(x + step) - f(x - step)) / (2 * h))
    return torch.stack(slopes).reshape(x.shape)


# part: gradient_error, of gradient_error in backprop (4.1 · Derivatives)
def gradient_error(f, x, claimed):
    x, h = x.double(), 1e-5
    measured = torch.zeros_like(x)
    for i in range(len(x)):
        up, down = x.clone(), x.clone()
        up[i] += h
        down[i] -= h
        measured[i] = (f(up) - f(down)) / (2 * h)
    return (claimed - measured).abs().max() / measured.abs().max()


# part: cooled_slope, of cooled_slope in backprop (4.2 · The chain rule on a graph)
def cooled_slope(z, y, temperature):
    """The gradient for `z` (N, C) of the mean cross-entropy of `z / temperature` and `y`."""
    p = torch.softmax(z / temperature, dim=-1)
    p[torch.arange(len(y)), y] -= 1  # the softmax made a new tensor: z stays as it is
    return p / (temperature * len(z))


# part: softmax_jacobian, of softmax_jacobian in backprop (4.2 · The chain rule on a graph)
def softmax_jacobian(z):
    """The table of `∂p_j/∂z_k`, row j, column k; z has shape (C,), the result (C, C)."""
    p = torch.softmax(z, dim=-1)
    return torch.diag(p) - p[:, None] * p[None, :]


# part: Num, of operators in backprop (4.3 · An autograd engine)
class Node:
    """A number with the nodes it was made from, and its slope for each of them."""

    def __init__(self, data, parents=(), slopes=(), name=""):
        self.data = float(data)
        self.parents = tuple(parents)  # nodes
        self.slopes = tuple(slopes)  # numbers, one for each parent: d self / d parent
        self.grad = 0.0  # will be d output / d self
        self.name = name  # for pictures only


class Num(Node):
    """A node that joins in formulas with + - *; plain numbers may be on either side."""

    def __add__(self, other):  # self + other
        other = other if isinstance(other, Num) else Num(other)
        return Num(self.data + other.data, (self, other), (1.0, 1.0))

    def __radd__(self, other):  # other + self, where other is a plain number
        return Num(other) + self

    def __mul__(self, other):  # self * other
        other = other if isinstance(other, Num) else Num(other)
        return Num(self.data * other.data, (self, other), (other.data, self.data))

    def __rmul__(self, other):  # other * self, where other is a plain number
        return Num(other) * self

    def __neg__(self):  # -self
        return self * -1.0

    def __sub__(self, other):  # self - other
        return self + -(other if isinstance(other, Num) else Num(other))

    def __rsub__(self, other):  # other - self, where other is a plain number
        return Num(other) - self


# part: send_back, of send_back in backprop (4.3 · An autograd engine)
def send_back(order):
    """Add d order[-1] / d node to `node.grad`, for every node in `order`."""
    flow = dict.fromkeys(order, 0.0)
    flow[order[-1]] = 1.0
    for node in reversed(order):
        node.grad += flow[node]
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            flow[parent] += slope * flow[node]


# part: sort_nodes, of sort_nodes in backprop (4.3 · An autograd engine)
def sort_nodes(root):
    """Return the list of all nodes that `root` was made from, parents first, `root` last."""
    order, visited = [], set()

    def visit(node):
        if node not in visited:
            visited.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    return order


# part: linear_backward, of linear_backward in backprop (4.5 · Through layers)
def linear_backward(dZ, x, W):
    """Return `(dX, dW, db)` of the layer z = x Wᵀ + b for the upstream gradient `dZ` (N, D_out)."""
    return dZ @ W, dZ.T @ x, dZ.sum(dim=0)


# part: softmax_backward, of softmax_backward in backprop (4.5 · Through layers)
def softmax_backward(dP, p):
    """The gradient (N, C) with respect to z, where `p` = softmax(z) and `dP` is upstream."""
    return p * (dP - (dP * p).sum(dim=-1, keepdim=True))


# part: clip_by_norm, of clip_by_norm in backprop (4.6 · Gradients in PyTorch)
def clip_by_norm(grads, max_norm):
    """Scale all of `grads` by one factor, so that their common norm is at most `max_norm`."""
    norm = torch.stack([grad.square().sum() for grad in grads]).sum().sqrt()
    factor = max_norm / norm if norm > max_norm else 1.0
    return [grad * factor for grad in grads]


# part: descend, of descend in sgd (5.1 · Gradient descent)
def descend(loss_at, start, rate, steps):
    """Return the path of gradient descent, of shape (steps + 1, *start.shape)."""
    path = [start]
    for _ in range(steps):
        w = path[-1].detach().requires_grad_()
        [gradient] = torch.autograd.grad(loss_at(w), w)
        path.append((w - rate * gradient).detach())
    return torch.stack([place.detach() for place in path])


# part: minibatch_sgd, of minibatch_sgd in sgd (5.2 · Batches)
def minibatch_sgd(W, b, x, y, orders, rate, batch_size):
    """Return `(W, b)` after one step of SGD for each batch of each epoch."""
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    for order in orders:
        for rows in order.split(batch_size):
            loss = F.mse_loss(F.linear(x[rows], W, b), y[rows])
            grad_W, grad_b = torch.autograd.grad(loss, (W, b))
            with torch.no_grad():
                W -= rate * grad_W
                b -= rate * grad_b
    return W.detach(), b.detach()


# part: momentum_step, of momentum_step in sgd (5.3 · Momentum)
def momentum_step(w, v, grad, lr, mu):
    """Return the new parameters and the new velocity, as a tuple `(w, v)`."""
    v = mu * v + grad
    return w - lr * v, v


# part: nesterov_step, of nesterov_step in sgd (5.3 · Momentum)
def nesterov_step(w, v, grad, lr, mu):
    """Return the new parameters and the new velocity, as a tuple `(w, v)`."""
    v = mu * v + grad
    return w - lr * (grad + mu * v), v


# part: rmsprop_step, of rmsprop in sgd (5.5 · Adaptive rates)
def rmsprop_step(w, grad, v, lr, alpha, eps):
    """Return `(w, v)` after one step of RMSprop; all tensors have the same shape."""
    v = alpha * v + (1 - alpha) * grad**2
    return w - lr * grad / (v.sqrt() + eps), v


# part: adam_step, of adam in sgd (5.5 · Adaptive rates)
def adam_step(w, grad, m, v, t, lr, betas, eps):
    """Return `(w, m, v)` after step `t` of Adam (1, 2, …); all tensors have the same shape."""
    beta1, beta2 = betas
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return w - lr * m_hat / (v_hat.sqrt() + eps), m, v


# part: adamw_step, of mend_adamw in sgd (5.5 · Adaptive rates)
def adam_move(
    grad: Tensor, m: Tensor, v: Tensor, t: int, lr: float, betas: tuple[float, float], eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """What Adam adds to the weights at step `t` (1, 2, …), and its two averages after it."""
    weight = torch.zeros_like(grad).requires_grad_()
    weight.grad = grad.clone()
    optimizer = torch.optim.Adam([weight], lr=lr, betas=betas, eps=eps)
    averages = {"exp_avg": m.clone(), "exp_avg_sq": v.clone()}
    optimizer.state[weight] = {"step": torch.tensor(t - 1.0), **averages}
    optimizer.step()
    state = optimizer.state[weight]
    return weight.detach(), state["exp_avg"], state["exp_avg_sq"]


def adamw_step(w, grad, m, v, t, lr, betas, eps, decay):
    move, m, v = adam_move(grad, m, v, t, lr, betas, eps)
    return (1 - lr * decay) * w + move, m, v


# part: rate_at, of warmup_cosine in sgd (5.6 · Schedules)
def rate_at(step, total, warmup, peak, low):
    """The learning rate at `step`: a linear warm-up to `peak`, then half a cosine down to `low`."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / (total - warmup)
    return low + (peak - low) * 0.5 * (1 + math.cos(math.pi * progress))


# part: split_rows, of split_rows in sgd (5.7 · Training a classifier)
def split_rows(n, n_val, n_test, seed):
    """Return the row numbers of training, validation and test: a random split of 0 to n - 1."""
    mixed = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    n_train = n - n_val - n_test
    return mixed[:n_train], mixed[n_train : n_train + n_val], mixed[n_train + n_val :]


# part: stop_early, of stop_early in sgd (5.8 · Measuring and stopping)
def stop_early(losses, patience):
    """Return (best, last): the epoch with the weights to keep, and the last one of training."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best == patience:
            return best, epoch
    return best, len(losses) - 1


# part: confusion, of confusion in sgd (5.8 · Measuring and stopping)
def confusion(y, y_hat, C):
    """Return (counts, recall, precision): shapes (C, C), (C,), (C,)."""
    counts = torch.bincount(C * y + y_hat, minlength=C * C).reshape(C, C)
    hits = counts.diagonal()
    return counts, hits / counts.sum(dim=1).clamp(min=1), hits / counts.sum(dim=0).clamp(min=1)
