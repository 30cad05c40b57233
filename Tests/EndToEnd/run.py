"""Runs the end-to-end tests, one line each: run.py [PART OF A TEST'S NAME]...

Started by scripts/e2e, which finds the programs and cleans up.
"""

import pathlib
import sys
import time
import traceback
import unittest
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from support import world  # noqa: E402


class LineResult(unittest.TestResult):
    """One line for each test, and after it what is wrong."""

    def startTest(self, test):
        super().startTest(test)
        self.problems = []
        self.began = time.monotonic()

    def addError(self, test, err):
        super().addError(test, err)
        self._note(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self._note(subtest, err)

    def stopTest(self, test):
        super().stopTest(test)
        self._tell(test, time.monotonic() - self.began)

    def _note(self, test, err):
        text = "".join(traceback.format_exception(*err)).rstrip()
        case = test._subDescription() if hasattr(test, "_subDescription") else ""
        if isinstance(test, unittest.suite._ErrorHolder):
            # The preparation of a whole class: no test of it has run.
            self.problems = [text]
            self.began = time.monotonic()
            self._tell(test, 0)
            self.testsRun += 1
        else:
            self.problems.append(f"{case}\n{text}" if case else text)

    def _tell(self, test, seconds):
        word = "FAILED" if self.problems else "ok"
        print(f"{word:6} {seconds:6.2f} s  {name(test)}", flush=True)
        for problem in self.problems:
            print("       " + problem.replace("\n", "\n       "), flush=True)
        self.failed = getattr(self, "failed", 0) + bool(self.problems)


def name(test):
    if not hasattr(test, "_testMethodName"):
        return str(test)
    words = test._testMethodName.removeprefix("test_").replace("_", " ")
    return f"{type(test).__name__.removesuffix('Tests')}: {words}"


def every(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from every(test)
        else:
            yield test


def main():
    warnings.simplefilter("ignore")
    loader = unittest.TestLoader()
    found = list(every(loader.discover(str(pathlib.Path(__file__).parent))))
    wanted = [part.lower() for part in sys.argv[1:]]
    chosen = [test for test in found if not wanted or any(part in name(test).lower() for part in wanted)]
    result = LineResult()
    result.failed = 0
    try:
        unittest.TestSuite(chosen).run(result)
    finally:
        world.close()
    # A test that has failed in the preparation of its class is counted once.
    print(f"{result.testsRun - result.failed} passed, {result.failed} failed")
    return 1 if result.failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
