"""The look of the course's figures, and the drawings that are too long for a notebook's cell.

Each module holds the drawings of one topic. The `draw_` functions take tensors that the notebook computed and draw on the
axes that they are given; the `show_` functions make a whole figure of a few numbers, for `move`. A notebook says
`from autograder import figures`.
"""

from autograder.course.figures.activations import draw_activation, draw_boundary, draw_histogram, draw_sheet, draw_walk
from autograder.course.figures.backward import show_backward_steps, show_step_size
from autograder.course.figures.bowls import show_batch_noise, show_bowl
from autograder.course.figures.descent import draw_descent, draw_descents, draw_race, draw_rates, draw_trajectory
from autograder.course.figures.gradients import draw_graph, draw_recorded, draw_slope
from autograder.course.figures.labels import show_label
from autograder.course.figures.layers import draw_layer, draw_operations, draw_shapes, draw_signal
from autograder.course.figures.loss_shapes import (
    show_focal,
    show_huber,
    show_outlier,
    show_squared_or_entropy,
    show_triplet,
)
from autograder.course.figures.losses import (
    draw_alignments,
    draw_loss_surface,
    draw_matches,
    draw_residuals,
    draw_simplex,
    draw_street,
    draw_triplet,
)
from autograder.course.figures.momentum import show_momentum_plane, show_ravine
from autograder.course.figures.moving import move
from autograder.course.figures.pictures import draw_confusion, draw_pictures
from autograder.course.figures.rates import show_bias_correction, show_range_test, show_schedule
from autograder.course.figures.scores import show_sigmoid_slope, show_temperature, show_threshold
from autograder.course.figures.style import LINES, use_style
from autograder.course.figures.tensors import (
    draw_bars,
    draw_boxes,
    draw_broadcast,
    draw_numbers,
    draw_product,
    draw_reductions,
    draw_shares,
    draw_signed,
)
from autograder.course.figures.units import show_dead_units, show_folded_plane, show_scale_by_depth
from autograder.course.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "GREY",
    "LINES",
    "ORANGE",
    "PURPLE",
    "RED",
    "SKY",
    "draw_activation",
    "draw_alignments",
    "draw_bars",
    "draw_boundary",
    "draw_boxes",
    "draw_broadcast",
    "draw_confusion",
    "draw_descent",
    "draw_descents",
    "draw_graph",
    "draw_histogram",
    "draw_layer",
    "draw_loss_surface",
    "draw_matches",
    "draw_numbers",
    "draw_operations",
    "draw_pictures",
    "draw_product",
    "draw_race",
    "draw_rates",
    "draw_recorded",
    "draw_reductions",
    "draw_residuals",
    "draw_shapes",
    "draw_shares",
    "draw_sheet",
    "draw_signal",
    "draw_signed",
    "draw_simplex",
    "draw_slope",
    "draw_street",
    "draw_trajectory",
    "draw_triplet",
    "draw_walk",
    "move",
    "show_backward_steps",
    "show_batch_noise",
    "show_bias_correction",
    "show_bowl",
    "show_dead_units",
    "show_focal",
    "show_folded_plane",
    "show_huber",
    "show_label",
    "show_momentum_plane",
    "show_outlier",
    "show_range_test",
    "show_ravine",
    "show_scale_by_depth",
    "show_schedule",
    "show_sigmoid_slope",
    "show_squared_or_entropy",
    "show_step_size",
    "show_temperature",
    "show_threshold",
    "show_triplet",
    "use_style",
]
