"""Pages of HTML that a person opens: each one file with everything in it, and nothing from outside.

They hold what was computed; they compute no score of their own.
"""
