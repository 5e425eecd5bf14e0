"""Who acts: people by key, parts of the system by name."""

import hashlib
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

# A longer key of the host's user model is hashed, so that every actor fits its column of 80 characters.
LONGEST_KEY = 64


@dataclass(frozen=True)
class Actor:
    """Who acts: a user by key, or a part of the system by name. Names of people stay out of the chain."""

    name: str

    @classmethod
    def user(cls, person: AbstractBaseUser | AnonymousUser) -> "Actor":
        if not person.is_authenticated:
            return cls("anonymous")
        key = str(person.pk)
        return cls(f"user:{key if len(key) <= LONGEST_KEY else _digest(key)}")

    @classmethod
    def system(cls, part: str) -> "Actor":
        return cls(f"system:{part}")


def _digest(key: str) -> str:
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()
