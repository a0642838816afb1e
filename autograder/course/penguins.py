"""The penguins of the Palmer archipelago: a small real data set for regression, and for three classes. It ships with the course."""

from __future__ import annotations

import csv
from importlib.resources import files

import torch
from torch import Tensor

SPECIES = ("Adelie", "Chinstrap", "Gentoo")
MEASURES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm")


def load_penguins() -> tuple[Tensor, Tensor, Tensor]:
    """The 342 penguins that were measured: `x` (342, 3), float32: length and depth of the bill and length of a flipper, in millimeters; `mass`
    (342,), float32: the body mass in kilograms; `species` (342,), int64: 0 for Adelie, 1 for Chinstrap, 2 for Gentoo.

    They come sorted by species. Source: K. B. Gorman, T. D. Williams and W. R. Fraser, "Ecological sexual dimorphism and environmental
    variability within a community of Antarctic penguins", PLoS ONE 9(3), 2014, https://doi.org/10.1371/journal.pone.0090081, in the selection
    of A. M. Horst, A. P. Hill and K. B. Gorman, palmerpenguins, 2020, https://doi.org/10.5281/zenodo.3960218, CC0. Two birds without measures are left out.
    """
    with (files("autograder") / "course" / "data" / "penguins.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    x = torch.tensor([[float(row[name]) for name in MEASURES] for row in rows])  # (N, 3)
    mass = torch.tensor([float(row["body_mass_g"]) for row in rows]) / 1000  # (N,)
    species = torch.tensor([SPECIES.index(row["species"]) for row in rows])  # (N,)
    return x, mass, species
