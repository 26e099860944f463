"""Where the page is served, and who can open it."""

from __future__ import annotations

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
LOOPBACK_NAMES = frozenset({LOOPBACK, "localhost", "::1"})


@dataclass(frozen=True)
class Address:
    """Where the page is, and who may open it."""

    host: str = LOOPBACK
    port: int | None = None
    """None takes the first free one from 7860 on."""
    share: bool = False
    auth: tuple[str, str] | None = None
    """A name and a password."""
    framed: bool = False
    """Whether pages of other sites may show this one in a frame."""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK_NAMES and not self.share

    def warnings(self) -> list[str]:
        """What whoever starts the salon should know about who can open it."""
        if self.is_local:
            return []
        everybody = "everybody who has the link" if self.share else f"every machine that reaches {self.host}"
        found = [f"{everybody} can open the salon and use this machine's time"]
        if self.share:
            found.append(
                "the link goes through Gradio's servers, and so does every photo; Gradio fetches a program for it"
            )
        if self.auth is None:
            found.append("nobody is asked for a password: --auth NAME:PASSWORD, or the variable HAIRGAN_APP_AUTH")
        elif not self.share:
            found.append("the page is not encrypted: passwords and photos can be read on the way")
        return found
