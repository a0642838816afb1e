"""The colors of the course's figures and reports."""

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#AA4499",
    "#56B4E9",
    "#222222",
    "#8A8A8A",
)
"""Colors that color-blind readers can tell apart (after Okabe and Ito, 2008)."""
