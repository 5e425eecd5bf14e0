"""Where an alert goes: e-mail, a command of the operator's, or, when neither is set, whoever reads the output."""

import json
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.mail import EmailMessage, get_connection
from django.db import connections

from liveness.app_settings import app_settings

# Seconds that the command may take, a mail in all, and each answer of a mail server for which EMAIL_TIMEOUT is not set.
# A mail that was given up may have been delivered and is sent again, so it has the longer time.
COMMAND_TIMEOUT = 30.0
EMAIL_DEADLINE = 60.0
EMAIL_TIMEOUT = 10.0
# Longer subjects are cut by mail programs, or refused by servers (RFC 5322, section 2.1.1).
SUBJECT_LENGTH = 200
# What the command sees of the environment; the rest of it holds keys.
ENVIRONMENT = ("PATH", "HOME", "LANG", "TZ")
OUTPUT = "output"
EMAIL_THREAD = "alert e-mail"


@dataclass(frozen=True)
class Message:
    """`facts` is the same as the text, for programs. The subject is one line, whatever the portal is called."""

    subject: str
    text: str
    facts: dict[str, Any]

    def __post_init__(self) -> None:
        printable = "".join(letter if letter.isprintable() else " " for letter in self.subject)
        object.__setattr__(self, "subject", " ".join(printable.split())[:SUBJECT_LENGTH])

    @property
    def as_json(self) -> str:
        return json.dumps({"subject": self.subject, "text": self.text, **self.facts})


class NotifierError(Exception):
    """The message was not delivered. The text says what to look at, and quotes nothing that was sent or answered."""


@dataclass(frozen=True)
class Notifier:
    name: str
    send: Callable[[Message], None]


def configured() -> list[Notifier]:
    """The hooks of the settings. Without any it is OUTPUT, whose message the caller prints."""
    hooks = []
    if app_settings.ALERT_EMAILS:
        hooks.append(Notifier("email", send_email))
    if app_settings.ALERT_COMMAND:
        hooks.append(Notifier("command", run_command))
    return hooks or [Notifier(OUTPUT, lambda message: None)]


def send_email(message: Message) -> None:
    """Raises HookError, after EMAIL_DEADLINE at the latest: a server that goes on answering slowly never times out."""
    failure: list[str] = []
    sending = threading.Thread(target=_send_email, args=(message, failure), name=EMAIL_THREAD, daemon=True)
    if any(thread.name == EMAIL_THREAD for thread in threading.enumerate()):
        raise NotifierError("the mail server still holds the last message; see the EMAIL settings")
    sending.start()
    sending.join(EMAIL_DEADLINE)
    if sending.is_alive():
        raise NotifierError(f"the mail took longer than {EMAIL_DEADLINE:.0f} s; see the EMAIL settings")
    if failure:
        raise NotifierError(f"the mail was not sent ({failure[0]}); see the EMAIL settings")


def _send_email(message: Message, failure: list[str]) -> None:
    try:
        connection: Any = get_connection()
        if getattr(connection, "timeout", EMAIL_TIMEOUT) is None:
            connection.timeout = EMAIL_TIMEOUT
        EmailMessage(message.subject, message.text, to=app_settings.ALERT_EMAILS, connection=connection).send()
    except Exception as problem:
        # Each of the mail backends that a host may choose has errors of its own.
        failure.append(type(problem).__name__)
    finally:
        # A backend may keep its mails in the database, and this thread had connections of its own.
        connections.close_all()


def run_command(message: Message) -> None:
    """Give the message, as JSON, to the command's standard input. Raises HookError unless it exits with 0 in time."""
    try:
        code = _exit_code(shlex.split(app_settings.ALERT_COMMAND), message.as_json.encode())
    except subprocess.TimeoutExpired:
        raise NotifierError(f"LIVENESS_ALERT_COMMAND took longer than {COMMAND_TIMEOUT:.0f} s") from None
    except (OSError, ValueError) as problem:
        raise NotifierError(f"LIVENESS_ALERT_COMMAND cannot be run ({type(problem).__name__})") from None
    if code:
        raise NotifierError(f"LIVENESS_ALERT_COMMAND exited with {code}")


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
