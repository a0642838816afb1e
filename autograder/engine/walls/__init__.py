"""The walls around a student's process: built by the kernel, from within a fork, and tried before they are trusted.

A function and limits in, a guarded process out (`isolation`); `doctor` tells whether they work on this system, and what to do if they don't.
"""
