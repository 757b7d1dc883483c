from __future__ import annotations

from collections.abc import Iterator

from hookserver.containers.logs import last_lines, messages
from hookserver.engine.client import Engine
from hookserver.models import Replica, Slot


class DockerApi:
    """Docker's client: one log for every container; remembers since when it was read."""

    since: object = None

    def logs(self, _container: str, *, since: int = 0, tail: int = 0, **_options: bool) -> bytes | Iterator[bytes]:
        self.since = since
        log = b"INFO up\n1.1.26 WARNING [hookserver] 3 sessions were not read\n"
        return log if tail else iter([log[:30], log[30:]])


def engine(api: DockerApi) -> Engine:
    made = Engine("unix:///no/docker.sock")
    vars(made)["api"] = api
    return made


def test_messages_have_the_name_of_their_replica() -> None:
    api = DockerApi()
    replicas = [Replica(f"id{n}", f"hs-shop-blue-{n}", "shop", Slot.BLUE, 7) for n in (1, 2)]
    assert messages(engine(api), replicas, 1800000000.9) == [
        f"hs-shop-blue-{n}: 3 sessions were not read" for n in (1, 2)
    ]
    assert api.since == 1800000000


def test_docker_is_never_asked_for_messages_since_0_which_it_refuses() -> None:
    api = DockerApi()
    messages(engine(api), [Replica("id", "hs-shop-blue-1", "shop", Slot.BLUE, 7)], 0)
    assert api.since == 1


def test_last_lines_are_text() -> None:
    assert last_lines(engine(DockerApi()), "hs-shop-blue-1", 5).startswith("INFO up\n")
