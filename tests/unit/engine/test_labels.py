from __future__ import annotations

from pathlib import Path

from hookserver.engine.labels import APP, DEPLOY, NAME, ROLE, STATE_DIR, label_filter, label_set, of_ours


def test_label_set_names_the_installation_the_role_and_the_app() -> None:
    assert label_set(Path("/var/lib/hookserver"), "build", "shop", deploy=7) == {
        "hookserver.state_dir": "/var/lib/hookserver",
        "hookserver.role": "build",
        "hookserver.app": "shop",
        "hookserver.deploy": "7",
    }


def test_label_set_without_an_app_has_no_app_label() -> None:
    assert label_set(Path("/x"), "network") == {STATE_DIR: "/x", ROLE: "network"}


def test_container_is_ours_when_its_label_is_its_name() -> None:
    ours = {"Id": "1", "Names": ["/other/link", "/hs-shop-blue-1"], "Labels": {NAME: "hs-shop-blue-1"}}
    inherits = {"Id": "2", "Names": ["/busy_cray"], "Labels": {NAME: "hs-shop-blue-1"}}
    assert of_ours([ours, inherits, {"Names": ["/database"], "Labels": {}}, {"Names": None, "Labels": None}]) == [ours]


def test_label_filter_leaves_out_labels_that_are_none() -> None:
    assert label_filter({APP: "shop", DEPLOY: None, ROLE: "replica"}) == {
        "label": ["hookserver.app=shop", "hookserver.role=replica"]
    }
