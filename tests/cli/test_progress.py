"""Progress and interrupt: silent without a terminal, a flag on the first Ctrl-C."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading

import pytest

from simk8s.cli.interrupt import interruptible
from simk8s.cli.progress import Rate, bar, words

HOUR = 3_600_000_000


def test_it_is_silent_without_a_terminal(capfd):
    with bar("x", HOUR) as probe:
        probe.on_instant(5)
    assert probe.now_us == 5
    assert capfd.readouterr() == ("", "")


def test_it_draws_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with bar("demo", HOUR) as probe:
        probe.on_instant(HOUR // 2)
    assert "demo" in screen.getvalue()
    assert "30m of 1h" in screen.getvalue()


def test_the_words():
    assert words(0, HOUR, None) == "0 of 1h"
    assert words(3 * HOUR + 61_000_001, 24 * HOUR, None) == "3h1m of 1d"
    assert words(HOUR // 2, HOUR, 900.0) == "30m of 1h · 900 s/s · 2s left"


def test_the_rate_is_that_of_the_last_moments():
    rate = Rate(100.0)
    assert rate.update(100.0, 0) is None
    assert rate.update(101.0, 0) is None
    assert rate.update(102.0, HOUR) == pytest.approx(1800)
    for second in range(200):
        speed = rate.update(103.0 + second, HOUR + second * 1_000_000)
    assert speed == pytest.approx(1.0)


def test_the_first_interrupt_sets_a_flag_and_the_second_raises():
    before = signal.getsignal(signal.SIGINT)
    with interruptible() as asked:
        assert not asked.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        assert asked.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_off_the_main_thread_there_is_only_the_flag():
    found = []

    def work():
        with interruptible() as asked:
            found.append(asked.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]
