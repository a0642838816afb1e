"""What passes between two processes of the engine: frames (`channel`), and values in them (`wire`, `values`).

Values in, bytes out, and back, with every byte of the other side's looked at with suspicion. Knows nothing of cells and checks.
"""
