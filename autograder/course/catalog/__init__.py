"""The reference pages' contents: activations, losses, optimizers and schedules, each with a formula in words, in LaTeX and in code, and a picture.

`entry` says what an entry has, `svg` writes its picture, the files of `*_formulas` have the code, and the others the words. Nothing here
writes a file: `authoring.reference` makes the pages.
"""
