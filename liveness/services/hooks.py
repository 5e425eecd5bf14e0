"""Where an alarm goes: e-mail, a command of the operator's, or, when neither is set, whoever reads the output."""

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.mail import EmailMessage

from liveness.app_settings import app_settings

# Seconds that the command may take.
COMMAND_TIMEOUT = 30.0
# What the command sees of the environment; the rest of it holds keys.
ENVIRONMENT = ("PATH", "HOME", "LANG", "TZ")
OUTPUT = "output"


@dataclass(frozen=True)
class Message:
    """`facts` is the same as the text, for programs."""

    subject: str
    text: str
    facts: dict[str, Any]

    @property
    def as_json(self) -> str:
        return json.dumps({"subject": self.subject, "text": self.text, **self.facts})


class HookError(Exception):
    """The message was not delivered. The text says what to look at, and quotes nothing that was sent or answered."""


@dataclass(frozen=True)
class Hook:
    name: str
    send: Callable[[Message], None]


def configured() -> list[Hook]:
    """The hooks of the settings. Without any it is OUTPUT, whose message the caller prints."""
    hooks = []
    if app_settings.ALARM_EMAILS:
        hooks.append(Hook("email", send_email))
    if app_settings.ALARM_COMMAND:
        hooks.append(Hook("command", run_command))
    return hooks or [Hook(OUTPUT, lambda message: None)]


def send_email(message: Message) -> None:
    """Raises HookError. The server and its time-out are Django's EMAIL settings."""
    try:
        EmailMessage(message.subject, message.text, to=app_settings.ALARM_EMAILS).send()
    except Exception as problem:
        # Each of the mail backends that a host may choose has errors of its own.
        raise HookError(f"the mail was not sent ({type(problem).__name__}); see the EMAIL settings") from None


def run_command(message: Message) -> None:
    """Give the message, as JSON, to the command's standard input. Raises HookError unless it exits with 0 in time."""
    try:
        code = _exit_code(shlex.split(app_settings.ALARM_COMMAND), message.as_json.encode())
    except subprocess.TimeoutExpired:
        raise HookError(f"LIVENESS_ALARM_COMMAND took longer than {COMMAND_TIMEOUT:.0f} s") from None
    except (OSError, ValueError) as problem:
        raise HookError(f"LIVENESS_ALARM_COMMAND cannot be run ({type(problem).__name__})") from None
    if code:
        raise HookError(f"LIVENESS_ALARM_COMMAND exited with {code}")


def _exit_code(command: list[str], text: bytes) -> int:
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        process_group=0,
    ) as process:
        try:
            process.communicate(text, timeout=COMMAND_TIMEOUT)
        except subprocess.TimeoutExpired:
            # With all that it started, or each run would leave another one hanging.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode
