"""Classes in sessions, found in Java sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import inspect_project
from hookserver.project.folder import Folder
from hookserver.project.sessions.classes import find_unserializable
from tests.unit.project.trees import plant, pom, servlet

CART_SERVLET = servlet(
    "javax", inside='void x() { Cart c = new Cart(); request.getSession().setAttribute("cart", c); }'
)


DISTRIBUTABLE = "<web-app><distributable/></web-app>"


def session_advice(tmp_path: Path, cart: str, web_xml: str = DISTRIBUTABLE) -> tuple[str, str]:
    files = {
        "pom.xml": pom(""),
        "src/main/java/shop/CartServlet.java": CART_SERVLET,
        "src/main/java/shop/Cart.java": cart,
        "src/main/java/shop/Base.java": "abstract class Base implements java.io.Serializable { }",
        "src/main/webapp/WEB-INF/web.xml": web_xml,
    }
    found = next(caution for caution in inspect_project(plant(tmp_path, files)).cautions if caution.topic == "release")
    return found.advised, found.text


@pytest.mark.parametrize(
    "cart",
    [
        "public final class Cart implements Serializable { }",
        "public class Cart extends Base { }",
        "public class Cart extends lib.Elsewhere { }",
        "public record Cart(int n) implements java.io.Serializable { }",
    ],
)
def test_replicated_is_advised_if_all_classes_are_serializable(tmp_path: Path, cart: str) -> None:
    advised, text = session_advice(tmp_path, cart)
    assert advised == "replicated"
    assert "<distributable/>" in text


@pytest.mark.parametrize("cart", ["public class Cart { }", "record Cart(int n) implements Comparable<Cart> { }"])
def test_unserializable_class_in_a_session_is_named(tmp_path: Path, cart: str) -> None:
    advised, text = session_advice(tmp_path, cart)
    assert advised == "sticky"
    assert "Cart (put there by src/main/java/shop/CartServlet.java)" in text


def test_sticky_is_advised_without_distributable(tmp_path: Path) -> None:
    advised, text = session_advice(tmp_path, "class Cart implements Serializable { }", "<web-app/>")
    assert advised == "sticky"
    assert "<distributable/> in src/main/webapp/WEB-INF/web.xml" in text


def test_object_made_in_the_call_is_found(tmp_path: Path) -> None:
    files = {
        "A.java": 'class A { void x() { session.setAttribute("cart", new shop.Cart()); } }',
        "shop/Cart.java": "class Cart {}",
    }
    assert find_unserializable(Folder(plant(tmp_path, files))) == ("Cart (put there by A.java)",)


def test_bean_of_a_page_is_found(tmp_path: Path) -> None:
    files = {"a.jsp": '<jsp:useBean id="c" scope="session" class="shop.Cart"/>', "shop/Cart.java": "class Cart {}"}
    assert find_unserializable(Folder(plant(tmp_path, files))) == ("Cart (put there by a.jsp)",)


def test_interface_that_extends_serializable_counts(tmp_path: Path) -> None:
    files = {
        "A.java": 'class A { void x() { session.setAttribute("cart", new Cart()); } }',
        "shop/Cart.java": "class Cart implements Stored {}",
        "shop/Stored.java": "interface Stored extends Comparable<Stored>, java.io.Serializable {}",
    }
    assert find_unserializable(Folder(plant(tmp_path, files))) == ()
