"""The system checks, by topic. `docs/configuration.md` lists their ids."""
