"""Where the tests of this process keep what they make; it goes with the process."""

import tempfile

DIRECTORY = tempfile.TemporaryDirectory(prefix="liveness-tests-")
