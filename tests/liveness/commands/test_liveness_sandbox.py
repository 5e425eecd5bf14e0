"""`liveness_sandbox` as a developer runs it."""

import json
import signal


class TestSandbox:
    def test_it_prints_how_to_use_it_and_stops_on_a_signal(self, portal):
        process = portal.start("liveness_sandbox", "--port", "0", "--json")
        facts = json.loads(process.stdout.readline())
        assert facts["LIVENESS_ENDPOINT"].startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, "")

    def test_a_busy_port_is_exit_2(self, portal):
        done = portal.run("liveness_sandbox", "--port", str(portal.sandbox.port))
        assert done.code == 2
        assert str(portal.sandbox.port) in done.err
