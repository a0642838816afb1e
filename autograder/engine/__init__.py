"""Execute notebooks in forks of a warm process.

A parent that has imported torch, matplotlib and IPython once forks for each notebook, so that none waits for a kernel to start
and none finds traces of another. `shell` runs cells and keeps their outputs as a notebook has them, `parent` forks, watches the time and
goes on where a cell ended its process, `client` is how the rest of the program asks for a run.
"""
