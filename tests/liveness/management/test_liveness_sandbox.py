"""`liveness_sandbox` as a developer runs it."""

import json
import signal
import socket
import threading

import pytest

from tests.served import free_port


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

    def test_it_issues_a_token_of_the_sandbox_that_runs(self, portal):
        port = str(portal.sandbox.port)
        done = portal.run("liveness_sandbox", "--issue", "pass_amara", "--finishes-after", "0", "--port", port)
        assert (done.code, done.err) == (0, "")
        token = done.out.strip()
        portal.run("liveness_register", token, "--subject", "subject-1", "--finished")
        assert portal.run("liveness_refresh", "--json").json["passed"] == 1
        done = portal.run("liveness_sandbox", "--issue", "mask", "--port", port, "--json")
        assert list(done.json) == ["SdkToken"]

    def test_it_says_which_people_there_are(self, portal):
        done = portal.run("liveness_sandbox", "--issue", "nobody", "--port", str(portal.sandbox.port))
        assert done.code == 2
        assert "choose one of pass_amara, pass_mei" in done.err
        assert "pass_amara, pass_mei" in " ".join(portal.run("liveness_sandbox", "--help").out.split())

    def test_without_a_sandbox_on_that_port_it_says_how_to_start_one(self, portal):
        port = free_port()
        done = portal.run("liveness_sandbox", "--issue", "pass_amara", "--port", str(port))
        assert done.code == 2
        assert f"manage.py liveness_sandbox --port {port}" in done.err
        assert "Traceback" not in done.err

    @pytest.mark.parametrize(
        "answer", [b"HTTP/1.1 200 OK\r\n\r\n<html>", b"HTTP/1.1 200 OK\r\n\r\n[1]", b"\x00\xff\r\n"]
    )
    def test_another_server_on_that_port_is_no_sandbox(self, portal, answer):
        with socket.create_server(("127.0.0.1", 0)) as other:
            threading.Thread(target=reply, args=(other, answer), daemon=True).start()
            port = str(other.getsockname()[1])
            done = portal.run("liveness_sandbox", "--issue", "pass_amara", "--port", port)
        assert done.code == 2
        assert f"What answers on port {port} is no sandbox." in done.err

    @pytest.mark.parametrize("port", ["70000", "-1", "nine"])
    def test_what_is_no_port_is_exit_2(self, portal, port):
        done = portal.run("liveness_sandbox", f"--port={port}")
        assert done.code == 2
        assert f"{port!r} is no port" in done.err


def reply(server, answer):
    connection, _ = server.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(answer)
