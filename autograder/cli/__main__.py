"""`python -m autograder.cli`: the command where its script isn't on the path."""

import sys

from autograder.cli import main

sys.exit(main())
