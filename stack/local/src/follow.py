"""Runs the emulator for as long as the program that started it.

Standard input is a pipe that nobody writes to. It ends when the program at its other end does, however that ends, and
then the emulator and the functions it started, which share its process group, end too.
"""

import os
import signal
import threading

from ministack.app import main


def follow():
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=follow, daemon=True).start()
main()
