"""A chapter over time: when it is due, who is late, and what comes in until then."""
