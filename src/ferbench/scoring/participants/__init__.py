"""What participants say one by one.

``macro``: means over participants. ``own_chance``: who is above chance alone. ``detectable``: how
large an effect these participants would show. ``learned``: thresholds chosen on others, or on
other data of the same participant. ``people``: all of it for one run.
"""
