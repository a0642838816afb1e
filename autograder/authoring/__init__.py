"""Write chapters: authored text in; source, release and solutions out.

`authored` reads the text and the answers beside it, `build` makes everything from it, `trials` tries each answer in a fork on the way, and
`freshness` tells what doesn't need to be made again. `tryout` shows an author what answers get, `accuracy` grades all of them as submissions,
`measured` keeps the results where all was well, `mutants` tries what is one of the `steps` away from a solution, and `steadiness` runs the
solutions with other arithmetic. `glossary` links its terms, `reference` makes the pages of `course.catalog`, `whole` builds all of it.
"""
