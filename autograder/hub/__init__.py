"""A hub for one course on one machine: JupyterHub with a Linux account for each person.

`settings` reads `hub/hub.toml` and says what is wrong in it. `machine` looks at the machine, and `preparing` makes what is missing: accounts,
folders, what Jupyter and nbgrader read. `releases` hands out chapters. `starting` runs JupyterHub with `hub/jupyterhub_config.py`.
"""
