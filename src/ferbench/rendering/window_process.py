"""The process of a window: OpenCV without PyAV, and without ferbench's other rooms.

It is sent the shape of a picture and then its bytes, RGB, and sends the codes of keys.
"""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import Connection
from typing import Final

OPEN: Final = "open"
"""Is sent when the window is there."""
CLOSED: Final = -1
"""Is sent when its user closed it."""
_POLL_MS: Final = 5


def serve(connection: Connection, title: str) -> None:
    """Show what comes until the window or the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who sends the pictures
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - Qt's warnings of fonts and displays
        os.dup2(nowhere.fileno(), 2)
    import cv2
    import numpy as np

    flags = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
    cv2.namedWindow(title, flags)
    cv2.waitKey(1)
    connection.send(OPEN)
    size_xy = (0, 0)
    try:
        while True:
            picture = None
            while connection.poll():  # of pictures that wait, the last counts
                shape = connection.recv()
                picture = np.frombuffer(connection.recv_bytes(), np.uint8).reshape(shape)
            if picture is not None:
                if picture.shape[1::-1] != size_xy:
                    size_xy = picture.shape[1], picture.shape[0]
                    cv2.resizeWindow(title, *size_xy)
                cv2.imshow(title, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
            code = cv2.waitKeyEx(_POLL_MS)
            if cv2.getWindowProperty(title, cv2.WND_PROP_VISIBLE) < 1:
                connection.send(CLOSED)
                return
            if code >= 0:
                connection.send(code)
    except (EOFError, OSError):
        return
