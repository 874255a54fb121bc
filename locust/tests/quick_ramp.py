"""Phase 1 with shorter holds than a person would want, so that a whole ramp fits into a test."""

from pulso import ramp

ramp.SETTLE, ramp.WINDOW, ramp.LONGEST = 1, 3, 5

from trafico_entrada import *  # noqa: E402, F403 - Locust takes what it finds here
