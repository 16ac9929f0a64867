"""What ferbench does, one verb a file: typed options in, typed result out.

Nothing is printed here.
"""
